"""Where the scan meets everything else: latest wins, commands in order, a broken consumer is given up."""

from __future__ import annotations

import pytest

from plc.blocks.core import Reading, Tick
from plc.exchange import COMMANDS_PER_SCAN, COMMANDS_WAITING, Exchange
from plc.plant.interface import (
    Command,
    EnergyInputs,
    ImageInputs,
    ImageOutputs,
    MinerInputs,
    MinerState,
    MinerWish,
    PlantInputs,
    PlantOutputs,
    PlantStatus,
    ScanInputs,
    WallTime,
)

IMAGE = ImageInputs(dio_healthy=True, aio_healthy=True)


class Consumer:
    def __init__(self, *, breaks: bool = False) -> None:
        self.breaks = breaks
        self.scans = 0
        self.restarts: list[str] = []

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        if self.breaks:
            raise RuntimeError("recorder")
        self.scans += 1

    def restarted(self, now_ns: int, cause: str) -> None:
        self.restarts.append(cause)


def gather(exchange: Exchange) -> PlantInputs:
    return exchange.gather(7, IMAGE, WallTime(), ScanInputs())


def outputs(state: str = "INIT") -> PlantOutputs:
    return PlantOutputs(
        image=ImageOutputs(),
        status=PlantStatus(state=state, mode="auto"),
        miners=(MinerWish(True, 3000.0), MinerWish(True, 1200.0)),
        retain={"n": 1},
    )


def command(number: int) -> Command:
    return Command("power_request", number, "test", 0)


def test_the_latest_snapshot_wins_and_stays() -> None:
    exchange = Exchange()
    exchange.miners[1].put(MinerInputs(state=MinerState.BOOTING))
    exchange.miners[1].put(MinerInputs(state=MinerState.MINING))
    assert gather(exchange).miners[1].state is MinerState.MINING
    assert gather(exchange).miners[1].state is MinerState.MINING


def test_energy_is_read_as_of_the_time_of_the_scan() -> None:
    exchange = Exchange()
    assert gather(exchange).energy == EnergyInputs()
    exchange.energy = lambda now_ns: EnergyInputs(pv_w=Reading.good(1.0, now_ns))
    assert gather(exchange).energy.pv_w.taken_ns == 7


def test_nothing_is_wished_before_the_plant_has_decided() -> None:
    assert [wish.latest for wish in Exchange().wishes] == [None, None]


def test_commands_come_once_in_order_and_bounded_per_scan() -> None:
    exchange = Exchange()
    exchange.commands.extend(command(n) for n in range(COMMANDS_PER_SCAN + 3))
    first, second, third = gather(exchange), gather(exchange), gather(exchange)
    assert [c.value for c in first.commands] == list(range(COMMANDS_PER_SCAN))
    assert [c.value for c in second.commands] == [COMMANDS_PER_SCAN + n for n in range(3)]
    assert third.commands == ()


def test_one_scan_takes_one_changed_parameter_because_each_builds_the_blocks_anew() -> None:
    exchange = Exchange()
    change = Command("parameter", {"name": "miners.power_min_w", "value": None}, "test", 0)
    exchange.commands.extend((command(1), change, change, command(2)))
    assert [c.name for c in gather(exchange).commands] == ["power_request", "parameter"]
    assert [c.name for c in gather(exchange).commands] == ["parameter"]
    assert [c.name for c in gather(exchange).commands] == ["power_request"]


def test_a_flood_of_commands_cannot_grow_without_bound() -> None:
    exchange = Exchange()
    exchange.commands.extend(command(n) for n in range(10 * COMMANDS_WAITING))
    assert len(exchange.commands) == COMMANDS_WAITING


def test_results_are_left_for_everybody() -> None:
    consumer = Consumer()
    exchange = Exchange([consumer])
    exchange.scanned(Tick(1, 1), gather(exchange), outputs())
    assert exchange.wishes[0].latest == MinerWish(True, 3000.0)
    assert exchange.retain.latest == {"n": 1}
    assert exchange.last.latest is not None
    assert consumer.scans == 1


def test_states_are_listed_in_the_order_of_their_first_visit() -> None:
    exchange = Exchange()
    for state in ("INIT", "OFF", "INIT", "STANDBY", "OFF"):
        exchange.scanned(Tick(1, 1), gather(exchange), outputs(state))
    assert exchange.states_visited == ["INIT", "OFF", "STANDBY"]


def test_a_restart_voids_the_wishes_of_the_old_plant() -> None:
    consumer = Consumer()
    exchange = Exchange([consumer])
    exchange.scanned(Tick(1, 1), gather(exchange), outputs())
    exchange.restarted(2, "scan_gap")
    assert [wish.latest for wish in exchange.wishes] == [MinerWish(), MinerWish()]
    assert consumer.restarts == ["scan_gap"]


def test_a_broken_consumer_is_given_up_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    good, broken, last = Consumer(), Consumer(breaks=True), Consumer()
    exchange = Exchange([good, broken, last])
    for _ in range(3):
        exchange.scanned(Tick(1, 1), gather(exchange), outputs())
    assert (good.scans, last.scans) == (3, 3)
    assert len([record for record in caplog.records if "given up" in record.message]) == 1
