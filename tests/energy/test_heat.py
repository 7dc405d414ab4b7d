"""What a buffer still gives before its top is too cold, and what the heat pump takes to make it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.energy import heat
from plc.energy.parameters import Economics
from plc.energy.plan_request import HeatModel
from tools.twin.physics.buffer import Buffer
from tools.twin.physics.defaults import CP_WATER_J_PER_KG_K, Defaults

RETURN_DEGC = 30.0
LAYERS = (1.0, 1.0, 0.7, 0.35, 0.0, 0.0)
"""How warm the six layers are between return and flow while a heat pump heats the house in the twin."""

degc = st.floats(min_value=20.0, max_value=70.0)


@pytest.mark.parametrize(
    ("top", "bottom", "expected"),
    [
        (40.0, 40.0, 0.0),
        (39.0, 30.0, 0.0),
        (45.0, 45.0, 5.0),
        (45.0, 43.0, 4.0),
        (45.0, 40.0, 2.5),
        (45.0, 35.0, 3.75),
        (43.0, 30.0, 2.65),
    ],
    ids=["at the limit", "below", "warm throughout", "mixed", "down to the limit", "layers", "cold bottom"],
)
def test_heat_above_the_release_threshold_by_top_and_bottom(
    top: float, bottom: float, expected: float
) -> None:
    assert heat.drawn_k(top, bottom, 40.0) == pytest.approx(expected, abs=0.01)


@given(degc, degc, degc)
def test_a_buffer_never_gives_more_than_its_top_has_over_the_threshold(
    top: float, bottom: float, release: float
) -> None:
    assert 0.0 <= heat.drawn_k(top, bottom, release) <= max(0.0, top - release)


@pytest.mark.parametrize("demand_w", [2500.0, 5000.0])
@pytest.mark.parametrize("flow_degc", [38.0, 43.0, 48.0])
def test_the_layered_buffer_of_the_twin_gives_at_least_that_much(flow_degc: float, demand_w: float) -> None:
    """From the layers that its heat pump leaves behind, until the top is 2 K below the curve."""
    d = Defaults()
    buffer = Buffer(d, flow_degc, RETURN_DEGC)
    buffer.t_degc = [RETURN_DEGC + share * (flow_degc - RETURN_DEGC) for share in LAYERS]
    drawn_j = 0.0
    while buffer.t_degc[0] > flow_degc - 2.0:
        flow = demand_w / CP_WATER_J_PER_KG_K / (buffer.t_degc[0] - RETURN_DEGC)
        buffer.step(10.0, 0.0, RETURN_DEGC, flow, RETURN_DEGC, 0.0, d.room_degc)
        drawn_j += demand_w * 10.0
    promised_k = heat.drawn_k(flow_degc, RETURN_DEGC, flow_degc - 2.0)
    drawn_k = drawn_j / (d.buffer_kg * CP_WATER_J_PER_KG_K)
    assert promised_k <= drawn_k <= 2.0 * promised_k


def test_the_plan_counts_what_a_heat_pump_holds_by_the_mean_of_top_and_bottom() -> None:
    model = HeatModel()
    mean_degc = (43.0 + model.base_degc) / 2.0
    assert model.held_kwh(43.0) == pytest.approx((mean_degc - model.base_degc) * 1.163)
    assert model.above_release_kwh(43.0) == pytest.approx(1.846 * 1.163, abs=0.01)
    assert model.full_mean_degc == 51.5


def test_what_a_heat_pump_takes_is_bounded_by_what_it_can_make() -> None:
    model, e = HeatModel(), Economics()
    assert model.takes_kw(e, -3.0, 2.0) == 0.0
    assert model.takes_kw(e, 99.0, 2.0) == model.takes_kw(e, model.capacity_kw(2.0), 2.0)
    assert model.takes_kw(e, 5.0, -10.0) > model.takes_kw(e, 5.0, 10.0)


def test_what_charges_a_buffer_is_hotter_than_the_buffer() -> None:
    e = Economics()
    cop = heat.cop(e.heat, outdoor_degc=5.0, flow_degc=40.5)
    assert cop == pytest.approx(0.42 * (43.5 + 273.15) / 38.5)
