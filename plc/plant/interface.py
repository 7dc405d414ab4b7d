"""What goes into one step of the plant and what comes out: plain data, recorded as it is.

`Plant.step(inputs, tick)` depends on nothing but its arguments, its parameters and the retained data
it was built from. Field names of the image are the signal names of `plc.plant.signals`.

A command and its proof are different fields (`m1_enable`, `k10_fb`), and a field that ends in a unit
carries that unit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from plc.blocks.core import NEVER, Reading, State
from plc.energy.plan_values import PlanValues
from plc.energy.revenue import HashPrice
from plc.energy.tariff import SpotPrices


@dataclass(frozen=True, slots=True)
class ImageInputs:
    """The inputs of the process image after scaling and quality.

    A discrete input is a bool that has already been replaced by its fail value (False) while its
    module is not healthy; module health is an input of its own so that "contactor feedback off"
    and "nobody knows" can be told apart.
    """

    dio_healthy: bool
    aio_healthy: bool
    safety_ok: bool = False
    estop1_ok: bool = False
    estop2_ok: bool = False
    flow_ok: bool = False
    temp_max_ok: bool = False
    k10_fb: bool = False
    k11_fb: bool = False
    cooler_ok: bool = False
    p4_ssm_ok: bool = False
    p5_ssm_ok: bool = False
    ack_pb: bool = False
    mode_auto: bool = False
    mode_maint: bool = False
    grid_block: bool = False
    t_oil_degc: Reading = NEVER
    t_buffer_top_degc: Reading = NEVER
    t_charge_degc: Reading = NEVER
    t_buffer_bottom_degc: Reading = NEVER
    t_glycol_degc: Reading = NEVER
    t_outdoor_degc: Reading = NEVER


class ImageOutputs(NamedTuple):
    """The outputs of the process image. The defaults are the safe image: everything zero.

    Pump setpoints are in percent of the pump's working range, 0 = stop; the image layer converts
    them to volts with the curve that the site file names.
    """

    p3_on: bool = False
    cooler_on: bool = False
    rv1_a: bool = False
    rv1_b: bool = False
    rv2_a: bool = False
    rv2_b: bool = False
    hp_block: bool = False
    m1_enable: bool = False
    m2_enable: bool = False
    heartbeat: bool = False
    horn: bool = False
    lamp_fault: bool = False
    lamp_run: bool = False
    reset_lamp: bool = False
    p4_setpoint_pct: float = 0.0
    p5_setpoint_pct: float = 0.0


SAFE_OUTPUTS = ImageOutputs()
"""All outputs zero: miners off, heat pump free, valves hold, pumps stop."""


class MinerState(StrEnum):
    """What a miner's own interface reports, in our words."""

    UNKNOWN = "unknown"  # no answer yet, or none any more
    BOOTING = "booting"
    TUNING = "tuning"
    MINING = "mining"
    PAUSED = "paused"
    NO_WORK = "no_work"  # powered and willing, but the pool gives nothing to do
    FAULT = "fault"


class MinerCondition(StrEnum):
    """What is wrong or limited at a miner beyond its state; the plant makes alarms and permissives of it.

    The first four mean that the driver cannot command this miner at all: its contactor must not be
    closed, because a miner with supply starts by itself.
    """

    SECRET_MISSING = "secret_missing"
    AUTH_REJECTED = "auth_rejected"  # password or token refused
    FIRMWARE_UNSUPPORTED = "firmware_unsupported"
    NO_COMMON_POWER = "no_common_power"  # firmware limits and site limits do not overlap
    PAUSE_IGNORED = "pause_ignored"  # repeated, without effect: open the contactor
    TARGET_IGNORED = "target_ignored"  # written, read back different, repeated
    POWER_OFF_TARGET = "power_off_target"  # settled for long, consumption is elsewhere
    THROTTLED = "throttled"  # the firmware lowered the target by itself because it is hot
    THERMAL_STOP = "thermal_stop"  # the firmware stopped because it is hot
    RECOVERY_EXHAUSTED = "recovery_exhausted"  # resume, restart and reboot did not bring it back
    FOREIGN_WRITE = "foreign_write"  # somebody else changed the target
    CONFIG_DRIFT = "config_drift"  # cooling or tuner mode is not what the site expects, or has changed
    NO_BOARD_SENSOR = "no_board_sensor"
    WRITES_EXHAUSTED = "writes_exhausted"  # daily budget of target writes
    STARTS_HIGH = "starts_high"  # more starts a day than planned


@dataclass(frozen=True, slots=True)
class MinerInputs:
    """One miner as its own interface and its meter see it; `requested` is what we wrote last."""

    state: MinerState = MinerState.UNKNOWN
    answered_ns: int | None = None  # monotonic time of the last good answer
    power_active_w: Reading = NEVER  # target that the miner says is in force
    power_estimated_w: Reading = NEVER  # consumption that the miner estimates
    power_metered_w: Reading = NEVER  # consumption that an energy meter measures
    hashrate_ths: Reading = NEVER
    t_chip_degc: Reading = NEVER  # hottest chip
    t_outlet_degc: Reading = NEVER  # hottest board outlet
    power_min_w: Reading = NEVER  # lowest target that the miner accepts
    power_max_w: Reading = NEVER
    power_requested_w: Reading = NEVER  # power level written last, and when
    saved_target_w: Reading = NEVER  # the miner's own memory: it starts here when it gets supply again
    ready_to_open: bool = False  # parked at its lowest target, paused and without power: may lose supply
    conditions: tuple[MinerCondition, ...] = ()
    curve_w: tuple[float, ...] = ()  # its efficiency curve, rising and judged: electrical power ...
    curve_ths: tuple[float, ...] = ()  # ... and hash rate; empty: the curve of the site file counts


@dataclass(frozen=True, slots=True)
class EnergyInputs:
    """House and inverter. Signs: grid > 0 is import, battery > 0 is discharge, load includes miners."""

    pv_w: Reading = NEVER
    battery_soc_pct: Reading = NEVER
    battery_w: Reading = NEVER
    grid_w: Reading = NEVER
    load_w: Reading = NEVER
    grid_meter_w: Reading = NEVER  # independent meter at the grid connection, import > 0


@dataclass(frozen=True, slots=True)
class MarketInputs:
    """What others say about prices, each with its own time inside; nobody renews it in the scan.

    spot: quarter-hour prices. hash_price: received one, None = the parameter. plan: values of the
    planner, None without one. pool_ok False: the miners have no work, so they earn nothing.
    """

    spot: SpotPrices = field(default_factory=SpotPrices)
    hash_price: HashPrice | None = None
    plan: PlanValues | None = None
    pool_ok: bool = True


@dataclass(frozen=True, slots=True)
class WallTime:
    """The calendar as an input. Not synchronised means: schedules and tariffs do not apply.

    unix_s: seconds since 1970 UTC. utc_offset_s: local time minus UTC, daylight saving included.
    """

    unix_s: int = 0
    utc_offset_s: int = 0
    synchronised: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A request of a person or of another program; a lower level can only choose what is left.

    name:  from the closed list of the command table. value: plain data checked by the receiver.
    expires_ns: monotonic; an expired command never acts. id: for the result and the audit log.
    """

    name: str
    value: object
    source: str
    received_ns: int
    expires_ns: int | None = None
    id: str = ""
    reason: str = ""

    def expired(self, now_ns: int) -> bool:
        """True when it came too late to act."""
        return self.expires_ns is not None and self.expires_ns <= now_ns

    def answer(self, code: str, reason: str = "") -> CommandResult:
        """The result that belongs to it."""
        return CommandResult(self.id, self.name, self.source, code == "applied", code, reason)


@dataclass(frozen=True, slots=True)
class ScanInputs:
    """What the cycle says about itself: an input like any other, so that a recording has it.

    overrun: more than 5 periods late in 3 of the last 100 scans (A-080, priority 3).
    restarted: why this plant object was built, in its first scan only ("start", "unclean_start",
               "scan_gap"; A-083); "" in every other scan.
    """

    overrun: bool = False
    restarted: str = ""


@dataclass(frozen=True, slots=True)
class HealthInputs:
    """What the rest of the program says about itself. None = this site does not use it, so no alarm.

    mqtt_ok: connected. account_ok: the broker takes our account and nobody else uses our name.
    certificates_ok: none of them ends within a month. optimiser_ok: its heartbeat is fresh. meter_ok: the
    house meter answers.
    prices_ok: a price for the present quarter hour exists. system_ok: disk, load, temperature in order.
    retained_ok: the stored data of the last run were good. config_ok: the site files are valid.
    """

    mqtt_ok: bool | None = None
    account_ok: bool | None = None
    certificates_ok: bool | None = None
    optimiser_ok: bool | None = None
    meter_ok: bool | None = None
    prices_ok: bool | None = None
    system_ok: bool | None = None
    retained_ok: bool | None = None
    config_ok: bool | None = None


@dataclass(frozen=True, slots=True)
class PlantInputs:
    """Everything one step depends on."""

    image: ImageInputs
    wall: WallTime = WallTime()
    energy: EnergyInputs = EnergyInputs()
    miners: tuple[MinerInputs, MinerInputs] = (MinerInputs(), MinerInputs())
    commands: tuple[Command, ...] = ()
    scan: ScanInputs = ScanInputs()
    health: HealthInputs = HealthInputs()
    t_dhw_degc: Reading = NEVER  # hot water tank, from a second module or the heat pump's bus
    market: MarketInputs = MarketInputs()


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Answer to one command, in the scan that took it.

    code: applied, expired, invalid, not_allowed, interlock or mode.
    """

    id: str
    name: str
    source: str
    ok: bool
    code: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MinerWish:
    """What the miner's driver shall reconcile: latest wins, no queue.

    A stop parks the saved target first and pauses then; `urgent` pauses first. Less power is written at
    once with `urgent` (protection), otherwise after minutes: set it when heat must be taken away.
    """

    run: bool = False
    power_w: float = 0.0
    urgent: bool = False  # safety or protection: no write spacing, no waiting for soft steps


@dataclass(frozen=True, slots=True)
class Event:
    """A transition worth remembering. Codes, never sentences: the text belongs to the presentation."""

    now_ns: int
    subject: str
    code: str
    before: str = ""
    after: str = ""
    reason: str = ""
    values: tuple[tuple[str, float], ...] = ()


class PlantStatus(NamedTuple):
    """What the plant says about itself in this scan; the link, the live view and the log read it."""

    state: str
    mode: str
    reason: str = ""  # of the last change of state
    season: str = ""
    route: str = ""
    requested_power_w: float = 0.0
    granted_power_w: float = 0.0
    limited_by: str = ""
    power_source: str = ""  # whose request counts: "automatic" or the source of a lease
    hp_block_ground: str = ""  # why K7 blocks: miner_heat, value or request; "" = free
    hp_block_status: str = ""  # what the relay does, and what holds a new block up
    hp_block_wish: str = "auto"  # the remote wish that stands: block, free or auto
    hp_block_source: str = ""  # whose wish it is
    hp_block_limited_by: str = ""  # why the request to block is not granted
    blocked_by: tuple[tuple[str, tuple[str, ...]], ...] = ()  # actuator -> all present causes
    first_out: tuple[tuple[str, str], ...] = ()  # actuator -> first cause
    protected_by: tuple[tuple[str, str], ...] = ()  # actuator -> protection that forces it on
    alarms: tuple[str, ...] = ()  # ids that are active or latched, in order of appearance
    alarms_unacked: tuple[str, ...] = ()  # those of them that nobody has acknowledged
    alarms_shelved: tuple[str, ...] = ()
    first_alarm: str = ""  # the one that began the present episode
    hand: tuple[tuple[str, str], ...] = ()  # actuator -> "on"/"off" set by a person, until it expires
    decision: tuple[tuple[str, str], ...] = ()  # words of the decision: policy, source, what limits it ...
    values: tuple[tuple[str, float | None], ...] = ()  # named figures with the unit in the name


@dataclass(frozen=True, slots=True)
class PlantOutputs:
    """The result of one step."""

    image: ImageOutputs
    status: PlantStatus
    miners: tuple[MinerWish, MinerWish] = (MinerWish(), MinerWish())
    events: tuple[Event, ...] = ()
    results: tuple[CommandResult, ...] = ()
    leds: tuple[str, str] = ("off", "off")  # A1 program, A2 field and MQTT: off, green, orange, red
    retain: State = field(default_factory=dict)  # what must survive a restart, as of this scan
