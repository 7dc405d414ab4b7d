"""Histograms: percentiles that are close enough, memory that does not grow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plc.scan.clock import Turn
from plc.scan.statistics import Histogram, ScanStatistics, Window

NS_PER_US = 1_000


@given(st.lists(st.integers(0, 10**11), min_size=1, max_size=200), st.sampled_from([0.5, 0.99, 0.999]))
def test_a_percentile_is_never_below_the_true_one_and_at_most_a_sixteenth_above(
    values: list[int], share: float
) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    ordered = sorted(values)
    needed = share * len(values)
    true_us = next(value for n, value in enumerate(ordered, 1) if n >= needed) / NS_PER_US
    found = histogram.percentile_us(share)
    assert true_us - 1e-6 <= found <= true_us * 17 / 16 + 1


def test_nothing_counted_is_zero_and_not_an_error() -> None:
    assert Histogram().report() == {"p50_us": 0, "p99_us": 0, "p999_us": 0, "max_us": 0, "mean_us": 0}


def test_absurd_durations_end_in_the_last_bucket_with_their_true_maximum() -> None:
    histogram = Histogram()
    histogram.add(10**15)
    assert histogram.max_ns == 10**15
    assert histogram.percentile_us(0.99) > 0


def test_an_old_spike_leaves_the_last_window_but_not_the_total() -> None:
    window = Window()
    window.add(50_000_000)
    for _ in range(2 * Window.SCANS):
        window.add(1_000)
    report = window.report()
    assert report["since_start"]["max_us"] == 50_000
    assert report[f"last_{Window.SCANS}"]["max_us"] == 1


def test_the_scan_report_names_lost_late_and_shares() -> None:
    statistics = ScanStatistics(100_000_000)
    statistics.began(Turn(0, 0, 0))
    statistics.finished(10_000, 70_000, 15_000, 5_000)
    statistics.began(Turn(350_000_000, 250_000_000, 2))
    statistics.finished(10_000, 70_000, 15_000, 5_000)
    report = statistics.report()
    assert report["scans"] == 2
    assert report["lost_cycles"] == 2
    assert report["late_scans"] == 1
    assert report["share"] == {"read": 0.1, "logic": 0.7, "write": 0.15, "handover": 0.05}
    assert report["execution"]["since_start"]["mean_us"] == 100
