"""From forecasts and parameters to the question of a plan: heating curve, COP, prices, K7's conditions.

Prices that are not known yet (tomorrow's before noon) repeat those of the day before, as far as they are
known, else they are the fixed price of the tariff.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import Annotated

from plc.blocks.param import Param
from plc.energy import heat
from plc.energy.forecast import Forecast
from plc.energy.marginal import MinerOffer
from plc.energy.parameters import Economics
from plc.energy.plan_problem import (
    HELD_SHARE,
    Problem,
    Quarter,
    end_values,
    kwh_per_kelvin,
    levels,
    plant_of,
    start_eur,
)
from plc.energy.tariff import QUARTER_S, SpotPrices, feed_in_price, import_price

Number = float


@dataclass(frozen=True, slots=True)
class HeatModel:
    """The house and its heat pump as a plan sees them. Temperatures in degC, capacity points in W."""

    load_w_per_k: Annotated[Number, Param("W/K", 50, 1000, "heat loss of the house")] = 291.0
    heating_limit_degc: Annotated[Number, Param("degC", 10, 20, "no heating above")] = 15.5
    curve_base_degc: Annotated[Number, Param("degC", 20, 50, "flow at 15 degC outside")] = 35.0
    curve_slope: Annotated[Number, Param("K/K", 0, 2, "flow per kelvin colder")] = 0.55
    curve_min_degc: Annotated[Number, Param("degC", 20, 45, "lowest flow")] = 30.0
    curve_max_degc: Annotated[Number, Param("degC", 40, 60, "highest flow")] = 55.0
    release_offset_k: Annotated[Number, Param("K", -10, 5, "K7 releases below the curve plus")] = -2.0
    outdoor_min_degc: Annotated[Number, Param("degC", -15, 10, "no block when colder")] = -5.0
    volume_l: Annotated[Number, Param("l", 100, 5000, "buffer")] = 1000.0
    base_degc: Annotated[Number, Param("degC", 15, 40, "heat counts from this temperature")] = 30.0
    full_degc: Annotated[Number, Param("degC", 45, 62, "top: nothing more goes in")] = 55.0
    full_bottom_degc: Annotated[Number, Param("degC", 35, 60, "bottom: nothing more goes in")] = 48.0
    ua_w_per_k: Annotated[Number, Param("W/K", 0, 20, "heat loss of the buffer")] = 2.8
    capacity_w: Annotated[Number, Param("W", 2000, 30000, "heat pump at -7 degC outside")] = 9500.0
    capacity_w_per_k: Annotated[Number, Param("W/K", 0, 500, "more per kelvin warmer")] = 170.0
    by_value: Annotated[bool, Param("", None, None, "K7 may block for value")] = True
    recool: Annotated[bool, Param("", None, None, "the dry cooler may be used for revenue")] = False

    def flow_degc(self, outdoor_degc: float) -> float:
        """Heating curve."""
        flow = self.curve_base_degc + self.curve_slope * (15.0 - outdoor_degc)
        return max(self.curve_min_degc, min(flow, self.curve_max_degc))

    @property
    def full_mean_degc(self) -> float:
        """Mean of the whole buffer when it is full."""
        return (self.full_degc + self.full_bottom_degc) / 2.0

    def held_kwh(self, flow_degc: float) -> float:
        """Heat in a buffer whose top the heat pump holds at this flow; below are layers of returned water."""
        return HELD_SHARE * (flow_degc - self.base_degc) * kwh_per_kelvin(self.volume_l)

    def above_release_kwh(self, flow_degc: float) -> float:
        """How much of that the house can draw before the top has fallen to where K7 releases."""
        drawn_k = heat.drawn_k(flow_degc, self.base_degc, flow_degc + self.release_offset_k)
        return drawn_k * kwh_per_kelvin(self.volume_l)

    def capacity_kw(self, outdoor_degc: float) -> float:
        """The most that the heat pump makes."""
        return max(0.0, self.capacity_w + self.capacity_w_per_k * (outdoor_degc + 7.0)) / 1000.0

    def takes_kw(self, economics: Economics, made_kw: float, outdoor_degc: float) -> float:
        """Electric power of the heat pump while it makes this much heat, inside what it can make."""
        made_kw = max(0.0, min(made_kw, self.capacity_kw(outdoor_degc)))
        flow = self.flow_degc(outdoor_degc)
        return made_kw / heat.cop(economics.heat, outdoor_degc=outdoor_degc, flow_degc=flow)

    def demand_kw(self, mean_degc: float) -> float:
        """What the house takes at this daily mean outside."""
        return self.load_w_per_k / 1000.0 * max(0.0, self.heating_limit_degc - mean_degc)


def quarter(
    economics: Economics,
    model: HeatModel,
    *,
    pv_kw: float,
    load_kw: float,
    outdoor_degc: float,
    mean_degc: float,
    import_eur: float,
    feed_in_eur: float,
    winter: bool,
) -> Quarter:
    """One quarter hour of a problem. mean_degc: mean outdoor temperature of the day around it. winter: season
    of the battery reserve."""
    flow = model.flow_degc(outdoor_degc)
    held_kwh = model.held_kwh(flow)
    demand = model.demand_kw(mean_degc)
    heats = demand > 0.0
    may_block = heats and model.by_value and economics.heat.heat_pump
    return Quarter(
        pv_kw=pv_kw,
        load_kw=load_kw,
        demand_kw=demand,
        cop=heat.cop(economics.heat, outdoor_degc=outdoor_degc, flow_degc=flow),
        capacity_kw=model.capacity_kw(outdoor_degc) if economics.heat.heat_pump else 30.0,
        target_kwh=held_kwh if heats else -1.0,
        release_kwh=held_kwh - model.above_release_kwh(flow) if heats else -1.0,
        may_block=may_block and outdoor_degc > model.outdoor_min_degc,
        import_eur=import_eur,
        feed_in_eur=feed_in_eur,
        reserve_kwh=economics.battery.reserve_kwh(winter=winter),
    )


def problem(
    economics: Economics,
    model: HeatModel,
    forecast: Forecast,
    spot: SpotPrices,
    miners: tuple[MinerOffer, ...],
    *,
    eur_per_th_hour: float,
    mean_degc: float,
    utc_offset_s: Callable[[int], int],
    winter: bool,
) -> Problem:
    """The whole question. mean_degc: mean outside of the last 24 h, which fades into that of the forecast.
    utc_offset_s: local time minus UTC at a moment; the clock may change within the horizon. winter: the
    plant's season; that it changes within the horizon is not planned for."""
    quarters = []
    window = [mean_degc] * 96
    total = fsum(window)
    for index, outdoor in enumerate(forecast.outdoor_degc):
        total += outdoor - window[index % 96]
        window[index % 96] = outdoor
        unix_s = forecast.first_unix_s + index * QUARTER_S
        local_s = (unix_s + utc_offset_s(unix_s)) % 86_400
        priced_s = unix_s if spot.at(unix_s) is not None else _day_before(spot, unix_s)
        bought = import_price(economics.tariff, spot, unix_s=priced_s, local_s=local_s, synchronised=True)
        sold = feed_in_price(economics.tariff, spot, unix_s=priced_s, synchronised=True)
        quarters.append(
            quarter(
                economics,
                model,
                pv_kw=forecast.pv_kw[index],
                load_kw=forecast.load_kw[index],
                outdoor_degc=outdoor,
                mean_degc=total / 96.0,
                import_eur=bought.eur_per_kwh,
                feed_in_eur=sold.eur_per_kwh,
                winter=winter,
            )
        )
    plant = plant_of(
        economics,
        volume_l=model.volume_l,
        base_degc=model.base_degc,
        full_degc=model.full_mean_degc,
        ua_w_per_k=model.ua_w_per_k,
        recool=model.recool,
        start_eur=start_eur(economics, miners, eur_per_th_hour),
    )
    worth, up_to, charge = end_values(tuple(quarters), plant)
    return Problem(
        forecast.first_unix_s,
        tuple(quarters),
        levels(economics, miners, eur_per_th_hour),
        plant,
        worth,
        up_to,
        charge,
    )


def _day_before(spot: SpotPrices, unix_s: int) -> int:
    """The last known quarter hour at the same time of day within two days, else the moment itself."""
    for days in (1, 2):
        if spot.at(unix_s - days * 86_400) is not None:
            return unix_s - days * 86_400
    return unix_s
