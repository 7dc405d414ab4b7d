"""Every parameter of the plant: default, unit, limits and order rules, stated once.

Defaults and ranges come from the plant reference (parameter table and the block sections it names).
Whatever nobody has measured on site yet is a parameter with the source "commissioning" and a line in
the commissioning checklist; no number of the process is written anywhere else in the code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from plc.blocks.param import Ordered, Param
from plc.blocks.pump import Curve as Curve
from plc.blocks.valve import Drive as Drive
from plc.energy.parameters import Economics

Number = float


@dataclass(frozen=True, slots=True)
class Scan:
    """The cycle and its dead-man chain."""

    period_ms: Annotated[int, Param("ms", 20, 500, "scan period")] = 100
    watchdog_ms: Annotated[int, Param("ms", 100, 5000, "output watchdog of the driver")] = 1000
    heartbeat_half_period_ms: Annotated[int, Param("ms", 40, 1000, "time between heartbeat edges")] = 250
    watchdog_relay: Annotated[
        bool, Param("", None, None, "relay K12 is in the coil path", source="commissioning")
    ] = False
    watchdog_relay_drop_ms: Annotated[
        int, Param("ms", 500, 10000, "drop time set on relay K12", source="commissioning")
    ] = 2000


@dataclass(frozen=True, slots=True)
class Safety:
    """The hardware chain as it is wired. The program only reads it."""

    flow_latches: Annotated[
        bool, Param("", None, None, "FLOW OK drops the manually reset relay", source="commissioning")
    ] = True
    temp_max_degc: Annotated[
        Number, Param("degC", 60, 75, "setting of the temperature limiter", source="commissioning")
    ] = 68.0
    flow_on_s: Annotated[Number, Param("s", 1, 10, "flow counts as present after")] = 3.0
    flow_off_s: Annotated[Number, Param("s", 0.5, 3, "flow counts as lost after")] = 2.0
    flow_proof_s: Annotated[Number, Param("s", 5, 60, "P3 must show flow within")] = 20.0
    contactor_feedback_s: Annotated[Number, Param("s", 0.3, 3, "contactor answers within")] = 1.0
    io_settle_s: Annotated[Number, Param("s", 2, 60, "valid module status before leaving INIT")] = 10.0


@dataclass(frozen=True, slots=True)
class Oil:
    """Temperature ladder of the miner loop; every step stays below the hardware limiter."""

    set_degc: Annotated[Number, Param("degC", 40, 58, "set point of the oil, held by P4")] = 52.0
    start_max_degc: Annotated[Number, Param("degC", 40, 58, "permissive: colder than this to start")] = 55.0
    protect_degc: Annotated[Number, Param("degC", 35, 55, "from here on P3 and P4 run")] = 45.0
    warn_degc: Annotated[Number, Param("degC", 45, 64, "warning")] = 58.0
    limit_degc: Annotated[Number, Param("degC", 46, 66, "miner power is reduced")] = 60.0
    trip_degc: Annotated[Number, Param("degC", 48, 70, "hard trip")] = 63.0
    trip_delay_s: Annotated[Number, Param("s", 0, 10, "trip temperature present for")] = 3.0
    min_run_degc: Annotated[Number, Param("degC", 5, 30, "colder oil is viscous: reduced power")] = 15.0
    capacity_kj_per_k: Annotated[
        Number, Param("kJ/K", 50, 2000, "heat capacity of oil, boards and tank", source="commissioning")
    ] = 304.0
    cooling_lost_fraction: Annotated[
        Number, Param("", 0.6, 0.95, "share of the adiabatic rate that means: cooling is lost")
    ] = 0.8
    cooling_lost_s: Annotated[Number, Param("s", 60, 300, "that rate present for")] = 120.0
    limit_rate_w_per_min: Annotated[Number, Param("W/min", 100, 1000, "power taken away above limit")] = 300.0

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("set_degc", "warn_degc", "limit_degc", "trip_degc"), 1.0, "warn before limit before trip"),
        Ordered(("protect_degc", "start_max_degc"), 1.0, "a start needs oil above the run-on temperature"),
    )


@dataclass(frozen=True, slots=True)
class HeatProof:
    """Heat carried by the water against electric power (A-008): protects the chips when flow lies."""

    min_power_w: Annotated[Number, Param("W", 300, 3000, "checked above this electric power")] = 1000.0
    after_s: Annotated[Number, Param("s", 60, 1200, "checked after this run time")] = 300.0
    fraction: Annotated[Number, Param("", 0.2, 0.7, "smallest share of the power that must arrive")] = 0.4
    for_s: Annotated[Number, Param("s", 20, 300, "too little heat for")] = 60.0
    effectiveness: Annotated[
        Number, Param("", 0.3, 1.0, "share of the temperature difference that an exchanger transfers")
    ] = 0.7
    armed_fraction: Annotated[
        Number, Param("", 0.3, 1.0, "checked when the exchanger should carry this share of the power")
    ] = 0.6
    water_l: Annotated[
        Number, Param("l", 5, 200, "water between exchanger W1 and sensor B3", source="commissioning")
    ] = 25.0
    chip_for_s: Annotated[Number, Param("s", 1, 60, "second proof present for")] = 5.0
    chip_trip_degc: Annotated[Number, Param("degC", 80, 115, "chip temperature as second proof")] = 100.0
    outlet_over_oil_k: Annotated[
        Number, Param("K", 10, 60, "miner outlet above oil as second proof", source="commissioning")
    ] = 30.0


@dataclass(frozen=True, slots=True)
class Buffer:
    """The buffer tank and its heating curve t_flow(T_out)."""

    full_degc: Annotated[Number, Param("degC", 45, 62, "top: no more heat wanted")] = 55.0
    full_bottom_degc: Annotated[Number, Param("degC", 35, 60, "bottom: no more room")] = 48.0
    resume_degc: Annotated[Number, Param("degC", 42, 59, "top: heat wanted again")] = 50.0
    max_degc: Annotated[Number, Param("degC", 50, 65, "never above", source="commissioning")] = 62.0
    target_offset_k: Annotated[Number, Param("K", 0, 15, "target above the heating curve", remote=True)] = 5.0
    target_max_degc: Annotated[Number, Param("degC", 35, 58, "highest winter target", remote=True)] = 55.0
    transition_target_degc: Annotated[
        Number, Param("degC", 35, 58, "target between seasons", remote=True)
    ] = 47.5
    summer_target_degc: Annotated[Number, Param("degC", 35, 58, "target in summer", remote=True)] = 50.0
    full_for_s: Annotated[Number, Param("s", 10, 900, "full present for")] = 120.0
    resume_for_s: Annotated[Number, Param("s", 10, 1800, "room present for")] = 300.0
    volume_l: Annotated[Number, Param("l", 100, 5000, "water content", source="commissioning")] = 1000.0
    spread_k: Annotated[Number, Param("K", 0, 20, "typical top minus bottom, for a lost sensor")] = 6.0
    lost_sensor_k: Annotated[Number, Param("K", 0, 10, "full and resume lower while a sensor is lost")] = 5.0
    curve_base_degc: Annotated[Number, Param("degC", 20, 50, "flow at 15 degC outside", remote=True)] = 35.0
    curve_slope: Annotated[Number, Param("K/K", 0, 2, "flow per kelvin colder", remote=True)] = 0.55
    curve_min_degc: Annotated[Number, Param("degC", 20, 45, "lowest flow", remote=True)] = 30.0
    curve_max_degc: Annotated[Number, Param("degC", 40, 60, "highest flow", remote=True)] = 55.0
    comfort_min_degc: Annotated[Number, Param("degC", 20, 45, "top below this is a cold house")] = 28.0
    comfort_alarm_s: Annotated[Number, Param("s", 600, 14400, "cold for")] = 3600.0

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("resume_degc", "full_degc"), 3.0, "hysteresis"),
        Ordered(("full_degc", "max_degc"), 1.0, "full before maximum"),
        Ordered(("curve_min_degc", "curve_max_degc"), 1.0, "a curve needs a range"),
    )


@dataclass(frozen=True, slots=True)
class OnOffPump:
    """P3: relay on/off, proved by the flow switch."""

    min_on_s: Annotated[Number, Param("s", 0, 600, "minimum on time")] = 120.0
    min_off_s: Annotated[Number, Param("s", 0, 600, "minimum off time")] = 10.0
    max_starts_per_h: Annotated[int, Param("1/h", 1, 60, "starts per hour")] = 10
    precirc_s: Annotated[Number, Param("s", 10, 120, "runs before the miners")] = 30.0
    precirc_flow_s: Annotated[Number, Param("s", 3, 60, "flow proven before the miners")] = 10.0
    antiseize_after_h: Annotated[Number, Param("h", 24, 168, "exercise after standing for")] = 72.0
    antiseize_run_s: Annotated[Number, Param("s", 30, 300, "exercise for")] = 60.0
    antiseize_hour: Annotated[int, Param("h", 0, 23, "hour of the day of the exercise")] = 10


@dataclass(frozen=True, slots=True)
class VoltagePump:
    """P4 and P5: speed by 0-10 V through the pump's control module."""

    min_pct: Annotated[Number, Param("%", 10, 60, "lowest running set point")]
    kp_pct_per_k: Annotated[Number, Param("%/K", 0.2, 20, "gain; hotter is faster")]
    ti_s: Annotated[Number, Param("s", 10, 1000, "integral time")]
    flow_nominal_m3_per_h: Annotated[Number, Param("m3/h", 0.2, 5, "flow at 100 %", source="commissioning")]
    slew_v_per_s: Annotated[Number, Param("V/s", 0.1, 10, "fastest change of the output")] = 1.0
    min_on_s: Annotated[Number, Param("s", 0, 600, "minimum on time")] = 60.0
    min_off_s: Annotated[Number, Param("s", 0, 600, "minimum off time")] = 30.0
    precirc_s: Annotated[Number, Param("s", 5, 120, "runs before the miners")] = 15.0
    protect_pct: Annotated[Number, Param("%", 30, 100, "at least this while heat must be removed")] = 60.0
    stroke_pct: Annotated[Number, Param("%", 10, 100, "while a valve moves")] = 40.0


@dataclass(frozen=True, slots=True)
class Valve:
    """RV1 and RV2: three-way ball valve that holds its position without power."""

    drive: Annotated[Drive, Param("", None, None, "wiring of the two relays", source="commissioning")] = (
        Drive.THREE_POINT
    )
    run_s: Annotated[Number, Param("s", 30, 150, "time for 90 degrees", source="commissioning")] = 75.0
    overdrive: Annotated[Number, Param("", 1.05, 1.5, "end positions are driven this much longer")] = 1.2
    dead_s: Annotated[Number, Param("s", 0.3, 5, "both relays off between directions")] = 1.0
    resync_strokes: Annotated[int, Param("", 5, 200, "synchronise after this many strokes")] = 20
    resync_h: Annotated[Number, Param("h", 1, 168, "synchronise after this time")] = 24.0
    exercise_h: Annotated[Number, Param("h", 24, 720, "exercise stroke after standing for")] = 168.0
    service_strokes: Annotated[int, Param("", 1000, 1000000, "service value")] = 50000


@dataclass(frozen=True, slots=True)
class Cooler:
    """Dry cooler: fan K2 with the glycol pump P5."""

    on_degc: Annotated[Number, Param("degC", 40, 60, "oil: fan on")] = 55.0
    off_degc: Annotated[Number, Param("degC", 35, 56, "oil: fan off")] = 48.0
    min_on_s: Annotated[Number, Param("s", 60, 900, "minimum on time")] = 180.0
    min_off_s: Annotated[Number, Param("s", 60, 900, "minimum off time")] = 180.0
    max_starts_per_h: Annotated[int, Param("1/h", 1, 20, "starts per hour")] = 6
    p5_before_fan_s: Annotated[Number, Param("s", 5, 120, "P5 runs before the fan")] = 15.0
    glycol_start_degc: Annotated[Number, Param("degC", 5, 30, "glycol: fan may start above")] = 15.0
    glycol_stop_degc: Annotated[Number, Param("degC", 3, 25, "glycol: fan stops below")] = 12.0
    blind_outdoor_degc: Annotated[
        Number, Param("degC", 5, 30, "glycol sensor lost: recooling only when warmer outside")
    ] = 10.0
    min_recool_s: Annotated[Number, Param("s", 60, 3600, "recooling lasts at least")] = 600.0
    recool_oil_degc: Annotated[Number, Param("degC", 50, 62, "oil: recool although the buffer has room")] = (
        57.0
    )
    recool_oil_s: Annotated[Number, Param("s", 10, 600, "that temperature present for")] = 60.0
    weak_approach_k: Annotated[
        Number, Param("K", 10, 40, "oil over air: recooling is weak", source="commissioning")
    ] = 32.0
    weak_for_s: Annotated[Number, Param("s", 60, 3600, "weak for")] = 600.0
    quiet_from_h: Annotated[int, Param("h", 0, 23, "quiet hours begin", remote=True)] = 22
    quiet_to_h: Annotated[int, Param("h", 0, 23, "quiet hours end", remote=True)] = 6
    quiet: Annotated[bool, Param("", None, None, "quiet hours: no economic recooling", remote=True)] = True
    economic: Annotated[
        bool, Param("", None, None, "recooling for revenue alone is allowed", remote=True)
    ] = False
    antiseize_h: Annotated[Number, Param("h", 24, 720, "exercise after standing for")] = 168.0
    antiseize_run_s: Annotated[Number, Param("s", 10, 120, "exercise for")] = 30.0

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("off_degc", "on_degc"), 4.0, "hysteresis"),
        Ordered(("glycol_stop_degc", "glycol_start_degc"), 1.0, "hysteresis"),
    )


@dataclass(frozen=True, slots=True)
class Frost:
    """Frost protection of plate exchanger W2, of circuit B and of the buffer."""

    glycol_min_degc: Annotated[Number, Param("degC", 3, 10, "glycol: guard the exchanger below")] = 5.0
    glycol_alarm_degc: Annotated[Number, Param("degC", 0, 6, "glycol: alarm below")] = 3.0
    water_min_degc: Annotated[Number, Param("degC", 4, 15, "water: circulate below")] = 8.0
    outdoor_degc: Annotated[Number, Param("degC", -5, 8, "outside: frost watch below")] = 3.0
    clear_k: Annotated[Number, Param("K", 1, 10, "clears above trigger plus")] = 3.0
    clear_for_s: Annotated[Number, Param("s", 60, 3600, "clear for")] = 900.0
    p4_pct: Annotated[Number, Param("%", 20, 100, "P4 while circulating")] = 30.0
    guard_p4_pct: Annotated[Number, Param("%", 30, 100, "P4 while guarding W2")] = 60.0
    run_s: Annotated[Number, Param("s", 60, 1800, "circulate for")] = 300.0
    every_s: Annotated[Number, Param("s", 300, 7200, "circulate every")] = 1800.0

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("glycol_alarm_degc", "glycol_min_degc"), 1.0, "guard before alarm"),
        Ordered(("run_s", "every_s"), 60.0, "a pause between two runs"),
    )


@dataclass(frozen=True, slots=True)
class Miners:
    """Both miners and their contactors."""

    power_min_w: Annotated[
        Number, Param("W", 500, 3000, "lowest power per miner", source="commissioning")
    ] = 1200.0
    power_max_w: Annotated[
        Number, Param("W", 1000, 3600, "highest power per miner", source="commissioning")
    ] = 3200.0
    power_step_w: Annotated[Number, Param("W", 50, 500, "resolution of the power target")] = 100.0
    ramp_up_w_per_min: Annotated[Number, Param("W/min", 50, 2000, "power rise")] = 300.0
    ramp_down_w_per_min: Annotated[Number, Param("W/min", 50, 2000, "power fall, protection excepted")] = (
        100.0
    )
    min_on_s: Annotated[Number, Param("s", 300, 7200, "minimum on time")] = 1800.0
    min_off_s: Annotated[Number, Param("s", 300, 7200, "minimum off time")] = 900.0
    return_rest_s: Annotated[
        Number, Param("s", 300, 14400, "second miner that hot oil took away: first rest")
    ] = 1800.0
    stagger_s: Annotated[Number, Param("s", 5, 120, "between the two contactors")] = 30.0
    max_cycles_per_day: Annotated[int, Param("1/d", 1, 48, "contactor cycles per miner and day")] = 8
    service_cycles: Annotated[int, Param("", 1000, 1000000, "service value of a contactor")] = 100000
    request_on_s: Annotated[Number, Param("s", 0, 600, "request present for, to start")] = 60.0
    request_off_s: Annotated[Number, Param("s", 0, 1800, "request absent for, to stop")] = 180.0
    start_timeout_s: Annotated[Number, Param("s", 60, 600, "start sequence lasts at most")] = 240.0
    ramp_timeout_s: Annotated[Number, Param("s", 300, 3600, "RAMP lasts at most")] = 1200.0
    ramp_done_fraction: Annotated[Number, Param("", 0.2, 0.9, "share of the target that ends RAMP")] = 0.5
    overrun_s: Annotated[Number, Param("s", 120, 1800, "cool-down lasts at most")] = 600.0
    overrun_min_s: Annotated[Number, Param("s", 0, 600, "cool-down lasts at least: chips above oil")] = 120.0
    overrun_k: Annotated[Number, Param("K", 1, 15, "oil over water: cool-down done")] = 5.0
    soft_stop_s: Annotated[Number, Param("s", 5, 300, "pause before the contactor opens")] = 60.0
    idle_w: Annotated[Number, Param("W", 20, 300, "below this a miner counts as stopped")] = 100.0
    feedback_retry_s: Annotated[Number, Param("s", 60, 1800, "retry after missing contactor feedback")] = (
        300.0
    )
    feedback_retries: Annotated[int, Param("", 0, 10, "retries before giving up")] = 3
    boot_s: Annotated[Number, Param("s", 30, 600, "a miner with fresh supply answers within")] = 180.0
    api_stale_s: Annotated[Number, Param("s", 10, 600, "no answer: keep, do not raise")] = 60.0
    api_dead_s: Annotated[Number, Param("s", 60, 1800, "no answer: soft stop")] = 300.0
    dead_retry_s: Annotated[Number, Param("s", 600, 86400, "a given-up miner is tried again after")] = 3600.0
    api_expected: Annotated[
        bool, Param("", None, None, "a driver talks to the miners' own interface", source="commissioning")
    ] = False
    off_on_grid_block: Annotated[bool, Param("", None, None, "grid operator's signal stops the miners")] = (
        True
    )

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("power_min_w", "power_max_w"), 100.0, "a working range"),
        Ordered(("api_stale_s", "api_dead_s"), 1.0, "stale before dead"),
        Ordered(("overrun_min_s", "overrun_s"), 0.0, "least before most"),
        Ordered(("idle_w", "power_min_w"), 100.0, "a stopped miner is told from a running one"),
    )


@dataclass(frozen=True, slots=True)
class HpBlock:
    """K7, the heat pump block at input I1. Never blocked in any doubt."""

    permitted: Annotated[bool, Param("", None, None, "blocking is used at all", source="commissioning")] = (
        True
    )
    by_value: Annotated[bool, Param("", None, None, "also block for the value of stored heat")] = False
    by_request: Annotated[bool, Param("", None, None, "also block on a remote request")] = True
    block_min_s: Annotated[Number, Param("s", 600, 3600, "shortest useful block")] = 900.0
    block_max_s: Annotated[Number, Param("s", 600, 7200, "longest block")] = 7200.0
    free_min_s: Annotated[Number, Param("s", 600, 7200, "free between two blocks, at least")] = 1800.0
    max_s_per_day: Annotated[Number, Param("s", 0, 21600, "blocked in any 24 h")] = 21600.0
    max_blocks_per_day: Annotated[int, Param("1/d", 0, 12, "blocks in any 24 h")] = 6
    hp_min_run_s: Annotated[Number, Param("s", 0, 3600, "heat pump free before a block")] = 1200.0
    outdoor_min_degc: Annotated[Number, Param("degC", -15, 10, "no block when colder")] = -5.0
    release_offset_k: Annotated[Number, Param("K", -10, 5, "release below the heating curve plus")] = -2.0
    block_offset_k: Annotated[Number, Param("K", 0, 15, "block above the heating curve plus")] = 4.0
    release_for_s: Annotated[Number, Param("s", 0, 600, "too cold for")] = 120.0
    heat_fraction: Annotated[Number, Param("", 0.3, 1.5, "miner heat against estimated load")] = 0.7
    no_heat_s: Annotated[Number, Param("s", 60, 3600, "miners without heat for: release")] = 600.0

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("release_offset_k", "block_offset_k"), 6.0, "hysteresis of release and block"),
        Ordered(("block_min_s", "block_max_s"), 0.0, "a block fits its limits"),
    )


@dataclass(frozen=True, slots=True)
class House:
    """What the house needs, as far as it can be estimated without a heat meter."""

    load_w_per_k: Annotated[Number, Param("W/K", 50, 1000, "heat loss", source="commissioning")] = 291.0
    heating_limit_degc: Annotated[Number, Param("degC", 10, 20, "no heating above")] = 15.5
    pv_peak_kw: Annotated[
        Number, Param("kW", 0, 100, "solar plant, for the first forecasts", source="commissioning")
    ] = 12.0
    load_kwh_per_year: Annotated[
        Number, Param("kWh", 500, 50000, "household without miners and heat pump", source="commissioning")
    ] = 4000.0
    hp_capacity_w: Annotated[
        Number, Param("W", 2000, 30000, "heat pump at -7 degC outside", source="commissioning")
    ] = 9500.0


@dataclass(frozen=True, slots=True)
class Dhw:
    """Domestic hot water. The heat pump makes it; miners help where the tank has a sensor and a route."""

    present: Annotated[
        bool, Param("", None, None, "the tank has a sensor, devices.hot_water", source="commissioning")
    ] = False
    demand_degc: Annotated[Number, Param("degC", 38, 55, "charge below")] = 45.0
    over_k: Annotated[Number, Param("K", 3, 20, "oil must be hotter than the tank by")] = 8.0
    disinfect_weekday: Annotated[int, Param("", 0, 6, "day of disinfection, Monday is 0", remote=True)] = 2
    disinfect_hour: Annotated[int, Param("h", 0, 23, "its first hour", remote=True)] = 13
    disinfect_h: Annotated[int, Param("h", 0, 8, "its length, 0 = none", remote=True)] = 3


@dataclass(frozen=True, slots=True)
class Season:
    """Winter and summer from the 24-hour mean outside."""

    winter_below_degc: Annotated[Number, Param("degC", 5, 18, "winter below", remote=True)] = 12.0
    summer_above_degc: Annotated[Number, Param("degC", 10, 25, "summer above", remote=True)] = 17.0
    hysteresis_k: Annotated[Number, Param("K", 0, 3, "hysteresis")] = 1.0
    dwell_h: Annotated[Number, Param("h", 1, 96, "stays at least")] = 24.0
    jump_k: Annotated[Number, Param("K", 3, 15, "changes at once beyond")] = 5.0
    override_max_h: Annotated[Number, Param("h", 1, 336, "override lasts at most")] = 336.0

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("winter_below_degc", "summer_above_degc"), 3.0, "a season between"),
    )


@dataclass(frozen=True, slots=True)
class Fallback:
    """What counts as old, and what then."""

    sensor_hold_s: Annotated[Number, Param("s", 0, 30, "a bad sensor keeps its last value for")] = 3.0
    deye_stale_s: Annotated[Number, Param("s", 5, 600, "inverter data stale after")] = 15.0
    deye_dead_s: Annotated[Number, Param("s", 30, 3600, "inverter data dead after")] = 120.0
    remote_hand: Annotated[bool, Param("", None, None, "manual operation from afar is allowed")] = False
    hand_max_s: Annotated[Number, Param("s", 10, 86400, "manual operation lasts at most")] = 3600.0
    energy_expected: Annotated[
        bool, Param("", None, None, "this site has an inverter that must answer", source="commissioning")
    ] = False
    hold_without_energy_s: Annotated[
        Number, Param("s", 0, 1800, "miners keep running without inverter data for, 0 = stop")
    ] = 0.0
    request_ttl_s: Annotated[Number, Param("s", 30, 3600, "longest remote request")] = 300.0

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("deye_stale_s", "deye_dead_s"), 1.0, "stale before dead"),
    )


@dataclass(frozen=True, slots=True)
class Request:
    """How much miner power the site asks for: the decision engine, or a fixed value."""

    automatic: Annotated[
        bool, Param("", None, None, "the decision engine chooses the power, not power_w", remote=True)
    ] = False
    power_w: Annotated[
        Number, Param("W", 0, 7200, "requested power of both miners together", remote=True)
    ] = 0.0


@dataclass(frozen=True, slots=True)
class Parameters:
    """All parameters of the plant, one group per concept."""

    scan: Scan = field(default_factory=Scan)
    safety: Safety = field(default_factory=Safety)
    oil: Oil = field(default_factory=Oil)
    heat_proof: HeatProof = field(default_factory=HeatProof)
    buffer: Buffer = field(default_factory=Buffer)
    p3: OnOffPump = field(default_factory=OnOffPump)
    p4: VoltagePump = field(default_factory=lambda: VoltagePump(20.0, 4.0, 120.0, 1.0))
    p5: VoltagePump = field(default_factory=lambda: VoltagePump(30.0, 4.0, 90.0, 1.2))
    rv1: Valve = field(default_factory=Valve)
    rv2: Valve = field(default_factory=Valve)
    cooler: Cooler = field(default_factory=Cooler)
    frost: Frost = field(default_factory=Frost)
    miners: Miners = field(default_factory=Miners)
    hp_block: HpBlock = field(default_factory=HpBlock)
    house: House = field(default_factory=House)
    dhw: Dhw = field(default_factory=Dhw)
    season: Season = field(default_factory=Season)
    fallback: Fallback = field(default_factory=Fallback)
    request: Request = field(default_factory=Request)
    economics: Economics = field(default_factory=Economics)

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("oil.trip_degc", "safety.temp_max_degc"), 3.0, "the program trips before the hardware"),
        Ordered(("cooler.on_degc", "oil.limit_degc"), 1.0, "recool before power is reduced"),
    )
