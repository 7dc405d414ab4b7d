"""What a kilowatt-hour of heat in the buffer is worth: what the other heat source would have cost."""

from __future__ import annotations

from plc.energy.parameters import HeatSource

KELVIN = 273.15
MIN_LIFT_K = 15.0
"""Below this lift a heat pump does not get better any more."""

COP_RANGE = (1.6, 5.0)


def cop(heat: HeatSource, *, outdoor_degc: float, flow_degc: float) -> float:
    """Coefficient of performance from a share of Carnot, clipped to what machines of this class do.

    flow_degc: of the heating circuit. What heats the buffer to it must be hotter by charge_over_k.
    """
    hot_degc = flow_degc + heat.charge_over_k
    lift_k = max(hot_degc - outdoor_degc, MIN_LIFT_K)
    carnot = (hot_degc + KELVIN) / lift_k
    return min(max(heat.carnot_fraction * carnot, COP_RANGE[0]), COP_RANGE[1])


def use(top_degc: float, *, wanted_degc: float, full_degc: float) -> float:
    """Share of the heat that will be used: 1 up to the wanted temperature, falling to 0 when full."""
    if top_degc <= wanted_degc:
        return 1.0
    if top_degc >= full_degc or full_degc <= wanted_degc:
        return 0.0
    return (full_degc - top_degc) / (full_degc - wanted_degc)


def value_eur_per_kwh(heat: HeatSource, *, electricity_eur_per_kwh: float, cop_now: float) -> float:
    """Cost of the same heat from the heat pump with the same electricity, or from the boiler.

    The heat pump could use the present surplus as well: that is why its electricity costs what the
    miner's costs, and why heat from grid power is worth only a third of what the miner takes.
    """
    if not heat.heat_pump:
        return heat.boiler_eur_per_kwh
    return electricity_eur_per_kwh / cop_now


def drawn_k(top_degc: float, bottom_degc: float, release_degc: float) -> float:
    """Kelvin of the whole buffer that a load can draw before the top has fallen to release_degc, >= 0.

    The load takes from the top and returns to the bottom, so what is warmer than release_degc leaves at the
    top while the cold follows from below: between top and bottom it gets colder evenly. A buffer that is
    warm down to its bottom counts as mixed.
    """
    over_k = top_degc - release_degc
    if over_k <= 0.0:
        return 0.0
    spread_k = top_degc - bottom_degc
    if spread_k <= over_k:
        return over_k - max(0.0, spread_k) / 2.0
    return over_k - over_k * over_k / (2.0 * spread_k)
