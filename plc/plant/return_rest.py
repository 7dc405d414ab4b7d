"""How long a miner stays away that hot oil took away.

One miner leaves the oil cooler than two, so the oil calls the second one back as soon as it is gone. On a
buffer that is nearly full that ends as the time before, and each time costs a contactor cycle, a boot and a
tuning. So the second waits for room in the buffer, or longer each time.
"""

from __future__ import annotations

from plc.blocks.core import Block, Tick, ns
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters

LONGEST_S = 4.0 * 3600.0
"""A night is tried a few times. A return that went well for as long was right: the next rest is short."""


class ReturnRest(Block):
    """Output `on`: one miner at most.

    begin(facts): the oil limit has just left one miner of two. step(tick, facts, running=, more=) -> on, in
    every scan. more: the oil bears all that one miner can give, and would bear more.

    A rest lasts miners.return_rest_s, each further one twice as long, up to LONGEST_S, and from then on until
    `more`: on oil as hot as that, two miners would only share the power of one. Where the heat is recooled no
    rest gets longer: the air outside is another one in an hour.

    All is forgotten when the buffer gets room (room that was there already had not helped), when the heat
    goes elsewhere or may, when the plant leaves the running states, and LONGEST_S after a rest. Not
    retained: a restart opens both contactors, and what follows is a first start.
    """

    __slots__ = ("_elapsed_ns", "_first_s", "_rest_s", "_room", "_where", "on")

    STATE = ("_elapsed_ns", "_rest_s", "_room", "_where", "on")

    def __init__(self, parameters: Parameters) -> None:
        self._first_s = parameters.miners.return_rest_s
        self._rest_s = 0.0
        self._elapsed_ns = 0  # of the rest, then since its end
        self._room = False
        self._where: tuple[bool, ...] = ()
        self.on = False

    def begin(self, f: Facts) -> None:
        longer = self._rest_s > 0.0 and not f.route_is_recool
        self._rest_s = min(LONGEST_S, 2.0 * self._rest_s) if longer else self._first_s
        self._elapsed_ns = 0
        self._room, self._where = f.buffer_room, _where(f)
        self.on = True

    def step(self, tick: Tick, f: Facts, *, running: bool, more: bool) -> bool:
        if not self._rest_s:
            return False
        room_again = f.buffer_room and not self._room
        self._room = f.buffer_room
        self._elapsed_ns += tick.dt_ns
        went_well = not self.on and self._elapsed_ns >= ns(LONGEST_S)
        if not running or room_again or went_well or _where(f) != self._where:
            self._forget()
        elif self.on and more and self._elapsed_ns >= ns(self._rest_s):
            self._elapsed_ns = 0
            self.on = False
        return self.on

    def _forget(self) -> None:
        self._rest_s, self._elapsed_ns = 0.0, 0
        self._room, self._where = False, ()
        self.on = False


def _where(f: Facts) -> tuple[bool, ...]:
    """Where the heat goes, and whether it may be recooled: the oil may be hotter then."""
    return (f.route_is_recool, f.route_is_dhw, f.recool_allowed)
