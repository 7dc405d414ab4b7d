"""SIGTERM with running miners: pause first, outputs within a second, nothing to wait for otherwise."""

from plc.blocks.core import NS_PER_S, Tick
from plc.exchange import PAUSE, Exchange
from plc.farewell import GRACE_NS, Farewell
from plc.plant.interface import ImageInputs, ImageOutputs, MinerWish, PlantInputs, PlantOutputs, PlantStatus

RUNNING = (MinerWish(True, 3000.0), MinerWish(True, 3000.0))


class End:
    def __init__(self) -> None:
        self.exchange, self.stop, self.now_ns = Exchange(), False, 0
        self.farewell = Farewell(lambda: self.stop, self.exchange, lambda: self.now_ns)

    def scan(self, *, enabled: bool) -> None:
        outputs = PlantOutputs(
            ImageOutputs(m1_enable=enabled), PlantStatus("HEAT_BUFFER", "auto"), miners=RUNNING
        )
        self.exchange.scanned(Tick(self.now_ns, 1), PlantInputs(ImageInputs(True, True)), outputs)
        self.now_ns += NS_PER_S // 10


def test_nothing_happens_while_nobody_asks():
    end = End()
    end.scan(enabled=True)
    assert not end.farewell()
    assert end.exchange.wishes[0].latest == RUNNING[0]


def test_running_miners_are_told_to_pause_while_the_plant_scans_on_for_a_second():
    end = End()
    end.scan(enabled=True)
    end.stop = True
    scans = 0
    while not end.farewell():
        end.scan(enabled=True)
        assert [wish.latest for wish in end.exchange.wishes] == [PAUSE, PAUSE]
        scans += 1
    assert scans * NS_PER_S // 10 == GRACE_NS


def test_without_an_enable_the_end_is_at_once():
    end = End()
    end.scan(enabled=False)
    end.stop = True
    assert end.farewell()


def test_before_the_first_scan_the_end_is_at_once():
    end = End()
    end.stop = True
    assert end.farewell()


def test_a_trip_on_the_way_out_ends_the_waiting():
    end = End()
    end.scan(enabled=True)
    end.stop = True
    assert not end.farewell()
    end.scan(enabled=False)
    assert end.farewell()
