import pytest

from plc.blocks.core import NS_PER_S
from plc.field.rs485.schedule import HALVE_ABOVE, Schedule, split_lengths
from plc.field.rs485.stats import DeviceCounters, Failure
from tests.field.rs485.kinds import all_kinds, kind


def schedule(name="deye-3p-lv"):
    return Schedule(kind(name), 12_000, 2, {})


def block(schedule, name):
    return next(b for b in schedule.blocks if b.name == name)


def test_a_block_that_fails_three_times_while_others_answer_is_halved_with_distinct_lengths():
    plan, counters = schedule(), DeviceCounters()
    fast, pv = block(plan, "fast"), block(plan, "pv")
    for second in (1, 3, 5):
        plan.failed(fast, second * NS_PER_S, 1, Failure.NO_ANSWER)
        plan.succeeded(pv, (second + 1) * NS_PER_S, counters)
    first, second = block(plan, "fast.1"), block(plan, "fast.2")
    assert first.spec.start == 586
    assert second.spec.start == 586 + first.spec.count
    assert first.spec.count + second.spec.count == 70
    counts = [b.spec.count for b in plan.blocks]
    assert len(set(counts)) == len(counts)


def test_a_device_that_is_dead_as_a_whole_is_not_cut_into_pieces():
    plan = schedule()
    fast = block(plan, "fast")
    for n in range(1, 8):
        plan.failed(fast, n * NS_PER_S, n, Failure.NO_ANSWER)
    assert len(plan.blocks) == 5
    assert plan.silent


def test_the_probe_slows_down_to_a_minute_and_one_answer_ends_it():
    plan = schedule()
    fast, now = block(plan, "fast"), 0
    waits = []
    for n in range(5, 12):
        plan.failed(fast if n == 5 else plan.probe(), now, n, Failure.NO_ANSWER)
        waits.append((plan.next_due_ns() - now) / NS_PER_S)
        now = plan.next_due_ns()
    assert waits == [10, 20, 40, 60, 60, 60, 60]
    plan.succeeded(plan.probe(), now, DeviceCounters())
    assert not plan.silent
    assert fast.due_ns == now


def test_an_optional_block_is_asked_ever_less_but_never_given_up():
    plan = schedule()
    bms, now = block(plan, "bms"), 0
    for _ in range(20):
        plan.failed(bms, now, 0, Failure.EXCEPTION)
        now = bms.due_ns
    plan.failed(bms, now, 0, Failure.EXCEPTION)
    assert (bms.due_ns - now) / NS_PER_S == 600


def test_a_late_answer_puts_the_measured_turnaround_back():
    plan, counters = schedule(), DeviceCounters()
    fast = block(plan, "fast")
    for second in range(600):
        counters.durations_s.append(0.12)
        plan.succeeded(fast, second * NS_PER_S, counters)
    assert plan.turnaround_s == pytest.approx(0.22)
    plan.answered_late(counters)
    assert plan.turnaround_s == 0.5


@pytest.mark.parametrize("name", sorted(all_kinds()))
def test_every_block_can_be_halved_without_two_equal_lengths(name):
    counts = {b.count for b in kind(name).blocks.values()}
    for count in (count for count in counts if count > HALVE_ABOVE):
        parts = split_lengths(count, counts - {count})
        assert parts is not None
        assert parts[0] != parts[1]
        assert not set(parts) & (counts - {count})


def test_a_late_bus_does_not_catch_up_in_a_burst():
    plan, counters = schedule(), DeviceCounters()
    fast = block(plan, "fast")
    plan.succeeded(fast, 100 * NS_PER_S, counters)
    assert fast.due_ns == 102 * NS_PER_S


def test_blocks_of_one_period_are_read_together_in_the_order_of_the_file():
    plan, counters = schedule(), DeviceCounters()
    for name in ("identity", "state", "bms"):
        block(plan, name).due_ns = 99 * NS_PER_S
    plan.succeeded(block(plan, "fast"), round(6.4 * NS_PER_S), counters)
    plan.succeeded(block(plan, "pv"), round(7.3 * NS_PER_S), counters)
    now_ns, order = 8 * NS_PER_S, []
    while (due := plan.due(now_ns)) is not None:
        order.append(due.name)
        plan.succeeded(due, now_ns, counters)
    assert order == ["pv", "fast"]
    assert plan.next_due_ns() == 10 * NS_PER_S
