"""Decision rules of comparable projects, restated for quarter hours: baselines, under the same safety shell.

Two passes as in the originals' cycle: they see meters while the miners still draw what they drew, decide,
and the house books the new power. Signs: grid > 0 import, battery > 0 discharge. Restated from the public
sources by their descriptions; assumptions where the original has another time base are those of the
plant reference, topic rules of others. None of them sees the heat pump; the shell recools.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tools.bench_parts.economics.house import House, Site

FULL_KW = 3.2
PROFILES = (0.0, 1.2, 2.0, 2.6, 3.2)
WANTED_DEGC = 50.0


class Seen(NamedTuple):
    """What a rule sees in one quarter hour. surplus: after the house, before miners and battery."""

    t: int
    pv: float
    load: float
    grid: float
    battery: float
    soc: float
    stored_kwh: float
    buffer_degc: float
    c_imp: float
    c_exp: float
    hour: float
    weekday: int
    ahead_1h: float
    ahead_4h: float
    load_2h: float
    powers: tuple[float, float]

    @property
    def export(self) -> float:
        return max(-self.grid, 0.0)

    @property
    def imported(self) -> float:
        return max(self.grid, 0.0)


Decide = Callable[[Seen], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Peer:
    """A rule: make(site, **values) gives its memory; tuned: what a patient user would try."""

    name: str
    make: Callable[..., Decide]
    tuned: tuple[dict[str, float], ...] = ()


def run(site: Site, peer: Peer, **values: float) -> House:
    """A year of this rule."""
    house = House(site)
    decide = peer.make(site, **values)
    s, count = site.series, len(site.quarters)
    full = max(site.plant.s_max_kwh, 0.1)
    for t, q in enumerate(site.quarters):
        f = house.look(t)
        seen = Seen(
            t, q.pv_kw, q.load_kw + f.heat_pump, f.grid, f.battery, house.s / full * 100.0, house.s,
            house.top_degc, q.import_eur, q.feed_in_eur, s.hour[t], s.weekday[t],
            _mean(s.pv_kw, t, 4, count), _mean(s.pv_kw, t, 16, count), _mean(s.load_kw, t, 8, count),
            house.powers,
        )  # fmt: skip
        house.books.shell += house.e >= site.plant.e_max_kwh - 0.1 and sum(house.powers) > 0.0
        house.go(t, decide(seen))
    return house


def _mean(values: list[float], t: int, n: int, count: int) -> float:
    part = values[t + 1 : min(t + 1 + n, count)] or values[-1:]
    return sum(part) / len(part)


# ---- priority list with full coverage by the sun


def priority_list(_: Site, *, guard: float = 0.15, kw: float = FULL_KW) -> Decide:
    """On while export covers the miner's whole power; free prices start everything."""

    def decide(x: Seen) -> tuple[float, float]:
        if max(0.0, x.battery - x.export) > 0.05 and sum(x.powers) <= 0.0:
            return (0.0, 0.0)
        left = max(0.0, x.pv - x.load - max(-x.battery, 0.0) - guard)
        if x.c_imp <= 0.0:
            return (kw, kw)
        first = kw if left >= kw else 0.0
        return (first, kw if left - first >= kw and first > 0.0 else 0.0)

    return decide


def priority_intent(site: Site, *, on: float = 0.05, tax: float = 0.275) -> Decide:
    """The same as its documentation reads: on by profit per load, grid share allowed."""
    earned = site.curve.ths(3200.0) * site.per_th_hour * (1.0 - tax)

    def decide(x: Seen) -> tuple[float, float]:
        left = max(0.0, x.pv - x.load - max(-x.battery, 0.0) - 0.15)
        powers = []
        for present in x.powers:
            share = min(1.0, left / FULL_KW)
            profit = earned - FULL_KW * (share * x.c_exp + (1.0 - share) * x.c_imp)
            runs = profit > -0.01 if present > 0.0 else profit >= on
            powers.append(FULL_KW if runs else 0.0)
            left -= FULL_KW * share if runs else 0.0
        return (powers[0], powers[1])

    return decide


# ---- step controller at the grid connection


def step_controller(
    _: Site, *, cascade: bool = False, max_import: float = 0.1, hyst: float = 0.1, release: float = 0.0
) -> Decide:
    """Up one step when the export covers it, down one when more is imported; three changes a quarter hour."""

    def once(levels: list[int], x: Seen, grid: float) -> list[int]:
        charging = -x.battery >= 0.1
        top = 4
        if x.battery >= 0.1:
            top = 0
        elif charging and release > 0.0 and x.soc >= release:
            top = 4 if max(-grid, 0.0) > hyst else 1
            if max(levels) == 0:
                return [1, 1]
        new = [min(level, top) for level in levels]
        if new != levels:
            return new
        if max(levels) > 0 and grid > max_import:
            if cascade:
                index = 1 if levels[1] > 0 else 0
                new[index] -= 1
            else:
                new = [max(0, level - 1) for level in levels]
            return new
        if cascade:
            index = 0 if levels[0] < 4 else 1
            if levels[index] < 4:
                new[index] += 1
        else:
            new = [min(4, level + 1) for level in levels]
        delta = sum(PROFILES[a] - PROFILES[b] for a, b in zip(new, levels, strict=True))
        if delta > 0.0 and max(-grid, 0.0) > delta + hyst and max(new) <= top:
            return new
        return levels

    state = [0, 0]

    def decide(x: Seen) -> tuple[float, float]:
        grid, mean = x.grid, [0.0, 0.0]
        for _ in range(3):
            before = list(state)
            state[:] = once(list(state), x, grid)
            grid += sum(PROFILES[a] - PROFILES[b] for a, b in zip(state, before, strict=True))
            for index in (0, 1):
                mean[index] += PROFILES[state[index]] / 3.0
        return (mean[0] if mean[0] >= 1.2 else 0.0, mean[1] if mean[1] >= 1.2 else 0.0)

    return decide


# ---- start and stop rule sets


def rule_set(
    *,
    start: Callable[[Seen], bool],
    stop: Callable[[Seen], bool],
    kw: float = FULL_KW,
) -> Decide:
    """Off: any start rule starts. On: any stop rule stops. Both at once every cycle: half the power."""
    on = [False]

    def decide(x: Seen) -> tuple[float, float]:
        if on[0]:
            if stop(x):
                on[0] = False
        elif start(x):
            on[0] = True
            if stop(x._replace(grid=x.grid + 2 * kw)):
                on[0] = False
                return (kw, 0.0)  # it alternates every few seconds: half of it
        return (kw, kw) if on[0] else (0.0, 0.0)

    return decide


def solar_set(*, fixed: bool, pv_kw: float = 3.0) -> tuple[Callable[[Seen], bool], Callable[[Seen], bool]]:
    def start(x: Seen) -> bool:
        weekend, noon = x.weekday >= 5, 11 <= x.hour < 15
        slip = x.export > 0.8 if fixed else x.export < 0.8
        return (
            (x.pv > pv_kw and x.soc > 40)
            or (
                weekend and not 2 <= x.hour < 5 and ((x.ahead_4h > 2 and x.soc > 70) or (slip and x.soc > 50))
            )
            or (x.soc >= 85 and x.pv > 1.8 and (weekend or noon))
        )

    def stop(x: Seen) -> bool:
        return (
            x.soc < 15
            or x.stored_kwh < 0.8
            or (x.battery > 1 and x.soc < 25)
            or (x.imported > 2.5 and (x.ahead_1h < 1 or x.soc < 60) and not (1 <= x.hour < 6 and x.soc < 30))
            or (x.load_2h > 2.8 and 17 <= x.hour < 23 and (x.soc < 70 or x.pv < 1.5))
        )

    return start, stop


def basic_set() -> tuple[Callable[[Seen], bool], Callable[[Seen], bool]]:
    def start(x: Seen) -> bool:
        return (
            (x.pv > 3 and x.soc > 40)
            or (x.ahead_1h > 2 and x.soc < 90)
            or (x.soc >= 95 and (x.export > 0.5 or x.ahead_1h > 2))
            or (x.weekday >= 5 and x.ahead_4h > 1.5 and x.soc > 50)
        )

    def stop(x: Seen) -> bool:
        return (
            x.soc < 20
            or x.stored_kwh < 2
            or x.imported > 0.2
            or (x.load_2h > 2.5 and x.soc < 80 and 17 <= x.hour < 22)
            or 3 <= x.hour < 4
            or 6 <= x.hour < 9
        )

    return start, stop


def heat_set(*, band_k: float = 0.0) -> tuple[Callable[[Seen], bool], Callable[[Seen], bool]]:
    def start(x: Seen) -> bool:
        return x.buffer_degc < WANTED_DEGC - band_k and (
            (x.pv > 1.5 and x.export > 0.5 and x.soc > 30)
            or (x.soc >= 85 and x.ahead_4h > 1)
            or (x.pv > 4 and x.export > 2)
        )

    def stop(x: Seen) -> bool:
        return (
            x.buffer_degc >= WANTED_DEGC
            or (x.imported > 0.5 and x.pv < 1 and x.soc < 60)
            or x.soc < 20
            or (x.soc < 40 and x.imported > 1.5)
            or (17 <= x.hour < 24 and x.soc < 70 and x.pv < 0.5)
        )

    return start, stop


# ---- charge point in solar mode, the miner as a continuous load


def charge_point(
    _: Site,
    *,
    battery_first: bool = False,
    residual: float = 0.0,
    cheap: float = -1.0,
    dear: float = 1e9,
    step: float = 0.0,
) -> Decide:
    """Follows the site power between least and most; holds the least for three minutes before it stops.

    step > 0: the target goes through a filter that rounds up, keeps 85 % and falls late."""
    targets = [0.0]
    history: deque[float] = deque(maxlen=5)

    def decide(x: Seen) -> tuple[float, float]:
        if x.c_imp <= cheap:
            return (FULL_KW, FULL_KW)
        if x.c_exp >= dear:
            return (0.0, 0.0)
        spare = x.pv - x.load - residual
        if battery_first and x.battery < 0.0:
            spare += x.battery
        if battery_first and x.battery > 0.0:
            spare = min(spare, 0.0)
        if step > 0.0:
            return _filtered(spare)
        return _points(spare, x.powers)

    def _points(spare: float, before: tuple[float, float]) -> tuple[float, float]:
        powers = []
        for present in before:
            take = min(max(spare, 0.0), FULL_KW)
            if take < 1.2:
                take = 1.2 * 180.0 / 900.0 if present >= 1.2 else 0.0  # three minutes at the least, then off
            powers.append(take)
            spare -= take
        return (powers[0], powers[1])

    def _filtered(spare: float) -> tuple[float, float]:
        present = targets[0]
        history.append(spare)
        if spare < 1.2:
            targets[0] = 0.0
            return (0.0, 0.0)
        wanted = -(-spare // step) * step
        if wanted >= present:
            targets[0] = min(max(wanted, 1.2), 2 * FULL_KW)
        elif spare < 0.85 * present:
            targets[0] = max(1.2, round((spare - step) / step) * step)
        total = targets[0]
        return (total, 0.0) if total < 2.4 else (total / 2.0, total / 2.0)

    return decide


def two_quarters(_: Site, *, off_import: float = 0.2, kw: float = FULL_KW) -> Decide:
    """On after two quarter hours of enough export, off after one with import."""
    held = [0, 0]

    def decide(x: Seen) -> tuple[float, float]:
        budget = x.export
        powers = []
        for index, present in enumerate(x.powers):
            if present > 0.0:
                runs = x.imported <= off_import
            else:
                held[index] = held[index] + 1 if budget >= kw else 0
                runs = held[index] >= 2
                if runs:
                    budget -= kw
            powers.append(kw if runs else 0.0)
        return (powers[0], powers[1])

    return decide


def _set(
    make: Callable[..., tuple[Callable[[Seen], bool], Callable[[Seen], bool]]], **fixed: object
) -> Callable[..., Decide]:
    def built(_: Site, *, kw: float = FULL_KW, **values: float) -> Decide:
        start, stop = make(**fixed, **values)
        return rule_set(start=start, stop=stop, kw=kw)

    return built


def _priced(site: Site, **values: float) -> Decide:
    r = site.curve.ths(3200.0) * site.per_th_hour / 3.2
    return charge_point(site, battery_first=True, cheap=0.05, dear=values.get("dear", r))


SMALL = ({"kw": 2.0}, {"kw": 1.2})

PEERS: tuple[Peer, ...] = (
    Peer("PM", priority_list, ({"guard": 0.5}, {"guard": 1.5}, *SMALL)),
    Peer("PM-intent", priority_intent, ({"on": 0.1}, {"on": 0.02})),
    Peer("PH-equal", step_controller, ({"max_import": 0.0, "hyst": 0.5}, {"max_import": 0.0, "hyst": 1.5})),
    Peer("PH-cascade", lambda s, **v: step_controller(s, cascade=True, **v),
         ({"max_import": 0.0, "hyst": 0.5}, {"max_import": 0.0, "hyst": 1.5})),
    Peer("PH-batt", lambda s, **v: step_controller(s, **{"release": 90.0, **v}), ({"release": 98.0},)),
    Peer("ED-solar", _set(solar_set, fixed=False), ({"pv_kw": 6.0}, *SMALL)),
    Peer("ED-solar-fixed", _set(solar_set, fixed=True), ({"pv_kw": 6.0}, *SMALL)),
    Peer("ED-basic", _set(basic_set), SMALL),
    Peer("ED-heat", _set(heat_set), ({"band_k": 5.0}, *SMALL)),
    Peer("ED-heat-5K", _set(heat_set, band_k=5.0), SMALL),
    Peer("EV", charge_point, ({"residual": 1.0}, {"residual": 3.0})),
    Peer("EV-batt", lambda s, **v: charge_point(s, battery_first=True, **v),
         ({"residual": 1.0}, {"residual": 3.0})),
    Peer("EV-price", _priced, ({"dear": 0.06}, {"dear": 0.04})),
    Peer("EB", lambda s, **v: charge_point(s, **{"step": 0.3, **v}), ({"residual": 1.0}, {"residual": 3.0})),
    Peer("PSM", two_quarters, SMALL),
)  # fmt: skip
