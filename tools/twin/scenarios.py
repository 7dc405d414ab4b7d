"""The scenario library (plant reference, topic simulator). Data only; `get` finds one by name.

Times: a first start needs the minimum off time of 900 s, the valves and pre-circulation, then boot and
tuning of the miners, so that full power is reached about half an hour after the start. Faults of the
heating plant therefore come at FULL_POWER_S.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tools.twin.physics.defaults import Defaults
from tools.twin.physics.weather import FixedDay, SyntheticYear
from tools.twin.plant_model import Initial
from tools.twin.scenario import Event, Scenario

FULL_POWER_S = 2400.0
MILD = Initial(buffer_top_degc=41.0, buffer_bottom_degc=36.0, oil_degc=36.0, water_degc=34.0)
ROOMY = Initial(buffer_top_degc=32.0, buffer_bottom_degc=30.0, oil_degc=32.0, water_degc=30.0)
FULL = Initial(buffer_top_degc=55.5, buffer_bottom_degc=52.0, oil_degc=50.0, water_degc=50.0)
NEARLY_FULL = Initial(buffer_top_degc=54.8, buffer_bottom_degc=52.8, oil_degc=50.0, water_degc=50.0)
ALMOST_FULL = Initial(buffer_top_degc=55.0, buffer_bottom_degc=45.0, oil_degc=45.0, water_degc=45.0)

COLD_TANK = Initial(
    buffer_top_degc=44.0, buffer_bottom_degc=38.0, oil_degc=47.0, water_degc=44.0, dhw_degc=41.0
)
LAZY_FOR_DHW = Defaults(dhw_kg=180.0, dhw_on_degc=38.0, dhw_off_degc=43.0)
"""A heat pump whose own hot water set point is below what the miners are to hold."""


def _local(month: int, day: int, hour: int) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def _fault(what: str, value: object = True, *, at_s: float = FULL_POWER_S) -> Event:
    return Event(at_s, what, value, cause=True)


_BASE = Scenario("base", "", duration_s=4500.0, initial=MILD)


def _story(name: str, text: str, *events: Event, **changes: object) -> Scenario:
    return replace(_BASE, name=name, text=text, events=events, **changes)  # type: ignore[arg-type]


_ALL = (
    # --- normal days
    _story(
        "winter-day",
        "a winter morning: heat for the house; after 48 min the grid operator's signal ends the run",
        Event(2880.0, "grid_block", True),
        Event(3780.0, "grid_block", False),
        duration_s=86_400.0,
    ),
    _story(
        "pv-day",
        "a bright day in May with cloud flicker",
        start=_local(5, 14, 9),
        weather=lambda: FixedDay(14.0, 5.0, clearness=0.6, flickers=True),
        duration_s=36_000.0,
    ),
    _story(
        "buffer-full",
        "transition, no load: little power fills the buffer, recooling for revenue is not allowed",
        start=_local(4, 10, 12),
        weather=lambda: FixedDay(18.0, 4.0),
        initial=NEARLY_FULL,
        request_w=1800.0,
        duration_s=10_800.0,
    ),
    _story(
        "buffer-full-recool",
        "transition, the buffer gets full and recooling pays",
        start=_local(4, 10, 12),
        weather=lambda: FixedDay(16.0, 4.0),
        initial=ALMOST_FULL,
        parameters=(("cooler.economic", True),),
        duration_s=10_800.0,
    ),
    _story(
        "summer-negative-price",
        "a hot noon in July, buffer full, power is free: everything is recooled",
        start=_local(7, 12, 11),
        weather=lambda: FixedDay(26.0, 6.0, clearness=0.8),
        initial=replace(FULL, glycol_degc=26.0),
        parameters=(("cooler.economic", True),),
        duration_s=14_400.0,
    ),
    _story(
        "summer-hot-buffer",
        "a July day, the buffer warm, full power asked for, recooling for revenue is not allowed",
        start=_local(7, 12, 9),
        weather=lambda: FixedDay(24.0, 5.0),
        initial=replace(FULL, buffer_top_degc=49.5, buffer_bottom_degc=46.0, glycol_degc=24.0),
        duration_s=43_200.0,
    ),
    _story("year", "the synthetic year", weather=SyntheticYear, start=_local(1, 1, 0), duration_s=3.15e7),
    _story(
        "hot-water",
        "a winter morning: the tank has a sensor, the heat pump is set lower, so the miners heat it",
        start=_local(1, 15, 10),
        initial=COLD_TANK,
        defaults=LAZY_FOR_DHW,
        request_w=4800.0,
        parameters=(("dhw.present", True),),
        duration_s=14_400.0,
    ),
    _story(
        "buffer-held",
        "a small buffer is full, then a heat pump with a fixed, high set point keeps its top warm",
        initial=FULL,
        defaults=Defaults(buffer_kg=300.0, hp_curve_base_degc=53.0, hp_curve_slope=0.0),
        request_w=4800.0,
        parameters=(("buffer.volume_l", 300.0),),
        duration_s=14_400.0,
    ),
    # --- pumps, valves, cooler
    _story("p3-stops", "P3 stops at full power, the flow switch sees it", _fault("p3_stopped")),
    _story(
        "p3-stops-flow-stuck",
        "P3 stops at full power and the flow switch sticks closed",
        Event(FULL_POWER_S - 60.0, "flow_stuck_closed", True),
        _fault("p3_stopped"),
    ),
    _story("flow-lost", "the flow switch opens although P3 turns", _fault("flow_stuck_open")),
    _story("p4-stops", "P4 stops at full power and reports it", _fault("p4_stopped")),
    _story("p4-blocked", "no water moves at full power and P4 reports nothing", _fault("p4_blocked")),
    _story(
        "valve-stuck",
        "RV1 jams before the buffer gets full: heat keeps going to the buffer although recooling is wanted",
        _fault("rv1_jammed", at_s=1500.0),
        start=_local(4, 10, 12),
        weather=lambda: FixedDay(16.0, 4.0),
        initial=ALMOST_FULL,
        parameters=(("cooler.economic", True),),
        duration_s=10_800.0,
    ),
    _story(
        "valve-stuck-tank",
        "RV2 jams before the hot water tank is charged: its heat keeps going to the buffer",
        _fault("rv2_jammed", at_s=1800.0),
        start=_local(1, 15, 10),
        initial=COLD_TANK,
        defaults=LAZY_FOR_DHW,
        request_w=4800.0,
        parameters=(("dhw.present", True),),
        duration_s=7200.0,
    ),
    _story(
        "cooler-fault",
        "recooling at 32 degC outside, the fan fails",
        _fault("cooler_fault", at_s=3000.0),
        start=_local(7, 12, 11),
        weather=lambda: FixedDay(32.0),
        initial=replace(FULL, glycol_degc=32.0),
        parameters=(("cooler.economic", True),),
        duration_s=7200.0,
    ),
    _story(
        "recool-minus-12",
        "-12 degC, glycol as cold, the buffer nearly full and no load: hot oil asks for recooling",
        weather=lambda: FixedDay(-12.0),
        start=_local(1, 15, 10),
        initial=replace(ALMOST_FULL, glycol_degc=-12.0),
        fixed_load_w=0.0,
        duration_s=9000.0,
    ),
    _story(
        "recool-cold-snap",
        "recooling at 14 degC outside, when it turns -12 degC",
        _fault("t_outdoor_degc", -12.0, at_s=3000.0),
        weather=lambda: FixedDay(14.0),
        start=_local(4, 15, 10),
        initial=replace(FULL, glycol_degc=20.0),
        parameters=(("cooler.economic", True),),
        fixed_load_w=0.0,
        duration_s=9000.0,
    ),
    # --- sensors
    _story("sensor-open", "the oil sensor breaks", _fault("sensor.t_oil_degc", "open")),
    _story(
        "sensor-open-blind",
        "the oil sensor breaks while the miners do not answer: nobody knows the oil temperature",
        Event(FULL_POWER_S - 90.0, "m1.silent"),
        Event(FULL_POWER_S - 90.0, "m2.silent"),
        _fault("sensor.t_oil_degc", "open"),
    ),
    _story(
        "sensor-open-buffer",
        "the sensor at the buffer top breaks",
        _fault("sensor.t_buffer_top_degc", "open"),
    ),
    _story(
        "sensor-frozen",
        "the charge sensor freezes",
        _fault("sensor.t_charge_degc", "frozen"),
        duration_s=9000.0,
    ),
    _story(
        "sensor-silent-tank",
        "the miners heat the hot water when its sensor falls silent",
        _fault("tank_alive", False, at_s=2700.0),
        start=_local(1, 15, 10),
        initial=COLD_TANK,
        defaults=LAZY_FOR_DHW,
        request_w=4800.0,
        parameters=(("dhw.present", True),),
    ),
    _story("sensor-drift", "the oil sensor drifts", _fault("sensor.t_oil_degc", "drift"), duration_s=9000.0),
    # --- people, safety, contactors
    _story(
        "estop-reset",
        "E-stop at full power, released after a minute, acknowledged, reset",
        _fault("estop1"),
        Event(FULL_POWER_S + 60.0, "estop1", False),
        Event(FULL_POWER_S + 90.0, "ack"),
        duration_s=5400.0,
    ),
    _story("key-off", "the owner turns the key off at full power", _fault("key", "off")),
    _story("key-maint", "the key is turned to maintenance at full power", _fault("key", "maint")),
    _story(
        "welded-k10",
        "K10 welds and the grid operator's signal asks for a stop",
        Event(FULL_POWER_S - 60.0, "k10_welded"),
        _fault("grid_block"),
    ),
    _story("grid-block", "the grid operator's signal at full power", _fault("grid_block")),
    # --- the controller itself
    _story(
        "restart-while-heating",
        "the program dies at full power and starts again after 5 s",
        _fault("controller", "kill"),
        Event(FULL_POWER_S + 5.0, "controller", "start"),
    ),
    _story(
        "restart-welded",
        "K10 is welded, the program dies at full power and starts again after 5 s",
        Event(FULL_POWER_S - 60.0, "k10_welded"),
        _fault("controller", "kill"),
        Event(FULL_POWER_S + 5.0, "controller", "start"),
    ),
    _story("hang", "the scan hangs at full power", _fault("controller", "hang")),
    # --- devices on the buses
    _story(
        "miner-silent",
        "miner 1 stops answering at full power",
        _fault("m1.silent"),
        parameters=(("miners.api_expected", True),),
    ),
    _story(
        "miner-ignores-pause",
        "miner 1 ignores the pause",
        Event(FULL_POWER_S - 60.0, "m1.ignores_pause"),
        _fault("grid_block"),
    ),
    _story(
        "pool-dead",
        "the pool is gone: no work, no heat",
        _fault("m1.no_work"),
        Event(FULL_POWER_S, "m2.no_work"),
    ),
    _story("inverter-silent", "the inverter stops answering", _fault("deye_alive", False)),
    _story("modules-lost", "the DIO stops answering", _fault("dio_healthy", False)),
    _story("clock-lost", "the calendar is not synchronised any more", _fault("clock_synchronised", False)),
    _story(
        "dst-day",
        "the night in which the clock is put forward",
        start=_local(3, 29, 1),
        duration_s=14_400.0,
    ),
    _story("sleep", "nothing is asked for; the house rests", request_w=0.0, duration_s=86_400.0),
)

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in _ALL}


def get(name: str, *, flow_latches: bool = True) -> Scenario:
    """A scenario in one of the two chain variants; KeyError names the ones there are."""
    if name not in SCENARIOS:
        raise KeyError(f"no scenario {name!r}; there are {', '.join(sorted(SCENARIOS))}")
    return replace(SCENARIOS[name], flow_latches=flow_latches)
