"""Temperatures as the AIO module shows them: tenths of a degree, micro-ampere, status bytes."""

from __future__ import annotations

from plc.blocks.core import NS_PER_S, Origin, Reading
from plc.image.analogue import AnalogueInput, current_4_20_ma, rtd
from plc.plant.signals import BY_NAME
from tools.twin.physics.sensors import NAMES, Sensor, SensorFault

RTD_OPEN, RTD_SHORT = 8500, -2000  # tenths of a degree: the module's range limits
MA_OPEN_UA, MA_SHORT_UA = 0, 23_500
BELOW_RANGE, ABOVE_RANGE = 0x01, 0x02

SPAN_DEGC: dict[str, tuple[float, float] | None] = {
    "t_oil_degc": None,  # resistance thermometers
    "t_buffer_top_degc": None,
    "t_charge_degc": (0.0, 100.0),
    "t_buffer_bottom_degc": (0.0, 100.0),
    "t_glycol_degc": (-40.0, 100.0),
    "t_outdoor_degc": (-40.0, 60.0),
}
"""4 mA and 20 mA; the process takes them from wiring.yaml, the loop in memory uses these."""


def raw_value(sensor: Sensor, span: tuple[float, float] | None) -> tuple[int, int]:
    """Raw value and status byte of the channel."""
    value = sensor.value_degc
    if span is None:
        if value is None:
            opened = sensor.fault is SensorFault.OPEN
            return (RTD_OPEN, ABOVE_RANGE) if opened else (RTD_SHORT, BELOW_RANGE)
        return round(value * 10.0), 0
    if value is None:
        return (MA_OPEN_UA, BELOW_RANGE) if sensor.fault is SensorFault.OPEN else (MA_SHORT_UA, 0)
    low, high = span
    microampere = 4000.0 + 16_000.0 * (value - low) / (high - low)
    return round(min(20_500.0, max(3800.0, microampere))), 0


class AnalogueCard:
    """The six channels with the judgement of the program's own image layer behind them."""

    def __init__(self, *, hold_s: float, frozen_s: float = 43_200.0) -> None:
        self._inputs = {name: self._input(name, hold_s, frozen_s) for name in NAMES}

    @staticmethod
    def _input(name: str, hold_s: float, frozen_s: float) -> AnalogueInput:
        signal, span = BY_NAME[name], SPAN_DEGC[name]
        return AnalogueInput(
            rtd if span is None else current_4_20_ma(*span),
            minimum=signal.minimum,
            maximum=signal.maximum,
            max_rate_per_s=signal.max_rate_per_s,
            hold_ns=round(hold_s * NS_PER_S),
            frozen_ns=round((frozen_s if span is None else min(frozen_s, 3600.0)) * NS_PER_S),
            origin=Origin.SIM,
        )

    def read(self, sensors: dict[str, Sensor], *, healthy: bool, now_ns: int) -> dict[str, Reading]:
        """Readings of this scan by signal name."""
        readings = {}
        for name, channel in self._inputs.items():
            raw, status = raw_value(sensors[name], SPAN_DEGC[name])
            readings[name] = channel.step(raw, status=status, healthy=healthy, now_ns=now_ns)
        return readings
