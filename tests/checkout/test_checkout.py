"""The guided check-out against the virtual cabinet: a scripted operator does what a person would do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plc.commands.checkout import check_out
from plc.exits import Exit, ExitError
from plc.image.image_file import ImageFile
from plc.opening import Options
from plc.plant.signals import SIGNALS, Kind
from plc.site import Site, load_site
from tools.demo_app import demo_site
from tools.twin import scenarios
from tools.twin.checkout_operator import ScriptedOperator, VirtualCabinet
from tools.twin.image_terminals import read_wiring

ROOT = Path(__file__).resolve().parents[2]


class Bay:
    """A site, a cabinet and a folder for the protocol."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = demo_site.make(ROOT / "io_map/walda", folder / "site", scenarios.get("winter-day"))
        self.site: Site = load_site(self.path)
        self.image = folder / "image"
        self.cabinet = VirtualCabinet(self.image, self.site)

    def run(self, operator: ScriptedOperator, **more: bool) -> int:
        options = Options(self.path, str(self.image), self.site.pictory_path)
        folder = self.folder / "protocol"
        return check_out(options, self.site, self.cabinet.clock, operator, folder, "A. Person", **more)

    def protocol(self) -> dict:
        return json.loads((self.folder / "protocol/checkout.json").read_text())

    def outputs(self) -> list[bool | float]:
        out, p4_v, p5_v = self.cabinet.terminals.read_outputs()
        return [*(getattr(out, s.name) for s in SIGNALS if s.kind is Kind.DO), p4_v, p5_v]


@pytest.fixture
def bay(tmp_path: Path) -> Iterator[Bay]:
    bay = Bay(tmp_path)
    yield bay
    bay.cabinet.close()


def test_a_good_cabinet_passes_with_every_signal_and_both_proofs(bay: Bay) -> None:
    operator = ScriptedOperator(bay.cabinet)
    code = bay.run(operator)
    data = bay.protocol()
    bad = {key: step["found"] for key, step in data["steps"].items() if step["result"] != "pass"}
    assert bad == {}
    assert (code, data["open"]) == (Exit.OK, [])
    assert data["ok"]
    assert {signal.name for signal in SIGNALS} <= data["steps"].keys()
    assert 1.5 < data["steps"]["k12_proof_m1"]["measured"]["drop_s"] < 3.0
    assert data["steps"]["kill_proof"]["measured"]["drop_s"] < 3.0
    assert not any(bay.outputs())
    page = (bay.folder / "protocol/checkout.html").read_text()
    assert data["head"]["map"] in page
    assert data["head"]["pictory"] in page
    assert "SIMULATION" in page
    assert "A. Person" in page


def test_a_crossed_wire_is_named_with_both_terminals(bay: Bay, tmp_path: Path) -> None:
    text = (bay.path / "wiring.yaml").read_text()
    swapped = text.replace("channel: dio01.DI2\n", "channel: X\n").replace("dio01.DI3\n", "dio01.DI2\n")
    crossed = bay.folder / "crossed.yaml"
    crossed.write_text(swapped.replace("channel: X\n", "channel: dio01.DI3\n"))
    bay.cabinet.close()
    bay.cabinet = VirtualCabinet(bay.image, bay.site, read_wiring(crossed))
    assert bay.run(only(bay, "estop1_ok", "estop2_ok")) == Exit.CHECKOUT_FAILED
    found = bay.protocol()["steps"]["estop1_ok"]
    assert found["result"] == "fail"
    assert "estop2_ok (dio01.DI3, -X1:3)" in found["found"]
    assert "dio01.DI2, -X1:2" in found["found"]


@pytest.mark.parametrize(
    ("fault", "step", "words"),
    [
        ("flow_stuck_open", "p3_on", "antwortet nicht in 20 s"),
        ("flow_stuck_closed", "p3_on", "ist schon 1"),
    ],
)
def test_a_flow_switch_that_proves_nothing_is_found(bay: Bay, fault: str, step: str, words: str) -> None:
    setattr(bay.cabinet.rig.cabinet, fault, True)
    assert bay.run(only(bay, step)) == Exit.CHECKOUT_FAILED
    steps = bay.protocol()["steps"]
    assert steps[step]["result"] == "fail"
    assert words in steps[step]["found"]
    assert steps["flow_ok"]["result"] == "fail", "what was to be proven is not"
    assert steps["m1_enable"]["result"] == "skip", "no contactor closes without proven flow"


def test_a_welded_contactor_is_found_and_the_other_enable_not_tried(bay: Bay) -> None:
    bay.cabinet.rig.cabinet.k10_welded = True
    operator = ScriptedOperator(bay.cabinet)
    assert bay.run(operator) == Exit.CHECKOUT_FAILED
    steps = bay.protocol()["steps"]
    assert "klebt" in steps["m1_enable"]["found"]
    assert steps["m2_enable"]["result"] == "fail"
    assert steps["kill_proof"]["result"] == "skip"
    assert not any(bay.outputs())


def test_the_safety_relay_is_reset_first_and_every_contact_of_its_chain_opens_it(bay: Bay) -> None:
    operator = only(bay, "p3_on", "safety_ok", more={"enable/reset": reset(bay)})
    bay.run(operator)
    steps = bay.protocol()["steps"]
    assert steps["safety_ok"]["result"] == "pass", steps["safety_ok"]["found"]
    moves = ["press", "reset", "press2", "reset2", "trip", "reset3"]
    at = operator.asked.index("enable/reset")
    assert operator.asked[at + 1 : at + 7] == [f"safety_ok/{move}" for move in moves]


def test_an_emergency_stop_that_opens_nothing_is_found(bay: Bay) -> None:
    def pretend(_: object) -> None:
        """The auxiliary contact opens, the contact in the chain is bridged."""

    operator = only(bay, "p3_on", "safety_ok", more={"enable/reset": reset(bay), "safety_ok/press2": pretend})
    bay.run(operator)
    step = bay.protocol()["steps"]["safety_ok"]
    assert (step["result"], "safety_ok/reset2" in operator.asked) == ("fail", False)


@pytest.mark.parametrize("latches", [True, False])
def test_flow_in_the_chain_is_compared_with_what_the_site_says(bay: Bay, latches: bool) -> None:
    bay.cabinet.rig.cabinet.flow_latches = latches
    operator = only(bay, "p3_on", "safety_ok", more={"enable/reset": reset(bay)})
    bay.run(operator)
    step = bay.protocol()["steps"]["safety_ok"]
    assert step["result"] == ("pass" if latches else "fail")
    assert latches or "bleibt 1 ohne Durchfluss" in step["found"]


def test_a_button_pressed_for_a_moment_only_does_not_keep_the_person_waiting(bay: Bay) -> None:
    clock, rig = bay.cabinet.clock, bay.cabinet.rig
    asked: list[int] = []

    def press(_: object) -> None:
        asked.append(clock.turns)
        rig.operator.acknowledge()

    def now(_: object) -> None:
        asked.append(clock.turns)
        rig.cabinet.ack_pb = False

    operator = only(bay, "ack_pb", more={"ack_pb/press": press, "ack_pb/release": now})
    bay.run(operator)
    assert bay.protocol()["steps"]["ack_pb"]["result"] == "pass"
    assert asked[1] - asked[0] < 30


def test_answers_count_in_capitals_too(bay: Bay) -> None:
    bay.run(only(bay, "horn", more={"horn/seen": "P", "estop1_ok/press": "S"}))
    steps = bay.protocol()["steps"]
    assert (steps["horn"]["result"], steps["estop1_ok"]["result"]) == ("pass", "skip")


@pytest.mark.parametrize(
    "text",
    ["[]", '{"steps": {"horn": {"result": "pass"}}}', '{"steps": {"horn": 5}}'],
)
def test_a_damaged_protocol_is_put_aside_with_its_page(bay: Bay, text: str) -> None:
    bay.run(only(bay, "horn"))
    path = bay.folder / "protocol/checkout.json"
    damage = json.loads(text) if text.startswith('{"steps') else None
    path.write_text(text if damage is None else json.dumps({**bay.protocol(), **damage}))
    operator = only(bay, "horn")
    bay.run(operator)
    assert "horn/seen" in operator.asked
    aside = sorted(found.suffix for found in path.parent.glob("checkout-*"))
    assert aside == [".html", ".json"]


def test_quitting_keeps_the_results_and_the_next_start_goes_on_there(bay: Bay) -> None:
    assert bay.run(ScriptedOperator(bay.cabinet, {"cooler_ok/open": "q"})) == Exit.CHECKOUT_FAILED
    first = bay.protocol()
    assert list(first["steps"]) == ["estop1_ok", "estop2_ok", "temp_max_ok"]
    assert "cooler_ok" in first["open"]
    again = only(bay, "cooler_ok")
    bay.run(again)
    assert not any(key.startswith("estop1_ok") for key in again.asked)
    assert bay.protocol()["steps"]["cooler_ok"]["result"] == "pass"
    anew = only(bay, "estop1_ok")
    bay.run(anew, restart=True)
    assert "estop1_ok/press" in anew.asked
    assert len(list((bay.folder / "protocol").glob("checkout-*.json"))) == 1


def test_comments_are_kept_with_the_step(bay: Bay) -> None:
    answers = iter(["c Klemme nachgezogen", "p"])
    operator = only(bay, "horn", more={"horn/seen": lambda question: next(answers)})
    seen = operator.poll

    def poll() -> str | None:
        answer = seen()
        if answer is None and operator.asked[-1] == "horn/seen":
            return next(answers, None)
        return answer

    operator.poll = poll
    bay.run(operator)
    assert bay.protocol()["steps"]["horn"]["comments"] == ["Klemme nachgezogen"]


def test_the_end_in_the_middle_of_a_pulse_leaves_every_output_off(bay: Bay) -> None:
    def die(_: object) -> None:
        assert any(bay.outputs()), "the set point is on while the question stands"
        raise KeyboardInterrupt

    operator = only(bay, "p4_setpoint_pct", more={"p4_setpoint_pct/30": die})
    assert bay.run(operator) == Exit.CHECKOUT_FAILED
    assert not any(bay.outputs())


def test_a_miner_that_answers_keeps_the_contactor_open(bay: Bay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plc.checkout.session.answering", lambda talk, site: ["192.0.2.7:50051"])
    monkeypatch.setattr("plc.checkout.session.NEEDED", ())
    operator = only(bay, "m1_enable", more={"breakers": "off"})
    bay.run(operator)
    step = bay.protocol()["steps"]["m1_enable"]
    assert step["result"] == "fail"
    assert "192.0.2.7" in step["found"]


def test_a_running_controller_keeps_the_check_out_away(bay: Bay) -> None:
    other = ImageFile(str(bay.image))
    assert other.lock()
    with pytest.raises(ExitError) as refused:
        bay.run(ScriptedOperator(bay.cabinet))
    assert refused.value.code is Exit.ANOTHER_INSTANCE
    other.close()


def test_a_changed_map_begins_a_new_protocol(bay: Bay) -> None:
    bay.run(only(bay, "horn"))
    path = bay.path / "wiring.yaml"
    path.write_text(path.read_text() + "\n# moved a wire\n")
    bay.site = load_site(bay.path)
    operator = only(bay, "horn")
    bay.run(operator)
    assert "horn/seen" in operator.asked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_ends_with_all_outputs_off_whatever_ends_it(bay: Bay, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "plc", "checkout", str(bay.path)),
            *("--image", str(bay.image), "--protocol", str(bay.folder / "p")),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    for line in process.stdout:  # the cabinet stands still: the first question waits for ever
        if b"Not-Halt 1" in line or b"estop1_ok" in line:
            break
    process.send_signal(number)
    assert process.wait(20) == Exit.CHECKOUT_FAILED
    assert not any(bay.outputs())
    assert (bay.folder / "p/checkout.json").exists()
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()


def reset(bay: Bay) -> Callable[[object], None]:
    """He presses the lit button of the safety relay."""
    return lambda _: bay.cabinet.rig.operator.press_reset()


def only(bay: Bay, *signals: str, more: dict | None = None) -> ScriptedOperator:
    """An operator who skips everything but these signals."""

    class Picky(ScriptedOperator):
        def ask(self, question) -> None:
            name = question.key.partition("/")[0]
            super().ask(question)
            if name not in signals and question.key not in self.answers:
                self._answer = "s"

        def _act(self, question):
            return super()._act(question) if question.key.partition("/")[0] in signals else "s"

    return Picky(bay.cabinet, more)
