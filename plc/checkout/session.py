"""The check-out from the first signal to the last: order, what proves what, what is asked before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plc.checkout import texts
from plc.checkout.analogue import check_analogue
from plc.checkout.bench import Bench, Interrupted, at_maintenance
from plc.checkout.dialog import Terminal
from plc.checkout.enables import (
    ENABLE_MAX_S,
    FEEDBACK,
    answering,
    check_enable,
    circulation,
    deadline,
    flow_in_chain,
)
from plc.checkout.inputs import check_input
from plc.checkout.kill_proof import kill_proof
from plc.checkout.outputs import check_output, check_setpoint
from plc.checkout.protocol import Protocol
from plc.checkout.talk import Outcome, Result, Talk, Verdict
from plc.checkout.texts import Words
from plc.image.modules import TERMINALS
from plc.image.process_image import ProcessImage
from plc.image.wiring import Wire, Wiring
from plc.plant.signals import Kind
from plc.site import Site

CHAIN_MAX_S = 600.0
NEEDED = ("p3_on", "flow_ok", "temp_max_ok", "estop1_ok", "estop2_ok", "safety_ok", "heartbeat", "t_oil_degc")
"""What must have passed before a contactor is closed for the first time."""

PROOFS: dict[str, Words] = {
    "k12_proof_m1": Words("K12 öffnet K10 ohne Lebenszeichen", "K12 opens K10 without heartbeat"),
    "k12_proof_m2": Words("K12 öffnet K11 ohne Lebenszeichen", "K12 opens K11 without heartbeat"),
    "kill_proof": Words("Prozess getötet: Schütze fallen ab", "process killed: contactors drop"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """key: name in the protocol; wire: the terminal it is about, None for a proof of the whole."""

    key: str
    wire: Wire | None


def plan(wiring: Wiring) -> list[Step]:
    """Every step in its order: cabinet first, then what needs other parts proven."""
    positions = {module.name: index for index, module in enumerate(wiring.modules)}
    terminals = list(TERMINALS)

    def place(wire: Wire) -> tuple[int, int, int]:
        assert wire.channel is not None
        channel = wire.channel
        return positions[channel.module], terminals.index(channel.terminal), channel.number

    proved = {wire.proved_by.signal for wire in wiring.wired() if wire.proved_by is not None}
    late = {"safety_ok", *FEEDBACK, *FEEDBACK.values()}
    first = [
        Step(wire.name, wire)
        for wire in sorted((wire for wire in wiring.wired() if wire.present), key=place)
        if wire.name not in late and wire.name not in proved
    ]
    last = [Step(name, wiring.signals[name]) for name in ("safety_ok", *FEEDBACK)]
    return [*first, *last, *(Step(key, None) for key in PROOFS)]


def proves(wiring: Wiring, key: str) -> str:
    """The input that a passed output has proven along the way, "" for none."""
    if key in FEEDBACK:
        return FEEDBACK[key]
    wire = wiring.signals.get(key)
    return wire.proved_by.signal if wire is not None and wire.proved_by is not None else ""


class Session:
    """Runs the steps that have not passed yet. reopen: the image again, locked, for the proof by killing."""

    def __init__(
        self,
        site: Site,
        bench: Bench,
        terminal: Terminal,
        protocol: Protocol,
        *,
        german: bool,
        holder: list[str],
        reopen: Callable[[], ProcessImage],
    ) -> None:
        self.site, self.bench, self.protocol = site, bench, protocol
        self.talk = Talk(bench, terminal, german=german)
        self.steps = plan(site.wiring)
        self._holder, self._reopen = holder, reopen
        self._breakers_off = False

    @property
    def order(self) -> list[str]:
        """Keys of everything that must pass, proven inputs included."""
        keys: list[str] = []
        for step in self.steps:
            keys.append(step.key)
            if proven := proves(self.site.wiring, step.key):
                keys.append(proven)
        return keys

    def run(self) -> None:
        """All open steps, one after the other. Raises Quit when the person wants to stop."""
        for number, step in enumerate(self.steps, start=1):
            if not self.protocol.passed(step.key):
                self._headline(number, step)
                self._record(step, self._one(step))

    def _one(self, step: Step) -> Outcome:
        self.talk.comments.clear()
        try:
            return self._check(step)
        except Verdict as verdict:
            return verdict.outcome
        except Interrupted as error:
            return self.talk.failed(texts.INTERRUPTED.of(cause=error.cause))

    def _check(self, step: Step) -> Outcome:
        wire, wiring = step.wire, self.site.wiring
        if wire is None or step.key in FEEDBACK:
            return self._contactor(step.key)
        if step.key == "safety_ok":
            return self._chain(wire)
        if wire.signal.kind is Kind.DI:
            return check_input(self.talk, wiring, wire)
        if wire.signal.kind is Kind.DO:
            return check_output(self.talk, wiring, wire)
        return (
            check_setpoint(self.talk, wire)
            if wire.signal.kind is Kind.AO
            else check_analogue(self.talk, wire)
        )

    def _chain(self, wire: Wire) -> Outcome:
        """The safety relay, reset with P3 running; then without flow, which is in the chain or is not."""
        if not self.protocol.passed("p3_on"):
            return self._not_yet(["p3_on"])
        parameters = self.site.parameters
        with self.bench.energised(deadline(self.bench, CHAIN_MAX_S)), circulation(self.talk, parameters):
            outcome = check_input(self.talk, self.site.wiring, wire)
        if outcome.result is not Result.PASS:
            return outcome
        return flow_in_chain(self.talk, parameters) or outcome

    def _contactor(self, key: str) -> Outcome:
        """Steps that close a contactor: everything that is asked before, then the one step."""
        needed = [*NEEDED, *(FEEDBACK if key in PROOFS else ())]
        missing = [name for name in needed if not self.protocol.passed(name)]
        if missing:
            return self._not_yet(missing)
        if not self._breakers_off:
            text = self.talk.words(texts.BREAKERS)
            self.talk.ask("breakers", text, "off, f/s/c/q", lambda answer: answer.lower() in ("off", "aus"))
            self._breakers_off = True
        alive = answering(self.talk, self.site)
        if alive:
            self._breakers_off = False
            return self.talk.failed(texts.STILL_ANSWERS.of(who=", ".join(alive)))
        self.talk.ready(key, texts.WILL_CLOSE.of(seconds=ENABLE_MAX_S))
        if key == "kill_proof":
            return kill_proof(self.talk, self._holder, self._reopen)
        if key in PROOFS:
            return check_enable(self.talk, self.site, f"{key[-2:]}_enable", withhold=True)
        return check_enable(self.talk, self.site, key)

    def _not_yet(self, missing: list[str]) -> Outcome:
        return Outcome(Result.SKIP, self.talk.words(texts.ONLY_AFTER.of(names=", ".join(missing))))

    def _headline(self, number: int, step: Step) -> None:
        count = f"[{number}/{len(self.steps)}] {step.key}"
        if step.wire is None:
            self.talk.terminal.say(f"\n{count}: {self.talk.words(PROOFS[step.key])}")
            return
        wire = step.wire
        text = wire.text_de if self.talk.german else wire.text_en
        parts = [f"{wire.device}", f"{wire.terminal}", f"{wire.channel}", f"PiCtory {wire.io_name}"]
        parts += [wire.relay] if wire.relay else []
        parts += [str(wire.contact)] if wire.contact else []
        self.talk.terminal.say(f"\n{count}: {text}\n    {'  '.join(parts)}")
        if wire.note:
            self.talk.terminal.say(f"    {wire.note}")

    def _record(self, step: Step, outcome: Outcome) -> None:
        self.protocol.record(step.key, step.wire, outcome, self.talk.comments)
        if proven := proves(self.site.wiring, step.key):
            how = Outcome(outcome.result, f"{step.key}: {outcome.found}", outcome.measured)
            self.protocol.record(proven, self.site.wiring.signals[proven], how, [])
        self.talk.terminal.say(f"    {self.talk.words(texts.RESULTS[outcome.result])}  {outcome.found}")


def wait_for_maintenance(talk: Talk) -> None:
    """A real cabinet is checked with the key switch at MAINT; says which terminal does not agree."""
    if at_maintenance(talk.bench.inputs):
        return
    text = talk.words(texts.KEY_TO_MAINT)
    talk.ask("maintenance", text, "q", lambda _: False, watch=lambda: at_maintenance(talk.bench.inputs))
