"""Which lost cycles the bench puts down to a machine that was away, and which it does not."""

from __future__ import annotations

from tools.bench_parts.surroundings import Stops, lost_with_the_machine

MS = 1_000_000


def test_a_stop_of_half_the_delay_explains_it_and_an_earlier_or_shorter_one_does_not() -> None:
    stops = Stops(away_ns=[[100 * MS, 130 * MS], [500 * MS, 505 * MS]])
    assert stops.explain(140 * MS, 40 * MS)  # late from 100 to 140, away for 30 of it
    assert not stops.explain(190 * MS, 70 * MS)  # late from 120 on, away for 10
    assert not stops.explain(520 * MS, 20 * MS)  # away for 5 of 20
    assert not stops.explain(300 * MS, 40 * MS)


def test_only_explained_cycles_are_taken_from_the_count() -> None:
    stops = Stops(away_ns=[[100 * MS, 150 * MS]])
    scan = {
        "last_late": [
            {"at_ns": 150 * MS, "late_ms": 50.0, "lost": 2},
            {"at_ns": 900 * MS, "late_ms": 25.0, "lost": 1},
        ]
    }
    assert lost_with_the_machine(scan, stops) == 2


def test_a_machine_that_never_stopped_explains_nothing() -> None:
    scan = {"last_late": [{"at_ns": 150 * MS, "late_ms": 50.0, "lost": 2}]}
    assert lost_with_the_machine(scan, Stops()) == 0
