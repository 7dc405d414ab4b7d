"""The named conditions of one scan: what every rule of the plant refers to.

Sensing computes them once, at the top of the scan; interlocks, trips, transitions and alarms only ever
combine these names. A name says what is known (`contactor_closed` is a feedback, `enable_on` a command),
and a temperature without a trustworthy reading is None, never a number.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from plc.blocks.core import Block


@dataclass(slots=True)
class Facts(Block):
    """Plain data, rewritten in every scan; part of the plant's state so that a restored plant continues."""

    # modules
    dio_healthy: bool = False
    aio_healthy: bool = False
    io_settled: bool = False  # valid module status for io_settle_s since start
    # hardware safety chain, read only
    safety_ok: bool = False
    estop1_ok: bool = False
    estop2_ok: bool = False
    temp_max_ok: bool = False
    flow_ok: bool = False  # debounced: present for flow_on_s, lost for flow_off_s
    flow_fell: bool = False  # the switch opened while a miner was on, and has not closed since
    flow_steady: bool = False  # flow_ok for precirc_flow_s
    oil_ok: bool = False  # flow, valid oil temperature below trip, limiter closed
    # contactors: feedback, or the last known feedback while the module is not healthy
    contactor1_closed: bool = False
    contactor2_closed: bool = False
    contactor_closed: bool = False
    contactor_on_s: float = 0.0  # since any contactor closed; 0 while all are open
    contactor_fault: bool = False  # a contactor does not answer to its command (no feedback)
    contactor_welded: bool = False
    # other discrete inputs
    cooler_ok: bool = False
    p4_ssm_ok: bool = False
    p5_ssm_ok: bool = False
    grid_block: bool = False
    # operator
    key_auto: bool = False
    key_maint: bool = False
    key_fault: bool = False
    auto: bool = False  # key AUTO and no remote OFF
    ack: bool = False  # acknowledge button, rising edge
    # temperatures in degC; None = no trustworthy value
    b1_valid: bool = False
    t_oil: float | None = None  # B1, or the hottest miner outlet as second opinion
    t_top: float | None = None
    t_bottom: float | None = None
    t_charge: float | None = None
    t_glycol: float | None = None
    t_outdoor: float | None = None
    oil_valid: bool = False
    oil_trip: bool = False
    oil_warn: bool = False
    oil_above_limit: bool = False
    oil_cool_enough: bool = False  # permissive to start
    oil_hot: bool = False  # protection: heat must be carried away
    oil_viscous: bool = False
    oil_cold_for_fan: bool = False
    glycol_cold: bool = False  # W2 guard threshold
    glycol_below_stop: bool = False
    glycol_above_start: bool = False
    outlet_below_oil: bool = False  # a miner outlet reads clearly colder than the oil around it
    top_above_max: bool = False
    # heat balance
    power_w: float = 0.0  # electric power of the miners: measured, estimated, or assumed
    power_known: bool = True  # nothing of it is assumed
    heat_w: float | None = None  # heat arriving in the water; None = cannot be told
    heat_expected: bool = False
    heat_missing: bool = False
    cooling_lost: bool = False
    chips_hot: bool = False
    # what is commanded and proven, as of the last scan
    enable_on: bool = False
    miner_powered: bool = False  # an enable or a contactor is on, once the start is settled
    p3_on: bool = False
    p4_pct: float = 0.0
    p4_at_minimum: bool = False
    p5_pct: float = 0.0
    p3_proven: bool = False  # ran for precirc_s with steady flow
    p4_proven: bool = False
    p5_proven: bool = False
    p5_ready: bool = False  # proven, or not needed by the route
    fan_on: bool = False
    route_ready: bool = False  # both valves at the end positions of the wanted route
    path_open: bool = False  # both valve positions known: a way for the water exists
    rv1_at_a: bool = False
    rv1_at_b: bool = False
    valve_conflict: bool = False
    # demand
    request_w: float = 0.0
    request_miners: int = 0  # on how many miners the request reckons; 0 = on any number
    granted_w: float = 0.0
    request_stands: bool = False
    request_gone: bool = False
    buffer_full: bool = False
    buffer_room: bool = False
    oil_wants_recool: bool = False
    oil_calm: bool = False  # below the temperature at which the fan would start
    recool_possible: bool = False  # cooler, P5, glycol and weather allow it
    recool_allowed: bool = False  # possible, and protection or economics want it
    recool_for_protection: bool = False
    recool_min_over: bool = False
    buffer_held: bool = False  # warm for so long after it was full that something else must be heating it
    buffer_takes_heat: bool = False  # until full, or too hot for the oil; again with room, or once emptied
    sink_available: bool = False
    route_is_recool: bool = False
    route_is_dhw: bool = False
    m1_ready: bool = False  # minimum off time over, contactor willing
    m1_saved_high: bool = False  # would start by itself at more than the oil can take now
    m2_saved_high: bool = False
    m2_ready: bool = False
    min_off_over: bool = False
    min_on_over: bool = False
    miner_available: bool = False
    heat_flows: bool = False  # RAMP is done
    miners_stopped: bool = True  # no enable, no contactor
    cooled_down: bool = True
    dhw_wanted: bool = False
    t_dhw: float | None = None
    dhw_cold: bool = False  # below its demand temperature
    dhw_in_vain: bool = False  # charged for long, and the tank has not gained
    dhw_in_vain_latched: bool = False  # until acknowledged
    dhw_unknown: bool = False  # there is a tank sensor, and it says nothing
    disinfection: bool = False
    exercise: bool = False  # anti-seize run of the recooling branch
    frost: bool = False
    frost_circulate: bool = False
    frost_guard: bool = False  # exchanger W2 is being kept warm from the water side
    maint_locked: bool = False  # maintenance: cool-down is over, nothing starts by itself
    hp_blocked: bool = False  # by us or by the grid operator
    summer: bool = False
    winter: bool = False
    outdoor_mean: float | None = None
    load_w: float | None = None  # estimated heat demand of the house
    top_below_release: bool = False
    top_below_curve: bool = False  # known to be colder than the house needs now
    top_above_block: bool = False
    top_cold_for_block: bool = False
    too_cold_to_block: bool = True
    dhw_blocks: bool = False  # hot water needs the heat pump now
    buffer_covers: bool = False  # energy above the release threshold covers the load for block_min
    heat_covers: bool = False  # miner heat covers its share of the load
    heat_absent: bool = False  # miners without heat for no_heat_s
    block_possible: bool = False  # for its value a block would be granted now, or goes on
    block_valuable: bool = False  # plan or marginal value wants the heat pump to wait
    block_requested: bool = False  # a remote lease asks for the block
    block_vetoed: bool = False  # a remote lease wants the heat pump free
    # manual operation: "on", "off" or "" per actuator
    hand_p3: str = ""
    hand_p4: str = ""
    hand_p5: str = ""
    hand_cooler: str = ""
    hand_rv1: str = ""
    hand_rv2: str = ""
    # what only alarms look at
    first_out: str = ""  # which input of the safety chain fell first
    chain_tripped: bool = False  # the chain opened while a miner was on, not acknowledged yet
    reset_wanted: bool = False
    cycles_of_day_used: bool = False
    cycles_service: bool = False
    strokes_service: bool = False
    route_retry: bool = False  # RV1 is driven home because no heat arrived in the glycol
    route_implausible: bool = False
    route_implausible_latched: bool = False  # until acknowledged
    recool_weak: bool = False
    glycol_alarm: bool = False
    buffer_cold: bool = False
    circuit_cold: bool = False  # a whole run of the frost circulation has not warmed circuit B
    top_cold: bool = False
    energy_used: bool = False
    energy_stale: bool = False
    energy_dead: bool = False
    energy_mismatch: bool = False
    meter_dead: bool = False
    mqtt_down: bool = False
    mqtt_refused: bool = False  # account or name: trying again does not help
    certificate_ends: bool = False  # within a month
    optimiser_silent: bool = False
    prices_missing: bool = False
    clock_free: bool = False
    system_limits: bool = False
    retained_refused: bool = False
    config_invalid: bool = False
    miner_stale: bool = False
    miner1_dead: bool = False
    miner1_unfit: bool = False  # its driver cannot command it: with supply it would start by itself
    miner2_unfit: bool = False
    miner2_dead: bool = False
    miner_fault: bool = False
    miner_weak: bool = False  # hashes clearly less than its power should give
    miner_auth: bool = False
    sensor_fault: bool = False
    sensors_disagree: bool = False
    block_overtime: bool = False
    scan_overrun: bool = False
    restarted: bool = False
    k12_failed: bool = False
    hand_active: bool = False
    # latched trips by name, for the alarms that belong to them
    trip_flow: bool = False
    trip_oil: bool = False
    trip_cooling: bool = False
    trip_heat: bool = False
    trip_start: bool = False
    trip_p3: bool = False
    trip_valve: bool = False
    trip_modules: bool = False
    # outcome of the trips
    hard_trip: bool = False
    hard_latched: bool = False
    start_timeout: bool = False
    p3_needed: bool = False  # a state in which P3 must show flow
    grid_stop: bool = False
    thermal_exhausted: bool = False  # power cannot be reduced any further, oil still above the limit
    soft_trip: bool = False


Facts.STATE = tuple(field.name for field in fields(Facts))
