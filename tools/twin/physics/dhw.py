"""Domestic hot water: one mixed tank, tapping lists M and L of EN 16147, coil from RV2 position B."""

from __future__ import annotations

from tools.twin.physics.defaults import CP_WATER_J_PER_KG_K as CP
from tools.twin.physics.defaults import JOULE_PER_KWH, Defaults
from tools.twin.physics.exchanger import OneSidedExchanger


def _minutes(times: str) -> list[int]:
    return [int(t[:2]) * 60 + int(t[3:]) for t in times.split()]


_SMALL_M = (
    "07:00 07:30 08:01 08:15 08:30 08:45 09:00 09:30 10:30 11:30 "
    "11:45 14:30 15:30 16:30 18:00 18:15 18:30 19:00 21:15"
)
_SMALL_L = (
    "07:00 07:30 07:45 08:25 08:30 08:45 09:00 09:30 10:30 11:30 "
    "11:45 14:30 15:30 16:30 18:00 18:15 18:30 19:00 21:30"
)


def _tapping(small: str, big: dict[str, float]) -> tuple[tuple[int, float], ...]:
    draws = [(minute, 0.105) for minute in _minutes(small)]
    draws += [(_minutes(at)[0], kwh) for at, kwh in big.items()]
    return tuple(sorted(draws))


TAPPING = {
    "M": _tapping(_SMALL_M, {"07:05": 1.4, "12:45": 0.315, "20:30": 0.735, "21:30": 1.4}),
    "L": _tapping(_SMALL_L, {"07:05": 1.4, "08:05": 3.605, "12:45": 0.315, "20:30": 0.735, "21:00": 3.605}),
    "none": (),
}
"""Draws of a day: (minute of the day, kWh)."""


class HotWater:
    """t_degc of the tank, draw_w now, pending_j still to be drawn."""

    __slots__ = (
        "_coil",
        "_d",
        "_heat_j_per_k",
        "_last_minute",
        "_list",
        "draw_w",
        "loss_w",
        "pending_j",
        "t_degc",
    )

    def __init__(self, defaults: Defaults, t_degc: float, tapping: str = "M") -> None:
        self._d = defaults
        self._heat_j_per_k = defaults.dhw_kg * CP
        self._list = TAPPING[tapping]
        self._coil = OneSidedExchanger()
        self._last_minute: int | None = None
        self.t_degc = t_degc
        self.draw_w = self.loss_w = self.pending_j = 0.0

    def tap(self, dt_s: float, minute_of_day: int) -> None:
        """Opens the taps of the list; called at most once a second."""
        last, self._last_minute = self._last_minute, minute_of_day
        if last is not None and minute_of_day != last:
            for minute, kwh in self._list:
                if last < minute <= minute_of_day or (
                    minute_of_day < last and not minute_of_day < minute <= last
                ):
                    self.pending_j += kwh * JOULE_PER_KWH
        self.draw_w = 0.0
        if self.pending_j > 0.0 and self.t_degc > 20.0:  # nobody showers cold; the draw waits
            self.draw_w = min(self._d.dhw_draw_w, self.pending_j / dt_s)
            self.pending_j -= self.draw_w * dt_s

    def coil_w(self, c_w_per_k: float, t_in: float) -> float:
        """Heat from circuit B through the coil, negative when the water is colder than the tank."""
        return self._coil.heat_w(c_w_per_k, t_in, self._d.dhw_coil_ua_w_per_k, self.t_degc)

    def step(self, dt_s: float, q_coil_w: float, q_hp_w: float, room: float) -> None:
        self.loss_w = self._d.dhw_loss_w_per_k * (self.t_degc - room)
        self.t_degc += dt_s * (q_coil_w + q_hp_w - self.draw_w - self.loss_w) / self._heat_j_per_k

    @property
    def stored_j(self) -> float:
        """Heat above 0 degC."""
        return self._heat_j_per_k * self.t_degc
