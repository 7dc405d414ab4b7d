"""Where the scan meets everything else: one mailbox per snapshot and wish, and one list of commands.

The scan takes what is there and leaves what came out; nobody waits for anybody. Drivers put snapshots in and
take wishes out, the link adds commands, recorder and status look at the last scan.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from plc.blocks.core import NEVER, Reading, State, Tick
from plc.energy.plan_values import PlanValues
from plc.link.commands import Market, with_data
from plc.link.envelope import seconds_of
from plc.plant.changes import COMMAND as PARAMETER
from plc.plant.interface import (
    Command,
    EnergyInputs,
    HealthInputs,
    ImageInputs,
    MarketInputs,
    MinerInputs,
    MinerWish,
    PlantInputs,
    PlantOutputs,
    ScanInputs,
    WallTime,
)
from plc.scan.loop import HandOver
from plc.scan.mailbox import Mailbox

log = logging.getLogger(__name__)

COMMANDS_WAITING = 256  # more than a person or a flow sends in a second; older ones fall out
COMMANDS_PER_SCAN = 16  # bounds the time of one scan, whatever arrives


_NO_ENERGY = EnergyInputs()


def _no_energy(now_ns: int) -> EnergyInputs:
    """A house without inverter and meter."""
    del now_ns
    return _NO_ENERGY


def _no_tank(now_ns: int) -> Reading:
    """A house whose hot water tank nobody measures."""
    del now_ns
    return NEVER


PAUSE = MinerWish(run=False, power_w=0.0, urgent=True)


class Scanned(NamedTuple):
    """One complete scan."""

    tick: Tick
    inputs: PlantInputs
    outputs: PlantOutputs


class Exchange:
    """Sources and HandOver of the scan loop.

    energy, t_dhw: read the house and its hot water tank as of a time; given by whoever measures them.
    miners: snapshots that the drivers put in. wishes: what the drivers reconcile, None until the plant has
    decided for the first time.
    commands: appended by the link, from any thread. health: how other parts of the program are, asked in
    every scan by the name of the field. market: prices and forecasts that came from outside, by `deliver`.
    plan: of the planner. facts: what drivers say for people, asked by the link, by topic. last: the last
    scan, None before the first. retain: the newest retained data, from the file at start, from the plant
    afterwards.
    """

    def __init__(self, consumers: Iterable[HandOver] = ()) -> None:
        self.energy: Callable[[int], EnergyInputs] = _no_energy
        self.t_dhw: Callable[[int], Reading] = _no_tank
        self.miners = (Mailbox(MinerInputs()), Mailbox(MinerInputs()))
        self.wishes: tuple[Mailbox[MinerWish | None], ...] = (Mailbox(None), Mailbox(None))
        self.commands: deque[Command] = deque(maxlen=COMMANDS_WAITING)
        self.health: dict[str, Callable[[], bool | None]] = {}
        self.market: Mailbox[Market] = Mailbox(Market())
        self.plan: Mailbox[PlanValues | None] = Mailbox(None)
        self.facts: dict[str, Callable[[], float]] = {}
        self.last: Mailbox[Scanned | None] = Mailbox(None)
        self.retain: Mailbox[State | None] = Mailbox(None)
        self.states_visited: list[str] = []
        self.parting = False  # the program is about to end: miners pause, whatever the plant wishes
        self._delivery = threading.Lock()
        self._consumers = list(consumers)
        self._health = HealthInputs()
        self._health_was: tuple[bool | None, ...] = ()
        self._priced = MarketInputs()
        self._priced_of: tuple[Market | None, PlanValues | None] = (None, None)

    def deliver(self, name: str, value: Any) -> None:
        """Prices, a hash price or a forecast from outside, in the form of the command of that name.

        From any thread but that of the scan, which only looks at what is there. Each sender adds to what the
        others brought, so the last delivery counts, whichever way it came. Raises WrongValueError; everything
        is then as before.
        """
        with self._delivery:
            self.market.put(with_data(self.market.latest, name, value, seconds_of))

    def join(self, consumer: HandOver) -> None:
        """One more that gets every scan; before the first one."""
        self._consumers.append(consumer)

    def _healths(self) -> HealthInputs:
        """How the rest of the program is; built anew only when something changed."""
        found = tuple([ask() for ask in self.health.values()])
        if found != self._health_was:
            self._health_was = found
            self._health = HealthInputs(**dict(zip(self.health, found, strict=True)))
        return self._health

    def _prices(self) -> MarketInputs:
        """Prices and plan as the plant takes them; built anew only when one of them changed."""
        market, plan = self.market.latest, self.plan.latest
        if market is not self._priced_of[0] or plan is not self._priced_of[1]:
            self._priced_of = (market, plan)
            self._priced = MarketInputs(market.spot, market.hash_price, plan)
        return self._priced

    def gather(self, now_ns: int, image: ImageInputs, wall: WallTime, scan: ScanInputs) -> PlantInputs:
        """The complete input of one scan, from whatever is there."""
        m1, m2 = self.miners
        commands: tuple[Command, ...] = ()
        if self.commands:
            commands = self._next_commands()
        miners = (m1.latest, m2.latest)
        return PlantInputs(
            image,
            wall,
            self.energy(now_ns),
            miners,
            commands,
            scan,
            self._healths(),
            self.t_dhw(now_ns),
            self._prices(),
        )

    def _next_commands(self) -> tuple[Command, ...]:
        """A changed parameter builds the blocks anew, some milliseconds of work: one in a scan."""
        taken: list[Command] = []
        while self.commands and len(taken) < COMMANDS_PER_SCAN:
            taken.append(self.commands.popleft())
            if taken[-1].name == PARAMETER:
                break
        return tuple(taken)

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """Leaves the result of one scan for everybody."""
        self.last.put(Scanned(tick, inputs, outputs))
        for wish, wanted in zip(self.wishes, outputs.miners, strict=True):
            wish.put(PAUSE if self.parting else wanted)
        self.retain.put(outputs.retain)
        if outputs.status.state not in self.states_visited:  # about a dozen states at most
            self.states_visited.append(outputs.status.state)
        for consumer in self._consumers:
            try:
                consumer.scanned(tick, inputs, outputs)
            except Exception:
                # The outputs of this scan are in the image: the plant goes on without a recorder or a
                # link. Where it is the supervisor's share that fails, its watchdog ends the process.
                log.exception("%s: given up after a fault", type(consumer).__name__)
                self._consumers = [other for other in self._consumers if other is not consumer]

    def restarted(self, now_ns: int, cause: str) -> None:
        """A new plant: wishes of the old one are void."""
        for wish in self.wishes:
            wish.put(MinerWish())
        for consumer in self._consumers:
            consumer.restarted(now_ns, cause)
