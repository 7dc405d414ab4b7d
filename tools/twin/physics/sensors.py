"""Temperature sensors: lag, offset, noise, quantisation and the ways they fail.

First-order lag 10 s (30 s in a pocket), offset N(0, 0.3 K), noise 0.05 K twice a second, steps of
0.1 K; failures open, short, frozen and drift 0.1 K/h (plant reference, topic simulator).
"""

from __future__ import annotations

import random
from enum import StrEnum
from math import exp


class SensorFault(StrEnum):
    """How a sensor lies or falls silent."""

    NONE = "none"
    OPEN = "open"
    SHORT = "short"
    FROZEN = "frozen"
    DRIFT = "drift"


NOISE_PERIOD_S = 0.5
TAU_S = {
    "t_oil_degc": 10.0,
    "t_buffer_top_degc": 30.0,
    "t_charge_degc": 10.0,
    "t_buffer_bottom_degc": 30.0,
    "t_glycol_degc": 10.0,
    "t_outdoor_degc": 30.0,
}
NAMES = tuple(TAU_S)


class Sensor:
    """value_degc is the reading, None when the wire is open or shorted (look at `fault` which)."""

    __slots__ = (
        "_decay",
        "_drift_k",
        "_dt",
        "_fault",
        "_lagged",
        "_noise",
        "_rng",
        "_until_noise_s",
        "drift_k_per_h",
        "offset_k",
        "tau_s",
        "value_degc",
    )

    def __init__(self, tau_s: float, offset_k: float, seed: int, t_degc: float) -> None:
        self.tau_s = tau_s
        self.offset_k = offset_k
        self.drift_k_per_h = 0.1
        self._rng = random.Random(seed)
        self._fault = SensorFault.NONE
        self._lagged = t_degc
        self._noise = self._drift_k = self._until_noise_s = self._dt = self._decay = 0.0
        self.value_degc: float | None = round(t_degc + offset_k, 1)

    @property
    def fault(self) -> SensorFault:
        """The present fault."""
        return self._fault

    @fault.setter
    def fault(self, fault: SensorFault) -> None:
        self._fault = SensorFault(fault)
        if self._fault is SensorFault.NONE:
            self._drift_k = 0.0

    def step(self, dt_s: float, t_degc: float) -> None:
        """Follows the true temperature."""
        if dt_s != self._dt:
            self._dt = dt_s
            self._decay = exp(-dt_s / self.tau_s)
        lagged = self._lagged = t_degc + (self._lagged - t_degc) * self._decay
        self._until_noise_s -= dt_s
        if self._until_noise_s <= 0.0:
            self._until_noise_s = NOISE_PERIOD_S
            self._noise = self._rng.gauss(0.0, 0.05)
        fault = self._fault
        if fault is SensorFault.NONE:
            self.value_degc = round(lagged + self.offset_k + self._noise, 1)
        elif fault is SensorFault.DRIFT:
            self._drift_k += self.drift_k_per_h * dt_s / 3600.0
            self.value_degc = round(lagged + self.offset_k + self._noise + self._drift_k, 1)
        elif fault is not SensorFault.FROZEN:
            self.value_degc = None


def sensors(seed: int, initial: dict[str, float], offset_sigma_k: float = 0.3) -> dict[str, Sensor]:
    """The six sensors of the cabinet, each with its own seeded offset and noise."""
    draw = random.Random(seed)
    bank = {}
    for i, name in enumerate(NAMES):
        offset = max(-0.6, min(0.6, draw.gauss(0.0, offset_sigma_k)))
        bank[name] = Sensor(TAU_S[name], offset, seed * 31 + i, initial[name])
    return bank
