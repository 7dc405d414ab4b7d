"""The house without the miners, smoothed: what a rule may build on.

Load of the inverter includes the miners; their own measured power is taken out again, so that switching a
miner on does not remove the reason for having it on. A miner whose power nobody knows is not taken out:
then the surplus looks smaller than it is, which is the harmless direction.

More power needs the mean of the last minute, less power the mean of three: one cloud is shorter. A plan looks
a quarter hour ahead, and clouds that come and go are best foreseen by their mean: by a plan a start, more
power and an end need the mean of a quarter hour. How far the surplus swings around this mean is known as
well: the battery carries what the clouds take, and that has a price.
"""

from __future__ import annotations

from math import sqrt

from plc.blocks.core import Block, State, Tick
from plc.blocks.signal import MovingMean
from plc.blocks.timers import TON
from plc.energy.cost import House
from plc.energy.parameters import Choice
from plc.energy.situation import EnergySituation

SAMPLE_S = 5.0
STEADY_SAMPLE_S = 15.0
HOUSES = ("fast", "slow", "steady")
COVERED = 0.9
"""Share of a window that must have been measured before its mean may ask for more power."""


class Surplus(Block):
    """step(tick, situation) sets `fast`, `slow` and `steady` (House without miners) and `lost`.

    fast: mean over confirm_on_s; known only when the window is full of good readings. slow: mean over
    confirm_off_s. While readings fail, fast is unknown at once, so nothing is switched on; slow stands for
    confirm_off_s more (`lost` False) and is unknown from then on: a rule without data must come to its end.
    steady: mean over confirm_plan_s, known as long as slow is. All three carry the swing of that time. The
    charge of the battery is that of now in fast; the last known one stands for confirm_off_s in the others.
    """

    __slots__ = (
        "_fast_load", "_fast_pv", "_lost", "_slow_load", "_slow_pv", "_soc", "_soc_lost", "_square",
        "_steady_load", "_steady_pv", "fast", "lost", "slow", "steady",
    )  # fmt: skip

    STATE = (
        "_fast_load", "_fast_pv", "_lost", "_slow_load", "_slow_pv", "_soc", "_soc_lost", "_square",
        "_steady_load", "_steady_pv", "lost",
    )  # fmt: skip

    def __init__(self, choice: Choice) -> None:
        on_s, off_s = choice.confirm_on_s, choice.confirm_off_s
        self._fast_pv = MovingMean(on_s, min(SAMPLE_S, on_s))
        self._fast_load = MovingMean(on_s, min(SAMPLE_S, on_s))
        self._slow_pv = MovingMean(off_s, min(SAMPLE_S, off_s))
        self._slow_load = MovingMean(off_s, min(SAMPLE_S, off_s))
        self._steady_pv = MovingMean(choice.confirm_plan_s, STEADY_SAMPLE_S)
        self._steady_load = MovingMean(choice.confirm_plan_s, STEADY_SAMPLE_S)
        self._square = MovingMean(choice.confirm_plan_s, STEADY_SAMPLE_S)
        self._lost = TON(off_s)
        self._soc: float | None = None
        self._soc_lost = TON(off_s)
        self.steady = House()
        self.fast = House()
        self.slow = House()
        self.lost = True

    def state(self) -> State:
        """As of every block, with the three houses: they are shown until the next step, a second later."""
        return super().state() | {name: list(getattr(self, name)) for name in HOUSES}

    def _put(self, state: State) -> None:
        super()._put({name: state[name] for name in state if name not in HOUSES})
        for name in HOUSES:
            setattr(self, name, House(*state[name]))

    def step(self, tick: Tick, situation: EnergySituation) -> None:
        pv_w = situation.pv_w.usable
        load_w = situation.load_w.usable
        if load_w is not None:
            for miner in situation.miners:
                load_w -= miner.power_w or 0.0
            load_w = max(0.0, load_w)
        good = pv_w is not None and load_w is not None
        soc = situation.battery_soc_pct.usable
        if self._soc_lost.step(tick, in_=soc is None) or soc is not None:
            self._soc = soc
        fast_pv = self._fast_pv.step(tick, value=pv_w)
        fast_load = self._fast_load.step(tick, value=load_w)
        slow_pv = self._slow_pv.step(tick, value=pv_w)
        slow_load = self._slow_load.step(tick, value=load_w)
        steady_pv = self._steady_pv.step(tick, value=pv_w)
        steady_load = self._steady_load.step(tick, value=load_w)
        left_w = None if pv_w is None or load_w is None else pv_w - load_w
        square = self._square.step(tick, value=None if left_w is None else left_w * left_w)
        self.lost = self._lost.step(tick, in_=not good)
        self.fast = self.slow = self.steady = House(soc_pct=soc)
        if fast_pv is not None and fast_load is not None:
            covered = good and self._fast_pv.coverage >= COVERED and self._fast_load.coverage >= COVERED
            self.fast = House(max(0.0, fast_pv), fast_load, soc, known=covered)
        if slow_pv is not None and slow_load is not None:
            self.slow = House(max(0.0, slow_pv), slow_load, self._soc, known=not self.lost)
        else:
            self.lost = True
        if steady_pv is not None and steady_load is not None:
            self.steady = House(max(0.0, steady_pv), steady_load, self._soc, known=self.slow.known)
            if square is not None:
                left_w = steady_pv - steady_load
                self._swing(sqrt(max(0.0, square - left_w * left_w)))

    def _swing(self, swing_w: float) -> None:
        self.fast = self.fast._replace(swing_w=swing_w)
        self.slow = self.slow._replace(swing_w=swing_w)
        self.steady = self.steady._replace(swing_w=swing_w)

    @property
    def cautious_fast(self) -> House:
        """By a plan more power must be right now and in the mean of a quarter hour: whichever leaves less."""
        fast, steady = self.fast, self.steady
        less = fast.pv_w - fast.load_w > steady.pv_w - steady.load_w
        return steady._replace(known=fast.known) if steady.known and less else fast
