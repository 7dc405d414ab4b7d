"""Check of a discrete input: ask for the action, watch the bit, and every other bit for a crossed wire."""

from __future__ import annotations

from plc.blocks.core import ns
from plc.checkout import texts
from plc.checkout.instructions import COMPANIONS, MOVES, REST, Move
from plc.checkout.talk import Outcome, Result, Talk
from plc.image.wiring import Wire, Wiring
from plc.plant.signals import Kind

SETTLE_S = 0.5
"""An input that has moved for so long has moved; contacts bounce, and key switches pass through 0."""

ALONG_S = 2 * SETTLE_S
"""So long the other bits are looked at after the right one has moved: one that moves along may be slower."""


class Bits:
    """All discrete inputs that are wired, and how long each has been away from where it was at first."""

    def __init__(self, talk: Talk, wiring: Wiring) -> None:
        self._talk = talk
        self._wires = {wire.name: wire for wire in wiring.wired(Kind.DI)}
        self._first = {name: self.of(name) for name in self._wires}
        self._since_ns: dict[str, int] = {}

    def of(self, name: str) -> bool:
        """The bit now."""
        return bool(getattr(self._talk.bench.inputs, name))

    def step(self) -> None:
        """Once per cycle."""
        now_ns = self._talk.bench.clock.now_ns()
        for name, first in self._first.items():
            if self.of(name) == first:
                self._since_ns.pop(name, None)
            else:
                self._since_ns.setdefault(name, now_ns)

    def moved(self, but: frozenset[str]) -> list[str]:
        """Inputs that have moved and stayed so, those in `but` left out."""
        now_ns = self._talk.bench.clock.now_ns()
        return [
            name
            for name, since in self._since_ns.items()
            if name not in but and now_ns - since >= SETTLE_S * 1e9
        ]

    def place(self, name: str) -> str:
        """Where to look for it."""
        wire = self._wires[name]
        return f"{name} ({wire.channel}, {wire.terminal})"


def check_input(talk: Talk, wiring: Wiring, wire: Wire) -> Outcome:
    """The whole check of one input; raises Verdict when the person ends it."""
    name = wire.name
    if name in REST:
        _wait_for_rest(talk, name)
    for move in MOVES[name]:
        crossed = _move(talk, wiring, wire, move)
        if crossed:
            return Outcome(Result.FAIL, crossed)
    return Outcome(Result.PASS, " -> ".join(str(int(bit)) for bit in _course(name)))


def _course(name: str) -> list[bool]:
    rest = [REST[name]] if name in REST else []
    return [*rest, *(move.bit for move in MOVES[name])]


def _wait_for_rest(talk: Talk, name: str) -> None:
    wanted = REST[name]

    def there() -> bool:
        return bool(getattr(talk.bench.inputs, name)) is wanted

    if there():
        return
    text = texts.REST_WANTED.of(name=name, now=int(not wanted), rest=int(wanted))
    talk.ask(f"{name}/rest", talk.words(text), "f/s/c/q", lambda _: False, watch=there)


def _move(talk: Talk, wiring: Wiring, wire: Wire, move: Move) -> str:
    """One action; returns what is wrong, or "" when the bit has followed alone."""
    bits = Bits(talk, wiring)
    companions = COMPANIONS.get(wire.name, frozenset()) | {wire.name}
    strange: list[str] = []

    def watch() -> bool:
        bits.step()
        strange[:] = bits.moved(companions)
        return bool(strange) or bits.of(wire.name) is move.bit

    text = talk.words(texts.EXPECTED.of(what=move.words, name=wire.name, bit=int(move.bit)))
    talk.ask(f"{wire.name}/{move.key}", text, "f/s/c/q", lambda _: False, watch=watch)
    if not strange:  # the bit is where it shall be; who moves with it shows a moment later
        end_ns = talk.bench.clock.now_ns() + ns(ALONG_S)
        while not strange and talk.bench.clock.now_ns() < end_ns and bits.of(wire.name) is move.bit:
            talk.bench.cycle()
            bits.step()
            strange = bits.moved(companions)
    if not strange:
        return ""
    own = bits.of(wire.name) is move.bit
    others = ", ".join(bits.place(name) for name in strange)
    here = f"{wire.channel}, {wire.terminal}"
    if own:
        return talk.words(texts.MOVES_ALONG.of(name=wire.name, others=others))
    return talk.words(texts.CROSSED.of(name=wire.name, where=here, others=others))
