"""K7, the heat pump block: three grounds to block, many reasons to release, free in any doubt.

Ground one, `miner_heat`: the miners carry the house, the heat pump need not start. Ground two, `value`: the
buffer carries the house for a while and running later is worth more. Ground three, `request`: somebody from
outside asks for it, under the permissives of the second and for as long as the lease lives. The heat pump is
always the guarantee of supply. Plant reference, topics input I1 and heat pump coordination; design, topic K7.
"""

from __future__ import annotations

from plc.blocks.block_relay import BlockRelay
from plc.blocks.core import Block, State, Tick
from plc.blocks.timers import TON
from plc.plant import interlocks
from plc.plant.facts import Facts
from plc.plant.interlock import Interlock
from plc.plant.parameters import Parameters


class HeatPumpBlock(Block):
    """The relay with its permissive lists and its budgets.

    step(tick, facts) -> True while K7 blocks. Outputs: relay (block with budgets), ground ("" while free),
    limited_by (why a standing request is not granted, "" when it is or when there is none).
    """

    __slots__ = (
        "_cold",
        "_no_heat",
        "_over",
        "_p",
        "by_heat",
        "by_request",
        "by_value",
        "ground",
        "limited_by",
        "relay",
    )

    STATE = ("_cold", "_no_heat", "_over", "by_heat", "by_request", "by_value", "ground", "relay")

    def __init__(self, parameters: Parameters) -> None:
        p = parameters.hp_block
        self._p = parameters
        self.relay = BlockRelay(
            block_min_s=p.block_min_s,
            block_max_s=p.block_max_s,
            free_min_s=max(p.free_min_s, p.hp_min_run_s),
            max_s_per_day=p.max_s_per_day,
            max_blocks_per_day=p.max_blocks_per_day,
        )
        self.by_heat = Interlock(interlocks.HP_BLOCK_HEAT)
        self.by_value = Interlock(interlocks.HP_BLOCK_VALUE)
        self.by_request = Interlock(interlocks.HP_BLOCK_REQUEST)
        self.ground = ""
        self.limited_by = ""
        self._cold = TON(p.release_for_s)
        self._no_heat = TON(p.no_heat_s)
        # An independent look at the budgets: the block of the grid operator cannot be refused, only seen.
        self._over = TON(p.block_max_s + 60.0)

    def retained(self) -> State:
        return self.relay.state()

    def retain(self, data: State, *, clean: bool) -> None:
        """Takes the history of the relay back. After an unclean end the worst case stands: as if the day
        were used up for the time of the longest block.
        """
        if clean:
            self.relay.restore(data)
            self.relay.dropped_out()

    def refusal(self, f: Facts) -> str:
        """Why a request would not be granted now, the name of the first cause; "" when it would be.

        The answer to a command. Whatever it says, the permissives and budgets are judged again in every scan.
        """
        rules, running = interlocks.HP_BLOCK_REQUEST, self.relay.blocked
        for rung in rules.trip if running else (*rules.trip, *rules.start):
            if rung.name != interlocks.NO_REQUEST and rung.holds(f):
                return rung.name
        hindrance = None if running else self.relay.hindrance
        return "" if hindrance is None else hindrance.value

    def _could_begin(self) -> bool:
        """A block for value would be granted now if somebody wanted it: what the decision reckons with."""
        return self.relay.may_start and self.by_value.causes in ((), (interlocks.NO_VALUE,))

    def step(self, tick: Tick, f: Facts) -> bool:
        p = self._p.hp_block
        running = self.relay.blocked
        f.too_cold_to_block = f.t_outdoor is None or f.t_outdoor < p.outdoor_min_degc
        f.top_cold_for_block = self._cold.step(tick, in_=f.top_below_release)
        f.heat_absent = self._no_heat.step(
            tick, in_=f.miners_stopped or f.power_w < self._p.heat_proof.min_power_w
        )
        f.heat_covers = f.load_w is not None and f.power_w >= p.heat_fraction * f.load_w and not f.heat_absent
        heat = self.by_heat.step(f, wanted=p.permitted, running=running and self.ground == "miner_heat")
        value = self.by_value.step(
            f, wanted=p.permitted and p.by_value, running=running and self.ground == "value"
        )
        request = self.by_request.step(
            f, wanted=p.permitted and p.by_request, running=running and self.ground == "request"
        )
        blocked = self.relay.step(
            tick,
            request=heat or value or request,
            # A ground that is tripped gives no right to finish the shortest block.
            release=self.by_heat.tripped and self.by_value.tripped and self.by_request.tripped,
            grid_block=f.grid_block,
        )
        ground = "miner_heat" if heat else "value" if value else "request" if request else self.ground
        self.ground = ground if blocked else ""
        self.limited_by = ""
        if f.block_requested and not blocked:
            self.limited_by = self.by_request.first_out or self.relay.status.value
        f.hp_blocked = self.relay.blocked_any
        f.block_possible = p.permitted and p.by_value and (blocked or self._could_begin())
        f.block_overtime = self._over.step(tick, in_=self.relay.blocked_any) or (
            self.relay.blocked and self.relay.used_ns > p.max_s_per_day * 1e9 + 60e9
        )
        return blocked
