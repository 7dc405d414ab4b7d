"""Firmware and electrical model of one Antminer on Braiins OS, stand-alone, deterministic with its seed.

States and numbers: miner reference, topic behavioural model. What is a modelling choice there is a
setting here. Time comes in through `step`; nothing asks a clock. Supply and fluid temperature are set
from outside (`supply`, `t_fluid_degc`).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import StrEnum

from tools.twin.virtual_miner import unit
from tools.twin.virtual_miner.faults import Faults


class MachineState(StrEnum):
    """Where the miner is between no supply and a tuned profile."""

    OFF = "off"
    BOOT = "boot"
    INIT = "init"
    PREHEAT = "preheat"
    RAMP = "ramp"
    TUNING = "tuning"
    STABLE = "stable"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    RESTARTING = "restarting"
    NO_WORK = "no_work"
    THERMAL_STOP = "thermal_stop"
    STUCK = "stuck"  # willing on paper, does nothing (before a restart of the mining process)


HASHING = frozenset(
    {MachineState.PREHEAT, MachineState.RAMP, MachineState.TUNING, MachineState.STABLE, MachineState.RESUMING}
)
"""Mining is wanted and the boards are, or come, under power."""


@dataclass(frozen=True, slots=True)
class MachineSettings:
    """Every constant of the model, with unit."""

    nominal_w: float = 3050.0
    nominal_ths: float = 104.0
    min_w: float = 900.0
    max_w: float = 5000.0
    first_target_w: float = 3050.0
    boot_s: float = 40.0
    port_opens_s: float = 25.0
    init_s: float = 60.0
    board_init_s: float = 15.0
    preheat_degc: float = 40.0
    preheat_max_s: float = 600.0
    ramp_w_per_s: float = 12.0
    fall_w_per_s: float = 60.0
    tuning_s: float = 1500.0
    pause_s: float = 5.0
    idle_w: float = 25.0
    no_work_after_s: float = 60.0
    restart_s: float = 20.0
    dangerous_degc: float = 85.0
    cooled_k: float = 15.0
    shutdown_s: float = 3600.0
    ramp_quick: bool = (
        True  # quick ramping: power follows the target within seconds when the profile is known
    )
    pause_survives_power_cut: bool = False
    board_j_per_k: float = 4000.0
    board_w_per_k: float = 120.0
    estimate_error: float = 0.015
    meter_error: float = 0.0
    noise: float = 0.005


class Machine:
    """One miner; implements `unit.Unit`."""

    def __init__(self, settings: MachineSettings | None = None, seed: int = 1, supply: bool = True) -> None:
        self.settings = settings or MachineSettings()
        self.faults = Faults()
        self.supply = supply
        self.t_fluid_degc = 30.0
        self.saved_target_w = self.settings.first_target_w
        self.profiles: set[float] = {self.settings.first_target_w}
        self.state = MachineState.OFF
        self.since_s = 0.0
        self.boots = 0
        self.restarts = 0
        self._random = random.Random(seed)
        self._power_w = 0.0
        self._applied_w = self.settings.first_target_w
        self._paused = False
        self._board_degc = self.t_fluid_degc
        self._shown_degc = self.t_fluid_degc
        self._up_s = self._mining_s = self._no_pool_s = 0.0
        self._hash_ths = 0.0

    # ---- what the control board says

    @property
    def powered(self) -> bool:
        return self.state is not MachineState.OFF

    @property
    def api_up(self) -> bool:
        return self.powered and self._up_s >= self.settings.port_opens_s

    @property
    def status(self) -> int:
        if self.faults.status_unknown:
            return self.faults.status_unknown
        state = self.state
        if state in (MachineState.BOOT, MachineState.INIT, MachineState.RESTARTING, MachineState.OFF):
            return unit.NOT_STARTED
        if state is MachineState.PAUSED:
            return unit.PAUSED
        if state is MachineState.NO_WORK:
            return unit.NORMAL if self.faults.no_work_status_normal else unit.SUSPENDED
        if state is MachineState.THERMAL_STOP:
            return unit.SUSPENDED
        return unit.RESTRICTED if self.faults.restricted else unit.NORMAL

    @property
    def tuner(self) -> int:
        if self.faults.tuner_unknown:
            return self.faults.tuner_unknown
        state = self.state
        if state is MachineState.PREHEAT:
            return unit.PREHEAT
        if state in (MachineState.RAMP, MachineState.TUNING, MachineState.RESUMING):
            return unit.TUNING
        if state is MachineState.THERMAL_STOP:
            return unit.ERROR
        return unit.STABLE if state is MachineState.STABLE else unit.DISABLED

    @property
    def active_target_w(self) -> float:
        lowered = self._applied_w - unit.DPS_STEP_W * self.faults.dps_steps
        return max(self.settings.min_w, lowered) if self.faults.dps_steps else self._applied_w

    @property
    def estimated_w(self) -> float:
        return self._power_w

    @property
    def power_w(self) -> float:
        """What a meter in the supply line sees."""
        return self._power_w * (1.0 + self.settings.meter_error)

    @property
    def hashrate_ths(self) -> float:
        return self._hash_ths

    @property
    def t_board_degc(self) -> float:
        return self._shown_degc

    @property
    def system_uptime_s(self) -> float:
        return self._up_s

    @property
    def bosminer_uptime_s(self) -> float:
        return self._mining_s

    # ---- what the control board takes

    def pause(self) -> bool:
        was = self._paused
        if self.faults.pause_ignored:
            return was
        self._paused = True
        if self.state in HASHING or self.state in (MachineState.NO_WORK, MachineState.STUCK):
            self._enter(MachineState.PAUSING)
        return was

    def resume(self) -> bool:
        was = not self._paused
        self._paused = False
        if self.state in (MachineState.PAUSED, MachineState.PAUSING):
            stuck = self.faults.stuck_after_resume
            self._enter(MachineState.STUCK if stuck else MachineState.RESUMING)
        return was

    def set_target(self, watt: float) -> None:
        if self.faults.target_ignored:
            return
        self.saved_target_w = watt
        if self.faults.active_ignored:
            return
        self._applied_w = watt
        if self.state in (MachineState.STABLE, MachineState.TUNING):
            self._enter(MachineState.RAMP)

    def restart(self) -> None:
        self.restarts += 1
        self._mining_s = 0.0
        self._enter(MachineState.RESTARTING)

    def reboot(self) -> None:
        self._boot()

    def force_applied(self, watt: float) -> None:
        """SAVE_AND_FORCE_APPLY: what the driver must never cause; the mining process restarts."""
        self.saved_target_w = self._applied_w = watt
        self.restart()

    # ---- time

    def step(self, dt_s: float) -> None:
        """Advances by dt_s, at most a few seconds at a time."""
        supply = self.supply or self.faults.ac_stuck_closed
        if not supply:
            if self.powered:
                self._enter(MachineState.OFF)
                self._paused = self._paused and self.settings.pause_survives_power_cut
            self._power_w = self._up_s = self._mining_s = self._hash_ths = 0.0
        elif not self.powered:
            self._boot()
        if self.powered:
            self._up_s += dt_s
            self.since_s += dt_s
            self._advance(dt_s)
            self._follow(dt_s)
        self._warm(dt_s)

    def _boot(self) -> None:
        self.boots += 1
        self._up_s = self._mining_s = self._no_pool_s = 0.0
        self._applied_w = self.saved_target_w
        if not self.settings.pause_survives_power_cut:
            self._paused = False
        self._enter(MachineState.BOOT)

    def _advance(self, dt_s: float) -> None:
        if self.state not in (MachineState.BOOT, MachineState.RESTARTING):
            self._mining_s += dt_s
        self._no_pool_s = self._no_pool_s + dt_s if self.faults.pool_dead else 0.0
        following = self._interrupted() if self.state in HASHING else None
        following = following or self._timed() or self._reached()
        if following is not None:
            self._enter(following)

    def _interrupted(self) -> MachineState | None:
        """What takes a hashing miner off its work."""
        if self._board_degc >= self.settings.dangerous_degc or self.faults.fan_missing:
            return MachineState.THERMAL_STOP
        return MachineState.NO_WORK if self._no_pool_s >= self.settings.no_work_after_s else None

    def _timed(self) -> MachineState | None:
        """States that end by time alone."""
        s = self.settings
        after_init = MachineState.PAUSED if self._paused else MachineState.PREHEAT
        warm = self._known() or self._warm_enough()
        table = {
            MachineState.BOOT: (s.boot_s, MachineState.INIT),
            MachineState.RESTARTING: (s.restart_s, MachineState.INIT),
            MachineState.INIT: (s.init_s, after_init),
            MachineState.PAUSING: (s.pause_s, MachineState.PAUSED),
            MachineState.RESUMING: (s.board_init_s, MachineState.RAMP if warm else MachineState.PREHEAT),
            MachineState.PREHEAT: (s.preheat_max_s, MachineState.RAMP),
            MachineState.TUNING: (s.tuning_s, MachineState.STABLE),
        }
        after_s, following = table.get(self.state, (math.inf, MachineState.OFF))
        if self.since_s < after_s:
            return None
        if self.state is MachineState.TUNING:
            self.profiles.add(self.active_target_w)
        return following

    def _reached(self) -> MachineState | None:
        """States that end when something is reached."""
        wanted = self._wanted_w()
        if self.state is MachineState.NO_WORK and not self.faults.pool_dead:
            return MachineState.STUCK if self.faults.stuck_after_pool else MachineState.RESUMING
        if self.state is MachineState.THERMAL_STOP and self._may_leave_thermal_stop():
            return MachineState.INIT
        if self.state is MachineState.PREHEAT and self._warm_enough():
            return MachineState.RAMP
        if self.state is MachineState.RAMP and abs(self._power_w - wanted) <= 0.03 * wanted:
            return MachineState.STABLE if self._known() else MachineState.TUNING
        return None

    def _may_leave_thermal_stop(self) -> bool:
        s = self.settings
        cooled = self._board_degc < s.dangerous_degc - s.cooled_k and not self.faults.fan_missing
        return cooled and self.since_s >= s.shutdown_s

    def _known(self) -> bool:
        return self.active_target_w in self.profiles

    def _warm_enough(self) -> bool:
        return self._board_degc >= self.settings.preheat_degc

    def _wanted_w(self) -> float:
        s, state = self.settings, self.state
        full = self.active_target_w * (1.0 + s.estimate_error) * (1.0 + 0.0015 * (self._board_degc - 50.0))
        if self.faults.hashboard_lost:
            full *= 2.0 / 3.0
        if state is MachineState.BOOT:
            return 15.0
        if state is MachineState.INIT:
            return 60.0 if self.since_s < s.init_s / 2 else 150.0
        if state is MachineState.RESTARTING:
            return 150.0
        if state is MachineState.PREHEAT:
            return min(full, 0.30 * s.nominal_w)
        if state is MachineState.TUNING:
            return full * (1.0 + 0.04 * math.sin(self.since_s / 45.0))
        if state in (MachineState.RAMP, MachineState.STABLE):
            return full
        if state is MachineState.NO_WORK:
            return full if self.faults.no_work_holds_power else 4.0 * s.idle_w
        return s.idle_w

    def _follow(self, dt_s: float) -> None:
        s, wanted = self.settings, self._wanted_w()
        if self.state in (MachineState.PAUSING, MachineState.PAUSED):
            fall = max(s.fall_w_per_s, self.settings.nominal_w / s.pause_s)
        else:
            fall = s.fall_w_per_s
        rise = wanted if s.ramp_quick and self._known() else s.ramp_w_per_s * dt_s
        if wanted > self._power_w:
            self._power_w = min(wanted, self._power_w + rise)
        else:
            self._power_w = max(wanted, self._power_w - fall * dt_s)
        if self.state is MachineState.STABLE:
            self._power_w = wanted * (1.0 + s.noise * self._random.gauss(0.0, 1.0))
        hashing = self.state in HASHING and self.state is not MachineState.RESUMING
        clean = s.nominal_ths * (self._power_w / s.nominal_w) ** 0.75 if hashing else 0.0
        self._hash_ths = clean * (0.95 if self.faults.restricted else 1.0)

    def _warm(self, dt_s: float) -> None:
        s = self.settings
        target = self.t_fluid_degc + self._power_w / s.board_w_per_k + self.faults.overheat_k
        share = 1.0 - math.exp(-dt_s * s.board_w_per_k / s.board_j_per_k)
        self._board_degc += (target - self._board_degc) * share
        if not self.faults.sensor_frozen:
            self._shown_degc = self._board_degc

    def _enter(self, state: MachineState) -> None:
        self.state = state
        self.since_s = 0.0
