"""The person at the virtual cabinet during a check-out, and the clock that moves the cabinet.

The operator does what the question asks, at the rig, and answers what he sees there. He does not know the
wiring: a crossed wire is as invisible to him as to a person in front of the real terminals.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from plc.blocks.core import NS_PER_S, ns
from plc.blocks.pump import volts
from plc.checkout.dialog import Question
from plc.image.wiring import Wiring
from plc.plant.interface import WallTime
from plc.scan.clock import Turn
from plc.site import Site
from tools.twin import scenarios
from tools.twin.image_terminals import ImageTerminals
from tools.twin.rig import Rig
from tools.twin.scenario import Event

GIVE_UP_TURNS = 600
"""A person gives up after a minute of looking at a bit that does not move."""

READING_TURNS = 150
"""He waits until the figure on the screen stands still."""


class RigClock:
    """Every turn moves the rig by one period. With `wall` set it also takes the time that it says."""

    def __init__(self, rig: Rig, terminals: ImageTerminals, period_s: float) -> None:
        self.rig, self.terminals = rig, terminals
        self.period_ns = ns(period_s)
        self.period_s = period_s
        self.wall_time = False
        self.calibrators: dict[str, float] = {}
        self.turns = 0
        self._now_ns = NS_PER_S

    def now_ns(self) -> int:
        return self._now_ns

    def wall(self) -> WallTime:
        return self.rig.wall()

    def slack_ns(self) -> int:
        return 0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)

    def next_turn(self) -> Turn:
        if self.wall_time:
            time.sleep(self.period_s)
        out, p4_v, p5_v = self.terminals.read_outputs()
        self.rig.step(self.period_s, out, p4_v, p5_v)
        self.turns += 1
        for name, degc in self.calibrators.items():
            self.rig.model.sensors[name].value_degc = degc
        self.terminals.write_inputs(self.rig, self.turns)
        self._now_ns += self.period_ns
        return Turn(self._now_ns, 0, 0)


class VirtualCabinet:
    """Rig behind a process image in a file. wiring: how it is really wired, mistakes included."""

    def __init__(self, image: Path, site: Site, wiring: Wiring | None = None) -> None:
        self.terminals = ImageTerminals(image, site.pictory_path, wiring or site.wiring)
        self.rig = Rig(scenarios.get("winter-day"))
        self.rig.operator.turn_key("maint")
        self.rig.operator.resets = False
        self.clock = RigClock(self.rig, self.terminals, site.parameters.scan.period_ms / 1000.0)
        self.site = site

    def close(self) -> None:
        self.terminals.close()


MOVES: dict[str, tuple[str, object]] = {
    "safety_ok/press": ("estop1", True),
    "safety_ok/press2": ("estop2", True),
    "estop1_ok/press": ("estop1", True),
    "estop1_ok/release": ("estop1", False),
    "estop2_ok/press": ("estop2", True),
    "estop2_ok/release": ("estop2", False),
    "mode_auto/auto": ("key", "auto"),
    "mode_auto/maint": ("key", "maint"),
    "mode_maint/off": ("key", "off"),
    "mode_maint/maint": ("key", "maint"),
    "grid_block/close": ("grid_block", True),
    "grid_block/open": ("grid_block", False),
    "cooler_ok/open": ("cooler_fault", True),
    "cooler_ok/close": ("cooler_fault", False),
    "p4_ssm_ok/open": ("p4_stopped", True),
    "p4_ssm_ok/close": ("p4_stopped", False),
    "p5_ssm_ok/open": ("p5_stopped", True),
    "p5_ssm_ok/close": ("p5_stopped", False),
    "enable/reset": ("reset", True),
}
"""What he does at the rig when he is asked; the answer is the bit."""


class ScriptedOperator:
    """A terminal that answers by itself.

    answers: replaces his own answer to a question, by key; a text, or a function of the question.
    Everything he was told or asked is in `seen`, every question by key in `asked`.
    """

    def __init__(
        self,
        cabinet: VirtualCabinet,
        answers: dict[str, str | Callable[[Question], str | None]] | None = None,
    ) -> None:
        self.cabinet = cabinet
        self.answers = dict(answers or {})
        self.seen: list[str] = []
        self.asked: list[str] = []
        self._answer: str | None = None
        self._asked_turn = 0
        self._patience = 0

    def say(self, text: str) -> None:
        self.seen.append(text)
        if "Reset" in text or "reset" in text:  # the holder of the last proof asks through us
            self.cabinet.rig.operator.press_reset()

    def live(self, text: str) -> None:
        """He looks at the lamps, not at the screen."""

    def ask(self, question: Question) -> None:
        self.seen.append(question.text)
        self.asked.append(question.key)
        self._asked_turn = self.cabinet.clock.turns
        self._patience = 0
        self.cabinet.clock.calibrators.clear()  # the sensor is connected again before the next terminal
        given = self.answers.get(question.key)
        self._answer = (
            given(question) if callable(given) else given if given is not None else self._act(question)
        )

    def poll(self) -> str | None:
        turns = self.cabinet.clock.turns - self._asked_turn
        if self._answer is None and self.asked and turns > GIVE_UP_TURNS:
            self._asked_turn = self.cabinet.clock.turns
            return "f nothing happens"
        if turns < self._patience:
            return None
        answer, self._answer = self._answer, None
        return answer

    def _act(self, question: Question) -> str | None:
        """His hands first, then what he types, if anything."""
        key, rig = question.key, self.cabinet.rig
        signal, _, part = key.partition("/")
        if key in MOVES:
            rig.apply(Event(rig.t_s, *MOVES[key]))
        elif key == "safety_ok/trip":
            rig.cabinet.temp_max_ok = False
        elif key in ("safety_ok/reset", "safety_ok/reset2", "safety_ok/reset3"):
            rig.cabinet.estop1_ok = rig.cabinet.estop2_ok = rig.cabinet.temp_max_ok = True
            rig.operator.press_reset()
        elif signal == "temp_max_ok":
            rig.cabinet.temp_max_ok = part == "release"
        elif signal == "ack_pb":
            if part == "press":
                rig.operator.acknowledge()
        elif key == "breakers":
            return "off"
        elif key == "kill_proof/ready":
            self.cabinet.clock.wall_time = True  # a real process takes part from here on
            return ""
        elif part == "ready":
            return ""
        elif part == "seen":
            return "p"
        elif signal.endswith("_degc"):
            return self._calibrate(signal, 20.0 if part == "first" else 60.0)
        elif signal.endswith("_setpoint_pct"):
            return f"{volts(float(part), self.cabinet.site.wiring.signals[signal].curve):.2f}"
        return None

    def _calibrate(self, name: str, degc: float) -> str:
        """Sets a calibrator at the terminals of the sensor and reads it."""
        self.cabinet.clock.calibrators[name] = degc
        self._patience = READING_TURNS
        return f"{degc:g}"
