"""Temperature sensors: lag, offset, noise, quantisation and the ways they fail.

First-order lag 10 s (30 s in a pocket), offset N(0, 0.3 K), noise 0.05 K, steps of 0.1 K; failures open,
short, frozen and drift 0.1 K/h (plant reference, topic simulator).

Noise depends on the seed and the instant only, never on the steps taken to get there: oil creeps over a
threshold at a tenth of a kelvin a minute, so a run with other steps would otherwise draw another noise and
cross it minutes earlier or later. What the input module's filter leaves of it wanders slowly.
"""

from __future__ import annotations

import random
from enum import StrEnum
from functools import lru_cache
from math import exp


class SensorFault(StrEnum):
    """How a sensor lies or falls silent."""

    NONE = "none"
    OPEN = "open"
    SHORT = "short"
    FROZEN = "frozen"
    DRIFT = "drift"


NOISE_PERIOD_NS = 10_000_000_000
NOISE_K = 0.05
NOISE_DRAWS = 8191
"""Noise repeats after this many periods, most of a day."""

TAU_S = {
    "t_oil_degc": 10.0,
    "t_buffer_top_degc": 30.0,
    "t_charge_degc": 10.0,
    "t_buffer_bottom_degc": 30.0,
    "t_glycol_degc": 10.0,
    "t_outdoor_degc": 30.0,
}
NAMES = tuple(TAU_S)


@lru_cache(maxsize=64)
def _noise_k(seed: int) -> tuple[float, ...]:
    draw = random.Random(seed)
    return tuple(draw.gauss(0.0, NOISE_K) for _ in range(NOISE_DRAWS))


class Sensor:
    """value_degc is the reading, None when the wire is open or shorted (look at `fault` which)."""

    __slots__ = (
        "_decay",
        "_drift_k",
        "_dt",
        "_fault",
        "_lagged",
        "_noise_k",
        "_t_ns",
        "drift_k_per_h",
        "offset_k",
        "tau_s",
        "value_degc",
    )

    def __init__(self, tau_s: float, offset_k: float, seed: int, t_degc: float) -> None:
        self.tau_s = tau_s
        self.offset_k = offset_k
        self.drift_k_per_h = 0.1
        self._noise_k = _noise_k(seed)
        self._t_ns = 0
        self._fault = SensorFault.NONE
        self._lagged = t_degc
        self._drift_k = self._dt = self._decay = 0.0
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
        self._t_ns += round(dt_s * 1e9)  # sums of 0.1 would put the same instant into another period
        noise = self._noise_k[self._t_ns // NOISE_PERIOD_NS % NOISE_DRAWS]
        fault = self._fault
        if fault is SensorFault.NONE:
            self.value_degc = round(lagged + self.offset_k + noise, 1)
        elif fault is SensorFault.DRIFT:
            self._drift_k += self.drift_k_per_h * dt_s / 3600.0
            self.value_degc = round(lagged + self.offset_k + noise + self._drift_k, 1)
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
