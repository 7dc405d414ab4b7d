"""What a virtual miner's server needs to know of the machine behind it, and the twin's miner seen that way.

Two machines fit: `machine.Machine`, the complete firmware model that also runs stand-alone, and
`PlantUnit`, a thin view of one miner of the virtual plant, whose power and temperatures belong to the
plant's own equations.
"""

from __future__ import annotations

from typing import Protocol

from tools.twin.virtual_miner.faults import Faults

# numbers on the wire
NOT_STARTED, NORMAL, PAUSED, SUSPENDED, RESTRICTED = 1, 2, 3, 4, 5
DISABLED, STABLE, TUNING, ERROR, CONTINUOUS, PREHEAT = 1, 2, 3, 4, 5, 6

DPS_STEP_W = 300.0


class Unit(Protocol):
    """A miner as its control board sees it."""

    faults: Faults
    saved_target_w: float
    boots: int  # control board boots: every one clears the token table

    @property
    def api_up(self) -> bool:
        """The control board has supply and its server listens."""

    @property
    def powered(self) -> bool: ...
    @property
    def status(self) -> int: ...
    @property
    def tuner(self) -> int: ...
    @property
    def active_target_w(self) -> float: ...
    @property
    def estimated_w(self) -> float: ...
    @property
    def power_w(self) -> float: ...
    @property
    def hashrate_ths(self) -> float: ...
    @property
    def t_board_degc(self) -> float: ...
    @property
    def t_fluid_degc(self) -> float: ...
    @property
    def system_uptime_s(self) -> float: ...
    @property
    def bosminer_uptime_s(self) -> float: ...

    def pause(self) -> bool:
        """True when it was paused already."""

    def resume(self) -> bool:
        """True when it was mining already."""

    def set_target(self, watt: float) -> None: ...
    def restart(self) -> None: ...
    def reboot(self) -> None: ...
    def step(self, dt_s: float) -> None: ...


class PlantMiner(Protocol):
    """One miner of the virtual plant (tools.twin.physics.miner)."""

    target_w: float
    power_w: float
    powered: bool
    paused: bool
    silent: bool
    ignores_pause: bool
    ignores_target: bool
    no_work: bool
    lost_share: float
    t_chip_degc: float

    @property
    def state(self) -> str: ...
    @property
    def answers(self) -> bool: ...
    @property
    def t_outlet_degc(self) -> float: ...
    @property
    def hashrate_ths(self) -> float: ...
    def set_target(self, watts: float) -> bool: ...
    def pause(self) -> bool: ...
    def resume(self) -> bool: ...
    def step(self, dt_s: float, powered: bool) -> None: ...


class PlantUnit:
    """A plant miner behind the wire. `step` only counts time: the plant itself advances the physics."""

    def __init__(self, miner: PlantMiner) -> None:
        self.faults = Faults()
        self.boots = 0
        self._miner = miner
        self._powered_before = False
        self._up_s = self._mining_s = 0.0

    @property
    def saved_target_w(self) -> float:
        return self._miner.target_w

    @saved_target_w.setter
    def saved_target_w(self, watt: float) -> None:
        self._miner.target_w = watt

    @property
    def powered(self) -> bool:
        return self._miner.powered

    @property
    def api_up(self) -> bool:
        return self._miner.answers

    @property
    def status(self) -> int:
        state = str(self._miner.state)
        if state in ("booting", "unknown"):
            return NOT_STARTED
        if state == "no_work":
            return NORMAL if self.faults.no_work_status_normal else SUSPENDED
        return {"paused": PAUSED, "fault": SUSPENDED}.get(state, NORMAL)

    @property
    def tuner(self) -> int:
        return {"tuning": TUNING, "mining": STABLE, "fault": ERROR}.get(str(self._miner.state), DISABLED)

    @property
    def active_target_w(self) -> float:
        return max(0.0, self._miner.target_w - DPS_STEP_W * self.faults.dps_steps)

    @property
    def estimated_w(self) -> float:
        return self._miner.power_w * 1.01

    @property
    def power_w(self) -> float:
        return self._miner.power_w

    @property
    def hashrate_ths(self) -> float:
        return self._miner.hashrate_ths

    @property
    def t_board_degc(self) -> float:
        return self._miner.t_outlet_degc

    @property
    def t_fluid_degc(self) -> float:
        return self._miner.t_outlet_degc - 10.0

    @property
    def system_uptime_s(self) -> float:
        return self._up_s

    @property
    def bosminer_uptime_s(self) -> float:
        return self._mining_s

    def pause(self) -> bool:
        was = self._miner.paused
        self._miner.pause()
        return was

    def resume(self) -> bool:
        was = self._miner.paused
        self._miner.resume()
        return not was

    def set_target(self, watt: float) -> None:
        self._miner.set_target(watt)

    def restart(self) -> None:
        """The plant's model knows one way to begin again."""
        self.reboot()

    def reboot(self) -> None:
        self._miner.step(0.0, False)
        self._miner.step(0.0, True)
        self._up_s = self._mining_s = 0.0
        self.boots += 1

    def step(self, dt_s: float) -> None:
        miner, faults = self._miner, self.faults
        miner.ignores_pause = faults.pause_ignored
        miner.ignores_target = faults.target_ignored
        miner.no_work = faults.pool_dead
        miner.lost_share = 1.0 / 3.0 if faults.hashboard_lost else 0.0
        if miner.powered and not self._powered_before:
            self._up_s = self._mining_s = 0.0
            self.boots += 1
        self._powered_before = miner.powered
        if miner.powered:
            self._up_s += dt_s
            self._mining_s = 0.0 if str(miner.state) == "booting" else self._mining_s + dt_s
