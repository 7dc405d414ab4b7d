"""From the words of one frame to the values of a device: decoding, limits, sums and physics in one place.

Used alike for frames that we asked for and for frames that we overheard. A frame is judged as a whole
(blank, contradicting itself), then value by value, then by the checks; what is refused keeps its last
accepted value and its time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from plc.blocks.core import NS_PER_S, Origin, Quality, Reading
from plc.field.rs485.checks import Liveness, Watch, evaluate
from plc.field.rs485.decode import WordType, decode, decode_split
from plc.field.rs485.devicetype import CheckKind, DerivedSpec, DeviceType, ValueSpec, covers
from plc.field.rs485.freshness import held_after_ns
from plc.field.rs485.options import DeviceOptions
from plc.field.rs485.plausible import Gate, Limits

SUSPECT_BAD_NS = 60 * NS_PER_S  # a suspect value is held this long, then bad
TOGETHER_NS = 2 * NS_PER_S  # values of different blocks are compared only when they are this close
BEARS_OUT_NS = 6 * NS_PER_S  # three polls of a fast block: older values are no witnesses
BLANK_FROM = 4  # registers; fewer may well be equal by chance

Layout = tuple[tuple[str, ValueSpec, tuple[int | None, ...]], ...]
"""Values inside a frame with the places of their words; a far high word may be outside (None)."""


class Values:
    """All values of one device with their past."""

    def __init__(self, kind: DeviceType, options: DeviceOptions, limits: Limits, strings: int) -> None:
        self._kind = kind
        self._options = options
        self._limits = limits
        self._strings = strings
        self._gates = {name: Gate(spec) for name, spec in kind.values.items()}
        self._gates |= {name: Gate(_as_value(spec)) for name, spec in kind.derived.items()}
        self._watches = {name: Watch(spec) for name, spec in kind.checks.items()}
        self._liveness = Liveness()
        self._layouts: dict[tuple[int, int, int], Layout] = {}
        self._accused: dict[tuple[str, str], int] = {}
        self.torn_reads = 0
        self.units: Mapping[str, str] = MappingProxyType(
            {name: spec.unit for name, spec in kind.values.items()}
            | {name: spec.unit for name, spec in kind.derived.items()}
        )
        self.held_ns: Mapping[str, int] = MappingProxyType(_held(kind, options))
        feeds = kind.roles.get(options.role, {})
        self.feeds: Mapping[str, str] = MappingProxyType(
            {target: self.resolve(name) for target, name in feeds.items()}
        )

    def decode(self, function: int, start: int, words: Sequence[int], taken_ns: int) -> dict[str, float]:
        """The plausible values of a frame by name. Nothing is taken yet."""
        fresh: dict[str, float] = {}
        for name, spec, places in self._layout(function, start, len(words)):
            raw = [None if place is None else words[place] for place in places]
            if spec.missing is not None and raw[0] == spec.missing:
                continue
            gate = self._gates[name]
            number = self._number(name, spec, raw)
            value = gate.refuse("no number") if number is None else gate.judge(number, taken_ns, self._limits)
            if value is not None:
                fresh[name] = value
        self._add_sums(fresh, taken_ns)
        for name, value in fresh.items():
            self._gates[name].seen, self._gates[name].seen_ns = value, taken_ns
        return fresh

    def numbers(self, function: int, start: int, words: Sequence[int]) -> dict[str, float]:
        """Every number of a frame without any judgement, for a person who verifies scales."""
        found: dict[str, float] = {}
        for name, spec, places in self._layout(function, start, len(words)):
            number = self._number(name, spec, [None if place is None else words[place] for place in places])
            if number is not None:
                found[name] = number
        for name, derived in self._kind.derived.items():
            parts = derived.sum[: self._strings] if derived.strings else derived.sum
            if all(part in found for part in parts):
                found[name] = math.fsum(found[part] for part in parts)
        return found

    def borne_out(self, function: int, start: int, words: Sequence[int], now_ns: int) -> bool:
        """Whether the other values of the device agree with this frame; nothing of it is taken or counted.

        At least one balance must be judged and none may be broken. A part of a sum that nobody has read yet
        counts as 0: all of it has to be so for the balance to hold.
        """
        numbers = self.numbers(function, start, words)
        for name, derived in self._kind.derived.items():
            if any(part in numbers for part in derived.sum):
                parts = derived.sum[: self._strings] if derived.strings else derived.sum
                found = [numbers.get(part, self.latest(part, {}, now_ns, BEARS_OUT_NS)) for part in parts]
                numbers[name] = math.fsum(value or 0.0 for value in found)

        def value_of(name: str) -> float | None:
            name = self.resolve(name)
            return numbers[name] if name in numbers else self.latest(name, {}, now_ns, BEARS_OUT_NS)

        verdicts = [
            evaluate(spec, value_of)
            for name, spec in self._kind.checks.items()
            if spec.kind is CheckKind.BALANCE and self._acts(name) and numbers.keys() & spec.terms.keys()
        ]
        judged = [verdict.ok for verdict in verdicts if verdict is not None]
        return bool(judged) and all(judged)

    def take(self, fresh: Mapping[str, float], taken_ns: int) -> None:
        """Accepts decoded values except those that the physics between them contradicts."""
        refused = self._refused_by_checks(fresh, taken_ns)
        for name, value in fresh.items():
            if name in refused:
                self._gates[name].refuse("check")
            else:
                self._gates[name].take(value, taken_ns)

    def watch_life(self, function: int, start: int, words: Sequence[int], taken_ns: int) -> None:
        """Looks whether the raw counts that never stand still do so."""
        places = {name: p[0] for name, _, p in self._layout(function, start, len(words))}
        raw = [words[place] for name in self._kind.liveness if (place := places.get(name)) is not None]
        if raw and len(raw) == len(self._kind.liveness):
            self._liveness.judge(raw, taken_ns)

    def latest(
        self, name: str, fresh: Mapping[str, float], now_ns: int, within_ns: int = TOGETHER_NS
    ) -> float | None:
        """A value from this frame, or the last one seen if it is not older than `within_ns`.

        Seen, not accepted: two values that contradict each other would otherwise take turns in being
        missing, and with one of them missing nothing contradicts the other.
        """
        name = self.resolve(name)
        if name in fresh:
            return fresh[name]
        gate = self._gates.get(name)
        if gate is None or gate.seen is None or now_ns - gate.seen_ns > within_ns:
            return None
        return gate.seen

    def accuse(self, why: str, name: str, since_ns: int | None) -> None:
        """A driver distrusts one value since a time, for a reason; None takes this reason back."""
        if since_ns is None:
            self._accused.pop((why, self.resolve(name)), None)
        else:
            self._accused[why, self.resolve(name)] = since_ns

    def resolve(self, name: str) -> str:
        """The value behind a choice of the site (which register is the grid connection)."""
        options = self._kind.choices.get(name)
        if options is None:
            return name
        return options.get(self._options.choose.get(name, ""), next(iter(options.values())))

    @property
    def refused(self) -> int:
        """Values that were refused since start."""
        return sum(gate.refused for gate in self._gates.values())

    def readings(self, now_ns: int, origin: Origin, distrusted_since_ns: int | None) -> Mapping[str, Reading]:
        """Every value that was ever accepted; age is judged by the reader, suspicion here."""
        suspects = self._suspects()
        whole = [s for s in (distrusted_since_ns, self._liveness.frozen_since_ns) if s is not None]
        found: dict[str, Reading] = {}
        for name, gate in self._gates.items():
            if gate.value is None:
                continue
            since = [*whole, suspects[name]] if name in suspects else whole
            quality = Quality.GOOD
            if since:
                quality = Quality.BAD if now_ns - min(since) >= SUSPECT_BAD_NS else Quality.HELD
            found[name] = Reading(gate.value, quality, origin, gate.taken_ns)
        return MappingProxyType(found)

    def messages(self) -> list[str]:
        """What a person should know about the values."""
        texts = []
        if self._liveness.frozen_since_ns is not None:
            texts.append("frozen: the raw voltages have not changed for a minute")
        for name, watch in self._watches.items():
            if watch.suspect_since_ns is not None and watch.last is not None:
                texts.append(f'check "{name}" does not hold, last residual {watch.last.residual:.4g}')
        return texts

    def _number(self, name: str, spec: ValueSpec, raw: Sequence[int | None]) -> float | None:
        scale = spec.scale * self._options.scale.get(spec.group, 1.0)
        if name in self._options.reverse or (spec.group and spec.group in self._options.reverse):
            scale = -scale
        words = [word for word in raw if word is not None]
        if spec.type is WordType.SPLIT32:
            limit = self._limits.of(spec.bound) or self._limits.fuse_w
            counts, torn = decode_split(words[0], raw[1], limit / abs(scale))
            self.torn_reads += torn
        else:
            counts = decode(spec.type, words, spec.word_order or self._kind.word_order)
        return None if counts is None else counts * scale + spec.offset

    def _layout(self, function: int, start: int, count: int) -> Layout:
        key = (function, start, count)
        if key not in self._layouts:
            inside = range(start, start + count)
            found = []
            for name, spec in self._kind.values.items():
                places = tuple(a - start if a in inside else None for a in spec.addresses)
                whole = places[0] is not None if spec.type is WordType.SPLIT32 else None not in places
                if whole and self._read_by(function, spec):
                    found.append((name, spec, places))
            if len(self._layouts) >= 64:  # overheard frames come in any shape
                self._layouts.clear()
            self._layouts[key] = tuple(found)
        return self._layouts[key]

    def _read_by(self, function: int, spec: ValueSpec) -> bool:
        """Holding and input registers are different memories: only the planned function fills a value."""
        if spec.function is not None:
            return spec.function == function
        return any(
            block.function == function and block.start <= spec.addresses[0] < block.start + block.count
            for block in self._kind.blocks.values()
        )

    def _add_sums(self, fresh: dict[str, float], taken_ns: int) -> None:
        for name, spec in self._kind.derived.items():
            parts = spec.sum[: self._strings] if spec.strings else spec.sum
            if not any(part in fresh for part in parts):
                continue
            total = 0.0
            for part in parts:
                value = self.latest(part, fresh, taken_ns)
                if value is None:
                    break
                total += value
            else:
                judged = self._gates[name].judge(total, taken_ns, self._limits)
                if judged is not None:
                    fresh[name] = judged

    def _refused_by_checks(self, fresh: Mapping[str, float], taken_ns: int) -> set[str]:
        refused: set[str] = set()
        for name, watch in self._watches.items():
            spec = watch.spec
            used = {*spec.terms, *(part for pair in spec.products for part in pair), spec.power}
            names = {self.resolve(part) for part in used if part}
            if not ({self.resolve(spec.anchor)} if spec.anchor else names) & set(fresh):
                continue
            others = [gate for name in names - set(fresh) if (gate := self._gates.get(name)) is not None]
            lag_s = max((taken_ns - gate.seen_ns for gate in others), default=0) / NS_PER_S
            verdict = watch.judge(lambda part: self.latest(part, fresh, taken_ns), taken_ns, lag_s)
            if verdict is not None and not verdict.ok and self._acts(name):
                refused |= {self.resolve(part) for part in spec.suspects}
        return refused

    def _suspects(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for (_, target), since_ns in self._accused.items():
            found[target] = min(found.get(target, since_ns), since_ns)
        for name, watch in self._watches.items():
            if watch.suspect_since_ns is not None and self._acts(name):
                for part in watch.spec.suspects:
                    target = self.resolve(part)
                    found[target] = min(found.get(target, watch.suspect_since_ns), watch.suspect_since_ns)
        return found

    def _acts(self, check: str) -> bool:
        reports = self._kind.checks[check].kind is CheckKind.REPORT
        return not reports and check not in self._options.report_only


def _held(kind: DeviceType, options: DeviceOptions) -> dict[str, int]:
    """Age from which each value is only held, by the slowest block that reads it."""
    found: dict[str, int] = {}
    for name, value in kind.values.items():
        periods = [
            options.period_s.get(block_name, block.period_s)
            for block_name, block in kind.blocks.items()
            if covers(block, value)
        ]
        found[name] = held_after_ns(max(periods, default=0.0))
    for name, derived in kind.derived.items():
        found[name] = max(found[part] for part in derived.sum)
    return found


def _as_value(spec: DerivedSpec) -> ValueSpec:
    return ValueSpec(0, spec.unit, low=spec.low, high=spec.high, bound=spec.bound)


def blank(words: Sequence[int]) -> bool:
    """Whether a frame holds nothing but zeros or nothing but ones: valid, and impossible."""
    return len(words) >= BLANK_FROM and set(words) in ({0}, {0xFFFF})
