"""What must hold for the rule whatever the numbers are."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plc.energy import lookahead
from plc.energy.cost import House
from plc.energy.marginal import Heat, MinerOffer, appraise
from plc.energy.revenue import Curve, eur_per_th_hour
from tests.energy.house import ECONOMICS, OFFERS, WANTED, decision, economics, slices

PRICES = {
    "feed_in_eur": st.floats(0.0, 0.12),
    "stored_eur": st.floats(0.13, 0.30),
    "import_eur": st.floats(0.30, 0.60),
}
HOUSES = st.builds(
    House,
    pv_w=st.floats(0, 15_000),
    load_w=st.floats(0, 8000),
    soc_pct=st.none() | st.floats(0, 100),
    known=st.just(True),
)
HEATS = st.builds(
    Heat,
    use=st.floats(0, 1),
    cop=st.floats(1.6, 5),
    stored_eur_per_kwh=st.none() | st.floats(0, 0.2),
    recool=st.booleans(),
)
HASH = st.floats(0, 150)


def at(hash_price: float):
    return economics(mining={"hash_price_usd_per_ph_day": hash_price})


@given(house=HOUSES, heat=HEATS, price=HASH, more=st.floats(0, 8000), **PRICES)
def test_more_surplus_never_means_less_power(
    house: House, heat: Heat, price: float, more: float, **prices: float
) -> None:
    """As long as stored power is dearer than fed-in power and bought power dearer still."""
    assume(prices["stored_eur"] * 0.9 >= prices["feed_in_eur"])
    richer = house._replace(pv_w=house.pv_w + more)
    before = decision(house, at(price), heat=heat, **prices).total_w
    assert decision(richer, at(price), heat=heat, **prices).total_w >= before


@given(house=HOUSES, heat=HEATS, price=HASH, dearer=st.floats(0, 0.3), **PRICES)
def test_a_higher_price_never_means_more_power(
    house: House, heat: Heat, price: float, dearer: float, **prices: float
) -> None:
    before = decision(house, at(price), heat=heat, **prices).total_w
    for name in prices:
        raised = {**prices, name: prices[name] + dearer}
        assert decision(house, at(price), heat=heat, **raised).total_w <= before


@given(house=HOUSES, heat=HEATS, price=HASH, better=st.floats(0, 60), **PRICES)
def test_a_higher_hash_price_never_means_less_power(
    house: House, heat: Heat, price: float, better: float, **prices: float
) -> None:
    before = decision(house, at(price), heat=heat, **prices).total_w
    assert decision(house, at(price + better), heat=heat, **prices).total_w >= before


@given(house=HOUSES, price=HASH, low=st.floats(1.6, 5), high=st.floats(1.6, 5), **PRICES)
def test_a_better_heat_pump_never_means_more_mining(
    house: House, price: float, low: float, high: float, **prices: float
) -> None:
    worse, better = sorted((low, high))
    with_worse = decision(house, at(price), heat=Heat(1.0, worse), **prices).total_w
    assert decision(house, at(price), heat=Heat(1.0, better), **prices).total_w <= with_worse


@given(house=HOUSES, heat=HEATS, price=HASH, held=st.sampled_from([0.0, 1200.0, 1700.0, 3200.0]), **PRICES)
def test_hysteresis_only_keeps_what_is_there(
    house: House, heat: Heat, price: float, held: float, **prices: float
) -> None:
    """By the margins alone. The price of a start may well make one miner at more of two at least power."""
    e = economics(mining={"hash_price_usd_per_ph_day": price, "start_eur": 0.0})
    fresh = decision(house, e, heat=heat, **prices)
    kept = decision(house, e, heat=heat, present_w=(held, held), **prices)
    assert all(new <= old for new, old in zip(fresh.power_w, kept.power_w, strict=True))
    assert held or kept == fresh


@given(house=HOUSES, heat=HEATS, price=HASH, **PRICES)
def test_an_unknown_house_never_gets_more_than_a_known_one(
    house: House, heat: Heat, price: float, **prices: float
) -> None:
    known = decision(house._replace(soc_pct=None), at(price), heat=heat, **prices)
    blind = decision(house._replace(known=False), at(price), heat=heat, **prices)
    assume(house.load_w <= house.pv_w + 13_000)  # the grid limit is another matter
    assert blind.total_w <= known.total_w


@given(house=HOUSES, heat=HEATS, price=HASH, **PRICES)
def test_what_the_rule_takes_pays_at_real_prices(
    house: House, heat: Heat, price: float, **prices: float
) -> None:
    """margin_on above zero for every step means a net gain for the whole."""
    e = at(price)
    result = decision(house, e, heat=heat, **prices)
    earned = eur_per_th_hour(e.mining, None, unix_s=0, synchronised=True)
    books = appraise(
        e, OFFERS, heat, slices(house, e, **prices), eur_per_th_hour=earned, power_w=result.power_w
    )
    assert books.net >= result.total_w / 1000.0 * e.choice.margin_on_eur_per_kwh - 1e-9


@settings(max_examples=60)
@given(house=HOUSES, heat=HEATS, price=HASH, **PRICES)
def test_one_step_at_a_time_is_as_good_as_trying_everything(
    house: House, heat: Heat, price: float, **prices: float
) -> None:
    """The greedy order against all combinations of levels; margins off, so that only money counts.

    Least power is a lump: taking it last can lose to a combination that begins with it, by at most what the
    cheap part of one lump is worth.
    """
    e = economics(
        mining={"hash_price_usd_per_ph_day": price, "start_eur": 0.0},
        choice={"margin_on_eur_per_kwh": 0.0, "margin_off_eur_per_kwh": 0.0},
    )
    parts = slices(house, e, **prices)
    earned = eur_per_th_hour(e.mining, None, unix_s=0, synchronised=True)

    def net(powers: tuple[float, ...]) -> float:
        if sum(powers) > 0.0 and heat.use <= 0.0 and not heat.recool:
            return -1e9
        if any(s.eur_per_kwh > 1.0 for s in parts[:-1]):
            below = 0.0
            for s in parts:
                if s.eur_per_kwh > 1.0:
                    break
                below += s.power_w
            if sum(powers) > below:
                return -1e9
        return appraise(e, OFFERS, heat, parts, eur_per_th_hour=earned, power_w=powers).net

    levels = (0.0, 1200.0, 1700.0, 2200.0, 2700.0, 3200.0)
    best = max(net((a, b)) for a in levels for b in levels)
    greedy = net(decision(house, e, heat=heat, **prices).power_w)
    assert greedy >= best - 0.06


@given(st.lists(st.tuples(st.floats(100, 4000), st.floats(1, 200)), min_size=2, max_size=12))
def test_a_curve_never_makes_a_higher_step_better_than_the_one_below(
    points: list[tuple[float, float]],
) -> None:
    assume(len({p for p, _ in points}) >= 2)
    try:
        curve = Curve(tuple(p for p, _ in points), tuple(h for _, h in points))
    except ValueError:
        return
    powers = [500.0 * n for n in range(1, 9)]
    first = min(p for p, _ in points)
    steps = [(curve.ths(b) - curve.ths(a)) / (b - a) for a, b in pairwise(powers) if a >= first]
    assert all(a >= b - 1e-9 for a, b in pairwise(steps))


def test_a_miner_that_is_gone_leaves_its_share_to_the_other() -> None:
    e = at(100)
    sunny = House(6000.0, 500.0, 100.0, known=True)
    both = decision(sunny, e, feed_in_eur=0.0)
    alone = decision(sunny, e, offers=(OFFERS[0]._replace(curve=None), OFFERS[1]), feed_in_eur=0.0)
    assert both.power_w[0] > 0.0
    assert alone.power_w == (0.0, 3200.0)


def test_a_limited_range_is_respected_for_each_miner() -> None:
    e = at(100)
    sunny = House(9000.0, 500.0, 100.0, known=True)
    weak = MinerOffer(OFFERS[0].curve, 1200.0, 1500.0)
    assert decision(sunny, e, offers=(weak, OFFERS[1]), feed_in_eur=0.0).power_w == (1500.0, 3200.0)
    assert decision(sunny, e, offers=(weak,), feed_in_eur=0.0, present_w=(0.0,)).power_w == (1500.0,)
    assert decision(sunny, e, offers=(), feed_in_eur=0.0, present_w=()).limited_by == "no_miner"


def test_no_offer_no_heat_no_price_no_power() -> None:
    assert decision(House(), ECONOMICS, heat=WANTED).total_w == 0.0


def test_a_new_step_that_is_refused_does_not_end_a_held_one() -> None:
    """One miner runs at 2200 W at a price at which that step would not be begun; the other one stands."""
    sunny, alone = House(10_000.0, 0.0, None, known=True), economics(battery={"present": False})
    held = decision(sunny, alone, feed_in_eur=0.0425, present_w=(2200.0, 0.0))
    assert held.power_w == (2200.0, 0.0)
    assert held.limited_by == "price"
    assert decision(sunny, alone, feed_in_eur=0.0425).power_w[0] < 2200.0
    assert decision(sunny, alone, feed_in_eur=0.056, present_w=(2200.0, 0.0)).power_w[0] < 2200.0


def test_dear_power_is_dear_and_not_forbidden() -> None:
    """By a plan as by the rule: 6.4 kW from the grid cost two euros an hour and pay at this hash price."""
    dark = House(0.0, 0.0, None, known=True)
    e = economics(battery={"present": False}, mining={"hash_price_usd_per_ph_day": 400.0})
    ladder = lookahead.rungs(e, OFFERS, eur_per_th_hour(e.mining, None, unix_s=0, synchronised=True))
    now = lookahead.Now._make([None] * len(lookahead.Now._fields))._replace(sink=True)
    assert lookahead.allowed(ladder, slices(dark, e), now) == (ladder, "")
    assert decision(dark, e).total_w == 6400.0
    kept = lookahead.allowed(ladder, slices(dark._replace(soc_pct=30.0)), now)
    assert kept == (ladder[:1], "battery")
