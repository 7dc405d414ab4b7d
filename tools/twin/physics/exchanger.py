"""Counter-flow heat exchanger, effectiveness-NTU (plant reference, topic simulator).

C = m_dot * cp per side,  N = UA / C_min,  R = C_min / C_max
eps = (1 - e^(-N(1-R))) / (1 - R e^(-N(1-R))),   R = 1: N / (1 + N)
q = eps * C_min * (T_hot,in - T_cold,in)
"""

from __future__ import annotations

from math import exp


def conductance_w_per_k(c_hot_w_per_k: float, c_cold_w_per_k: float, ua_w_per_k: float) -> float:
    """eps * C_min: heat per kelvin between the two inlets; 0 when a side stands still."""
    if c_hot_w_per_k <= 0.0 or c_cold_w_per_k <= 0.0:
        return 0.0
    if c_hot_w_per_k < c_cold_w_per_k:
        c_min, ratio = c_hot_w_per_k, c_hot_w_per_k / c_cold_w_per_k
    else:
        c_min, ratio = c_cold_w_per_k, c_cold_w_per_k / c_hot_w_per_k
    units = ua_w_per_k / c_min
    if ratio > 0.999_999:
        return c_min * units / (1.0 + units)
    decay = exp(-units * (1.0 - ratio))
    return c_min * (1.0 - decay) / (1.0 - ratio * decay)


class Exchanger:
    """An exchanger that remembers its last flows: they change rarely, the exponential is not free."""

    __slots__ = ("_c_cold", "_c_hot", "_g", "ua_w_per_k")

    def __init__(self, ua_w_per_k: float) -> None:
        self.ua_w_per_k = ua_w_per_k
        self._c_hot = self._c_cold = self._g = 0.0

    def heat_w(self, c_hot: float, t_hot_in: float, c_cold: float, t_cold_in: float) -> float:
        """Heat from the hot to the cold side; negative when the names are wrong today."""
        if c_hot != self._c_hot or c_cold != self._c_cold:
            self._c_hot, self._c_cold = c_hot, c_cold
            self._g = conductance_w_per_k(c_hot, c_cold, self.ua_w_per_k)
        return self._g * (t_hot_in - t_cold_in)


class OneSidedExchanger:
    """Exchanger against a body so large that its temperature does not change: air, a tank."""

    __slots__ = ("_c", "_g", "_ua")

    def __init__(self) -> None:
        self._c = self._ua = self._g = 0.0

    def heat_w(self, c: float, t_in: float, ua_w_per_k: float, t_body: float) -> float:
        """Heat given off by the flow to the body."""
        if c <= 0.0:
            return 0.0
        if c != self._c or ua_w_per_k != self._ua:
            self._c, self._ua = c, ua_w_per_k
            self._g = c * (1.0 - exp(-ua_w_per_k / c))
        return self._g * (t_in - t_body)
