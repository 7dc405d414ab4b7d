"""One miner with its contactor: soft stop, stagger, retries, minimum off time.

Order of a planned stop: the miner is asked to pause, its power falls, then the contactor opens without
load. A trip opens at once. The enable is only a wish: the coil also runs through the hardware chain.
"""

from __future__ import annotations

from plc.blocks.contactor import Contactor, ContactorStatus
from plc.blocks.core import NS_PER_S, Block, State, Tick, ns
from plc.plant.facts import Facts
from plc.plant.interface import MinerInputs, MinerState
from plc.plant.interlock import Interlock, Rules
from plc.plant.parameters import Miners, Parameters


class MinerUnit(Block):
    """Enable, feedback supervision and pause of one miner.

    step(tick, facts, wanted=, may_close=, feedback=, miner=, acknowledge=) -> enable.

    wanted: the miner shall run. may_close: stagger permits closing in this scan. may_wait: a miner that is
    not wanted may stay paused with its supply until request_off_s and min_on_s are over. Outputs: enable,
    pausing (asked to pause: winds down, or waits), failed (retries used up, until acknowledged), on_ns
    (since the contactor closed), ready (minimum off time over and contactor willing), saved_w (the target at
    which the miner will start by itself when supply returns; None = nobody has ever told).
    """

    __slots__ = (
        "_p",
        "_retry_ns",
        "_soft_ns",
        "_stop_ns",
        "_wait_ns",
        "contactor",
        "enable",
        "failed",
        "interlock",
        "on_ns",
        "pausing",
        "retries",
        "saved_w",
    )

    STATE = (
        "contactor",
        "interlock",
        "_stop_ns",
        "_wait_ns",
        "enable",
        "failed",
        "on_ns",
        "pausing",
        "retries",
        "saved_w",
    )

    def __init__(self, parameters: Parameters, rules: Rules) -> None:
        p: Miners = parameters.miners
        self._p = p
        self._soft_ns = ns(p.soft_stop_s)
        self._retry_ns = ns(p.feedback_retry_s)
        # The minimum on time is a rule of the sequence: a soft trip or a full buffer must override it here.
        self.contactor = Contactor(
            feedback_s=parameters.safety.contactor_feedback_s, min_on_s=0.0, min_off_s=p.min_off_s
        )
        self.interlock = Interlock(rules)
        self.enable = False
        self.pausing = False
        self.failed = False
        self.retries = 0
        self.on_ns = 0
        self.saved_w: float | None = None
        self._stop_ns = 0
        self._wait_ns = 0

    @property
    def ready(self) -> bool:
        return not self.failed and (self.enable or self.contactor.wait_ns <= 0)

    @property
    def welded(self) -> bool:
        return self.contactor.status is ContactorStatus.WELDED

    def step(
        self,
        tick: Tick,
        f: Facts,
        *,
        wanted: bool,
        may_close: bool,
        feedback: bool,
        miner: MinerInputs,
        acknowledge: bool,
        may_wait: bool = False,
    ) -> bool:
        if miner.saved_target_w.value is not None:  # stays true while the miner is dark, whatever its age
            self.saved_w = miner.saved_target_w.value
        hold = self._soft_stop(tick, wanted=wanted, miner=miner, may_wait=may_wait)
        request = (wanted or hold) and not self.failed
        allowed = self.interlock.step(f, wanted=request, running=self.enable)
        self.enable = self.contactor.step(
            tick,
            request=allowed and (self.enable or may_close or self.contactor.no_feedback),
            feedback=feedback,
            trip=self.interlock.tripped,
            feedback_known=f.dio_healthy,
            reset=self._retry(tick, acknowledge=acknowledge),
        )
        self.on_ns = self.on_ns + tick.dt_ns if self.contactor.closed else 0
        return self.enable

    @property
    def starts_with_w(self) -> float:
        """Power at which it starts by itself; the highest when it has never been told."""
        return self._p.power_max_w if self.saved_w is None else self.saved_w

    def is_idle(self, miner: MinerInputs) -> bool:
        """Its power is known and below the idle limit."""
        return _idle(miner, self._p.idle_w)

    def retained(self) -> State:
        return {
            "hours": self.contactor.hours.state(),
            "cycles": self.contactor.cycles.state(),
            "saved_w": self.saved_w,
        }

    def retain(self, data: State) -> None:
        self.contactor.hours.restore(data["hours"])
        self.contactor.cycles.restore(data["cycles"])
        self.saved_w = data.get("saved_w")

    def _soft_stop(self, tick: Tick, *, wanted: bool, miner: MinerInputs, may_wait: bool) -> bool:
        """True while the contactor stays closed for a miner that is winding down, or that waits paused.

        Only a miner that answers can wind down; without its interface waiting would gain nothing. One that
        boots, or has proven to be idle, keeps its supply for a while when the plant goes on (may_wait): a
        cloud must not cost a contactor cycle, a boot and a new tuning.
        """
        if wanted or not self.enable:
            self._stop_ns = 0
            self.pausing = False
            return False
        self._stop_ns += tick.dt_ns
        idle, p = _idle(miner, self._p.idle_w), self._p
        early = self._stop_ns < ns(p.request_off_s) or self.on_s < p.min_on_s
        waits = idle and may_wait and early
        winds_down = not idle and self._stop_ns < self._soft_ns
        boots = may_wait and self.on_s < p.boot_s
        self.pausing = boots or (miner.state is not MinerState.UNKNOWN and (waits or winds_down))
        return self.pausing

    def _retry(self, tick: Tick, *, acknowledge: bool) -> bool:
        """One more try after a missing feedback, a limited number of times."""
        if self.contactor.closed or acknowledge:
            self.retries = 0
            self.failed = False
        if not self.contactor.no_feedback:
            self._wait_ns = 0
            return False
        self._wait_ns += tick.dt_ns
        if self._wait_ns < self._retry_ns:
            return False
        self._wait_ns = 0
        self.retries += 1
        self.failed = self.retries > self._p.feedback_retries
        return not self.failed

    @property
    def on_s(self) -> float:
        return self.on_ns / NS_PER_S


def _idle(miner: MinerInputs, idle_w: float) -> bool:
    """Power known and below the idle limit; unknown power is not idle."""
    for reading in (miner.power_metered_w, miner.power_estimated_w):
        if reading.ok and reading.value is not None:
            return reading.value < idle_w
    return False
