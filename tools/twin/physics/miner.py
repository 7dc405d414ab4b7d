"""One immersed miner as a load: boot, tuning, power that follows its target, memory over power loss.

The interface is the one a control board offers (`set_target`, `pause`, `resume`); virtual gRPC
servers sit in front of it. A miner that gets its power back starts by itself at the saved target:
whether a pause survives a power cut is unknown, so the model takes the worse case.
"""

from __future__ import annotations

from math import exp

from plc.plant.interface import MinerState
from tools.twin.physics.defaults import Defaults


class Miner:
    """State and power of one miner.

    power_w: electric power now, all of it becomes heat in the body. t_chip_degc is set by the oil
    circuit. Faults (switched at run time): `silent` no answer on its interface, `ignores_pause`,
    `ignores_target`, `lost_share` 0..1 of the boards is dead, `no_work` the pool gives nothing.
    """

    __slots__ = (
        "_d", "_decay", "_dt", "ignores_pause", "ignores_target", "lost_share", "no_work", "paused",
        "power_w", "powered", "silent", "since_s", "state", "t_chip_degc", "target_w",
    )  # fmt: skip

    def __init__(self, defaults: Defaults, t_chip_degc: float) -> None:
        self._d = defaults
        self.target_w = defaults.miner_nominal_w
        self.power_w = 0.0
        self.powered = False
        self.paused = False
        self.since_s = 0.0  # in the present state
        self.state = MinerState.UNKNOWN
        self.t_chip_degc = t_chip_degc
        self.silent = self.ignores_pause = self.ignores_target = self.no_work = False
        self.lost_share = 0.0
        self._dt = 0.0
        self._decay = (0.0, 0.0)

    # --- what the control board offers

    @property
    def answers(self) -> bool:
        """Its interface is up: powered, far enough in the boot, not silenced."""
        if not self.powered or self.silent:
            return False
        return self.state is not MinerState.BOOTING or self.since_s >= self._d.miner_api_up_s

    def set_target(self, watts: float) -> bool:
        """Saves and applies a power target; False when nobody answers. Survives a power loss."""
        if not self.answers:
            return False
        if not self.ignores_target:
            self.target_w = min(max(watts, self._d.miner_min_w), self._d.miner_nominal_w)
        return True

    def pause(self) -> bool:
        """Boards off; False when nobody answers."""
        if not self.answers:
            return False
        if not self.ignores_pause:
            self.paused = True
            if self.state in (MinerState.MINING, MinerState.TUNING, MinerState.NO_WORK):
                self._enter(MinerState.PAUSED)
        return True

    def resume(self) -> bool:
        """Boards on again; False when nobody answers."""
        if not self.answers:
            return False
        self.paused = False
        if self.state is MinerState.PAUSED:
            self._enter(MinerState.MINING)
        return True

    @property
    def t_outlet_degc(self) -> float:
        """Board temperature as the firmware reports it."""
        return self.t_chip_degc - self._d.board_below_chip_k

    @property
    def hashrate_ths(self) -> float:
        """Hash rate: concave in power, zero in standby."""
        d = self._d
        if self.power_w < 2.0 * d.miner_standby_w:
            return 0.0
        return d.miner_hashrate_ths * (self.power_w / d.miner_nominal_w) ** 0.75

    # --- physics

    def step(self, dt_s: float, powered: bool) -> None:
        """Advances by dt_s with the contactor closed (`powered`) or open."""
        if not powered:
            if self.powered:
                self.powered = self.paused = False
                self._enter(MinerState.UNKNOWN)
            self.power_w = 0.0
            return
        if not self.powered:
            self.powered = True
            self._enter(MinerState.BOOTING)
        self.since_s += dt_s
        self._advance()
        wanted = self._wanted_w()
        if dt_s != self._dt:
            self._dt = dt_s
            self._decay = (exp(-dt_s / self._d.miner_tau_up_s), exp(-dt_s / self._d.miner_tau_down_s))
        decay = self._decay[0] if wanted > self.power_w else self._decay[1]
        self.power_w = wanted + (self.power_w - wanted) * decay

    def _advance(self) -> None:
        state = self.state
        if state is MinerState.MINING:
            if self.no_work:
                self._enter(MinerState.NO_WORK)
        elif state is MinerState.BOOTING:
            if self.since_s >= self._d.miner_boot_s:
                self._enter(MinerState.PAUSED if self.paused else MinerState.TUNING)
        elif state is MinerState.TUNING:
            if self.since_s >= self._d.miner_tuning_s:
                self._enter(MinerState.MINING)
                self.since_s = self._d.miner_resume_s  # boards are up already
        elif state is MinerState.NO_WORK and not self.no_work:
            self._enter(MinerState.MINING)

    def _wanted_w(self) -> float:
        d = self._d
        if self.state is MinerState.MINING and self.since_s >= d.miner_resume_s:
            return self.target_w * (1.0 - self.lost_share)
        if self.state is MinerState.TUNING:
            return min(self.target_w, d.miner_tuning_share * d.miner_nominal_w)
        return d.miner_standby_w

    def _enter(self, state: MinerState) -> None:
        self.state = state
        self.since_s = 0.0
