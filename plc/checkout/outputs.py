"""Check of an output: one limited pulse, proved by its input where the map names one, else by a person.

A proof counts only when the input was at rest before the pulse and goes back after it: a flow switch that
sticks closed would otherwise prove every pump.
"""

from __future__ import annotations

from plc.blocks.pump import volts
from plc.checkout import texts
from plc.checkout.bench import Interrupted
from plc.checkout.inputs import Bits
from plc.checkout.instructions import COMPANIONS, FILLED, PULSES
from plc.checkout.talk import Outcome, Result, Talk
from plc.checkout.texts import Words
from plc.image.wiring import ProvedBy, Wire, Wiring

PAUSE_S = 1.0
"""Between two pulses: a valve drive must stand before it is driven the other way."""

POINTS_PCT = (30.0, 80.0)
VOLTS_TOLERANCE = 0.15
SETPOINT_MAX_S = 120.0


def check_output(talk: Talk, wiring: Wiring, wire: Wire) -> Outcome:
    """The whole check of one discrete output that is not an enable."""
    pulse = PULSES[wire.name]
    while True:
        talk.bench.run(PAUSE_S)
        talk.ready(wire.name, pulse.ready)
        proof = wire.proved_by
        if proof is not None:
            return prove(talk, wiring, wire, proof)
        strange = _pulse(talk, wiring, wire, pulse.seconds)
        if strange:
            return Outcome(Result.FAIL, strange)
        if talk.seen(wire.name, pulse.see) == "p":
            return Outcome(Result.PASS, talk.words(texts.SEEN))


def _pulse(talk: Talk, wiring: Wiring, wire: Wire, seconds: float) -> str:
    """The output on for so long, or until the person has seen enough; returns what moved that must not."""
    bits = Bits(talk, wiring)
    on: dict[str, bool | float] = {} if wire.name == "heartbeat" else {wire.name: True}
    end_ns = talk.bench.clock.now_ns() + round(seconds * 1e9)
    with talk.bench.energised(**on):
        while talk.bench.clock.now_ns() < end_ns:
            talk.bench.cycle()
            bits.step()
            left_s = max(0.0, (end_ns - talk.bench.clock.now_ns()) / 1e9)
            talk.terminal.live(f"{wire.name} = 1  {left_s:.0f} s")
            if talk.terminal.poll() is not None:
                break
        moved = bits.moved(frozenset())
    if not moved:
        return ""
    others = ", ".join(bits.place(name) for name in moved)
    return talk.words(texts.MOVES_WITH_OUTPUT.of(name=wire.name, others=others))


def prove(talk: Talk, wiring: Wiring, wire: Wire, proof: ProvedBy) -> Outcome:
    """Output on until its input answers, at most the time of the map; off; the input must go back."""
    bench = talk.bench
    place = wiring.signals[proof.signal]
    where = f"{proof.signal} ({place.channel}, {place.terminal})"

    def answered() -> bool:
        return bool(getattr(bench.inputs, proof.signal))

    if answered():
        return talk.failed(texts.ALREADY_ONE.of(where=where, name=wire.name))
    bits = Bits(talk, wiring)
    companions = COMPANIONS.get(proof.signal, frozenset()) | {proof.signal}

    def watch(_: object) -> bool:
        bits.step()
        return answered() or bool(bits.moved(companions))

    with bench.energised(**{wire.name: True}):
        took_s = bench.until(watch, proof.within_s)
    strange = [] if answered() else bits.moved(companions)
    if strange:
        others = ", ".join(bits.place(name) for name in strange)
        return talk.failed(texts.ANSWERS_INSTEAD.of(where=where, others=others))
    if took_s is None:
        relay = wire.relay or wire.device
        return talk.failed(texts.NOT_IN_TIME.of(where=where, seconds=proof.within_s, relay=relay))
    return _gone_again(talk, where, proof, took_s)


def _gone_again(talk: Talk, where: str, proof: ProvedBy, took_s: float) -> Outcome:
    back_s = talk.bench.until(lambda inputs: not getattr(inputs, proof.signal), proof.within_s)
    measured = {"on_s": round(took_s, 2)}
    if back_s is None:
        return talk.failed(texts.NOT_BACK.of(where=where), measured)
    measured["off_s"] = round(back_s, 2)
    found = texts.PROVED.of(where=where, on_s=took_s, off_s=back_s)
    return Outcome(Result.PASS, talk.words(found), measured)


def check_setpoint(talk: Talk, wire: Wire) -> Outcome:
    """0-10 V at two points of the pump's curve, measured at the terminals by the person."""
    talk.ready(wire.name, FILLED)
    measured: dict[str, float] = {}
    for percent in POINTS_PCT:
        wanted = volts(percent, wire.curve)
        text = texts.VOLTS_AT.of(name=wire.name, percent=percent, terminal=wire.terminal, volts=wanted)
        over_ns = talk.bench.clock.now_ns() + round(SETPOINT_MAX_S * 1e9)

        def too_long(_: object, over_ns: int = over_ns) -> Words | None:
            return texts.NOBODY_ANSWERED if talk.bench.clock.now_ns() > over_ns else None

        with talk.bench.energised(too_long, **{wire.name: percent}):
            found_v = number(talk, f"{wire.name}/{percent:g}", talk.words(text), "V")
        measured[f"at_{percent:g}_pct_v"] = found_v
        if abs(found_v - wanted) > VOLTS_TOLERANCE:
            return talk.failed(texts.WRONG_VOLTS.of(found=found_v, volts=wanted, percent=percent), measured)
    return Outcome(Result.PASS, ", ".join(f"{value:g} V" for value in measured.values()), measured)


def number(talk: Talk, key: str, text: str, unit: str, *, live: str = "") -> float:
    """A figure that the person reads from an instrument; comma or point. live: signal to show meanwhile."""

    def show() -> str:
        if not live:
            return ""
        reading = getattr(talk.bench.inputs, live)
        value = "-" if reading.value is None else f"{reading.value:.1f} {unit}"
        return f"{live} = {value} ({reading.quality.name.lower()})"

    answer = talk.ask(key, text, f"{unit}, f/s/c/q", lambda text: parse(text) is not None, show=show)
    value = parse(answer)
    if value is None:
        raise Interrupted(texts.NO_FIGURE)
    return value


def parse(text: str) -> float | None:
    """A number as people type it; None for anything else, NaN and infinity included."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) < 1e6 else None
