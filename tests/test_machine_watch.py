"""The computer watches itself: each limit, what cannot be read, and a watch that hangs."""

from __future__ import annotations

from pathlib import Path

import pytest

from plc.machine_watch import LOOKS, SILENT_AFTER_S, Look, MachineWatch, look

GOOD = Look(free_bytes=1 << 30, writable=True, busy_ticks=0, all_ticks=0, degc=50.0)
PLENTY = 1 << 30


class Machine:
    """A watch on a machine that the test describes."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.next = GOOD
        self.watch = MachineWatch(None, looks=self._look, now_s=lambda: self.now_s)
        self.busy = self.total = 0

    def _look(self) -> Look:
        return self.next._replace(busy_ticks=self.busy, all_ticks=self.total)

    def turns(self, count: int, *, cpu_pct: float = 10.0, **found: object) -> MachineWatch:
        self.next = GOOD._replace(**found)  # type: ignore[arg-type]
        for _ in range(count):
            self.now_s += 10.0
            self.busy += round(cpu_pct * 10)
            self.total += 1000
            self.watch.turn()
        return self.watch


@pytest.mark.parametrize(
    ("cause", "found"),
    [
        ("disk_full", {"free_bytes": 1 << 20}),
        ("disk_read_only", {"writable": False}),
        ("cpu_hot", {"degc": 75.1}),
        ("cpu_busy", {"cpu_pct": 95.0}),
    ],
)
def test_each_limit_is_named_and_forgotten_when_it_is_kept_again(
    cause: str, found: dict[str, object]
) -> None:
    machine = Machine()
    assert machine.turns(LOOKS).ok()
    watch = machine.turns(LOOKS, **found)  # type: ignore[arg-type]
    assert not watch.ok()
    assert watch.health()["causes"] == [cause]
    assert machine.turns(LOOKS).ok()


def test_a_short_burst_of_work_is_no_alarm() -> None:
    machine = Machine()
    machine.turns(LOOKS)
    assert machine.turns(2, cpu_pct=100.0).ok()
    assert machine.watch.health()["cpu_pct"] == pytest.approx(40.0)


def test_what_cannot_be_read_is_left_out() -> None:
    watch = MachineWatch(None, looks=lambda: Look(free_bytes=PLENTY, writable=True), now_s=lambda: 0.0)
    for _ in range(LOOKS):
        watch.turn()
    assert watch.ok()
    assert watch.health() == {
        "ok": True,
        "causes": [],
        "free_mb": 1024,
        "cpu_pct": None,
        "temperature_degc": None,
    }


def test_a_watch_that_hangs_is_not_in_order() -> None:
    machine = Machine()
    assert machine.turns(1).ok()
    machine.now_s += SILENT_AFTER_S
    assert not machine.watch.ok()


def test_a_look_at_files_as_the_kernel_writes_them(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 5 20 800 50 1 2 3 0 0\ncpu0 1 1 1 1\n", encoding="ascii")
    for number, millidegrees in enumerate(("48250", "61500", "")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(millidegrees, encoding="ascii")
    found = look(tmp_path, stat=stat, thermal=tmp_path)
    assert (found.busy_ticks, found.all_ticks, found.degc) == (131, 981, 61.5)
    assert found.writable is True
    assert found.free_bytes is not None


def test_a_folder_that_is_not_there_cannot_be_written(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "gone"):
        found = look(folder, stat=tmp_path / "none", thermal=tmp_path / "none")
        assert found == Look(None, False, None, None, None)


def test_the_service_looks_at_once_and_ends_when_asked(tmp_path: Path) -> None:
    watch = MachineWatch(tmp_path)
    watch.start()
    watch.stop()
    assert watch.join(5.0)
    assert watch.health()["free_mb"] is not None
