"""Hand-driven houses for the tests of the physics: no cabinet, no program."""

from __future__ import annotations

from collections.abc import Callable

from plc.plant.interface import MinerState
from tools.twin.physics.weather import FixedDay
from tools.twin.plant_model import Initial, PlantModel


def house(
    *,
    buffer_degc: float = 40.0,
    oil_degc: float = 40.0,
    body_degc: float | None = None,
    air_degc: float = 20.0,
    load_w: float = 0.0,
    p4_pct: float = 0.0,
    p5_pct: float = 0.0,
    p3: bool = True,
    fan: bool = False,
    to_cooler: bool = False,
    power_w: float = 0.0,
    water_degc: float | None = None,
) -> PlantModel:
    """A house in a fixed state: heat pump blocked, taps closed, sensors exact, miners as heaters."""
    model = PlantModel(
        initial=Initial(
            oil_degc=oil_degc,
            water_degc=buffer_degc if water_degc is None else water_degc,
            buffer_top_degc=buffer_degc,
            buffer_bottom_degc=buffer_degc,
            glycol_degc=air_degc,
            rv1=1.0 if to_cooler else 0.0,
        ),
        weather=FixedDay(air_degc),
        tapping="none",
        fixed_load_w=load_w,
        sensor_offset_sigma_k=0.0,
    )
    if body_degc is not None:
        model.oil.t_body1_degc = model.oil.t_body2_degc = body_degc
        model.book.stored_0 = model.stored_j()
    field = model.field
    field.p3 = p3
    field.p4_v = volts(p4_pct)
    field.p5_v = volts(p5_pct)
    field.fan = fan
    field.hp_contact = True
    heat(model, power_w)
    return model


def volts(pct: float) -> float:
    return 3.0 + 7.0 * pct / 100.0 if pct > 0.0 else 0.0


def heat(model: PlantModel, power_w: float) -> None:
    """Both miners mine at once with this power together, without boot and tuning."""
    on = power_w > 0.0
    model.field.k10 = model.field.k11 = on
    for miner in model.miners:
        miner.powered = on
        miner.state = MinerState.MINING if on else MinerState.UNKNOWN
        miner.since_s = 1e6
        miner.target_w = power_w / 2.0
        miner.power_w = power_w / 2.0


def run(
    model: PlantModel,
    for_s: float,
    dt_s: float = 1.0,
    watch: Callable[[PlantModel], None] | None = None,
) -> PlantModel:
    for _ in range(round(for_s / dt_s)):
        model.step(dt_s)
        if watch is not None:
            watch(model)
    return model
