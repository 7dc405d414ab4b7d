"""The signal catalogue: every value that crosses the terminals of the cabinet, stated once.

A signal's name is the same in wiring.yaml, in the code, on MQTT (`state/<group>/<name>`), in alarms
and in documents. Names, channels and terminals follow the I/O list of the plant reference; where a
signal is connected is a fact of the site and stands in wiring.yaml, not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a terminal carries."""

    DI = "di"
    DO = "do"
    AI = "ai"
    AO = "ao"


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of the cabinet.

    unit:       of the value in engineering units; "" for a discrete signal.
    group:      folder on MQTT and section in documents.
    protective: cannot be absent, inverted so that healthy is 0, substituted or forced.
    minimum, maximum: plausible range of an analogue value; outside it the reading is bad.
    max_rate_per_s: fastest plausible change of an analogue input; None where any change is possible.
    """

    name: str
    kind: Kind
    group: str
    unit: str = ""
    protective: bool = False
    minimum: float | None = None
    maximum: float | None = None
    max_rate_per_s: float | None = None


def _di(name: str, group: str, *, protective: bool = False) -> Signal:
    return Signal(name, Kind.DI, group, protective=protective)


def _do(name: str, group: str) -> Signal:
    return Signal(name, Kind.DO, group)


def _temperature(name: str, *, low: float, high: float, protective: bool = False) -> Signal:
    return Signal(name, Kind.AI, "temperature", "degC", protective, low, high, max_rate_per_s=5.0)


def _setpoint(name: str, group: str) -> Signal:
    return Signal(name, Kind.AO, group, "pct", minimum=0.0, maximum=100.0)


SIGNALS: tuple[Signal, ...] = (
    _di("safety_ok", "safety", protective=True),
    _di("estop1_ok", "safety"),
    _di("estop2_ok", "safety"),
    _di("flow_ok", "safety", protective=True),
    _di("temp_max_ok", "safety", protective=True),
    _di("k10_fb", "miner", protective=True),
    _di("k11_fb", "miner", protective=True),
    _di("cooler_ok", "cooler"),
    _di("p4_ssm_ok", "pump"),
    _di("p5_ssm_ok", "pump"),
    _di("ack_pb", "operator"),
    _di("mode_auto", "operator", protective=True),
    _di("mode_maint", "operator", protective=True),
    _di("grid_block", "heatpump"),
    _do("p3_on", "pump"),
    _do("cooler_on", "cooler"),
    _do("rv1_a", "valve"),
    _do("rv1_b", "valve"),
    _do("rv2_a", "valve"),
    _do("rv2_b", "valve"),
    _do("hp_block", "heatpump"),
    _do("m1_enable", "miner"),
    _do("m2_enable", "miner"),
    _do("heartbeat", "safety"),
    _do("horn", "operator"),
    _do("lamp_fault", "operator"),
    _do("lamp_run", "operator"),
    _do("reset_lamp", "operator"),
    _setpoint("p4_setpoint_pct", "pump"),
    _setpoint("p5_setpoint_pct", "pump"),
    _temperature("t_oil_degc", low=-40.0, high=120.0, protective=True),
    _temperature("t_buffer_top_degc", low=-20.0, high=110.0),
    _temperature("t_charge_degc", low=-20.0, high=110.0),
    _temperature("t_buffer_bottom_degc", low=-20.0, high=110.0),
    _temperature("t_glycol_degc", low=-40.0, high=110.0),
    _temperature("t_outdoor_degc", low=-40.0, high=60.0),
)

BY_NAME: dict[str, Signal] = {signal.name: signal for signal in SIGNALS}
