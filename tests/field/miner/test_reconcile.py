"""What is written to a miner, when, and in which order; virtual time, real codec, no network."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plc.field.miner.settings import Limits
from plc.plant.interface import MinerCondition, MinerState
from tests.field.miner.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A miner that mines at 3050 W (its factory target), freshly seen."""
    return Rig(tmp_path)


def settle(rig: Rig, power_w: float) -> None:
    rig.want(power_w)
    rig.run(600)
    rig.writes.clear()


def test_reads_but_writes_nothing_before_the_first_wish(rig: Rig) -> None:
    rig.run(120)
    assert rig.writes == []
    assert rig.now.inputs.state is MinerState.MINING
    assert rig.now.inputs.saved_target_w.value == 3050.0
    assert rig.now.diagnostics.waiting_for == "no_wish"


def test_levels_are_few_and_inside_firmware_and_site_limits(rig: Rig) -> None:
    rig.run(10)
    assert rig.now.diagnostics.levels_w == (1200, 1700, 2200, 2700, 3200)
    assert (rig.now.inputs.power_min_w.value, rig.now.inputs.power_max_w.value) == (1200.0, 3200.0)


def test_never_more_than_granted(rig: Rig) -> None:
    rig.want(2650.0)
    rig.run(60)
    assert rig.targets() == [2200]
    assert rig.now.inputs.power_requested_w.value == 2200.0
    assert rig.now.inputs.power_active_w.value == 2200.0


def test_an_agreeing_miner_is_not_written_to(rig: Rig) -> None:
    settle(rig, 3200.0)
    rig.run(3600)
    assert rig.writes == []
    assert rig.now.inputs.power_requested_w.value == 3200.0


def test_a_raise_waits_five_minutes_after_the_last_target(rig: Rig) -> None:
    rig.want(1200.0)
    rig.run(30)
    rig.want(3200.0)
    rig.run(900)
    (first, _, low), (second, _, high) = rig.writes
    assert (low, high) == (1200, 3200)
    assert 300.0 <= second - first < 320.0


def test_a_cloud_of_four_minutes_changes_nothing(rig: Rig) -> None:
    settle(rig, 3200.0)
    rig.want(1300.0)
    rig.run(240)
    rig.want(3200.0)
    rig.run(600)
    assert rig.writes == []


def test_less_power_for_five_minutes_lowers_the_target_once(rig: Rig) -> None:
    settle(rig, 3200.0)
    rig.want(1300.0)
    rig.run(900)
    assert rig.targets() == [1200]


def test_protection_lowers_at_once_and_outside_the_budget(rig: Rig) -> None:
    settle(rig, 3200.0)
    used = rig.now.diagnostics.writes_24h
    rig.want(2750.0, urgent=True)
    assert rig.run(30, until=lambda: bool(rig.writes)) < 10.0
    assert rig.targets() == [2700]
    assert rig.now.diagnostics.writes_24h == used
    rig.want(2300.0, urgent=True)
    rig.run(120)
    assert rig.targets() == [2700, 2200]
    assert rig.writes[1][0] - rig.writes[0][0] >= 60.0


def test_protection_below_the_lowest_level_pauses(rig: Rig) -> None:
    settle(rig, 1200.0)
    rig.want(1190.0, urgent=True)
    rig.run(30)
    assert rig.methods()[0] == "PauseMining"


def test_protection_without_effect_pauses(rig: Rig) -> None:
    settle(rig, 3200.0)
    rig.machine.faults.target_ignored = True
    rig.want(2700.0, urgent=True)
    rig.run(120)
    assert rig.methods()[:2] == ["SetPowerTarget", "PauseMining"]


def test_a_soft_stop_parks_the_saved_target_and_then_pauses(rig: Rig) -> None:
    settle(rig, 3200.0)
    rig.run(1200)
    rig.stop()
    rig.run(120)
    assert [(method, watt) for _, method, watt in rig.writes] == [
        ("SetPowerTarget", 1200),
        ("PauseMining", 0),
    ]
    assert rig.now.inputs.state is MinerState.PAUSED
    assert rig.now.inputs.ready_to_open
    assert rig.now.inputs.saved_target_w.value == 1200.0


def test_an_urgent_stop_pauses_first_and_parks_afterwards(rig: Rig) -> None:
    settle(rig, 3200.0)
    rig.stop(urgent=True)
    rig.run(120)
    assert [(method, watt) for _, method, watt in rig.writes] == [
        ("PauseMining", 0),
        ("SetPowerTarget", 1200),
    ]
    assert rig.now.inputs.ready_to_open


def test_a_stop_is_never_put_off(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.want(3200.0)
    rig.run(60)
    rig.writes.clear()
    rig.stop()
    rig.run(20)
    assert rig.methods() == ["SetPowerTarget", "PauseMining"]


@pytest.mark.parametrize("fault", ["refused", "ignored"])
def test_a_target_that_is_not_taken_does_not_keep_the_pause_waiting(tmp_path: Path, fault: str) -> None:
    rig = Rig(tmp_path)
    settle(rig, 3200.0)
    if fault == "refused":
        rig.machine.faults.target_error = "FAILED_PRECONDITION"
    else:
        rig.machine.faults.target_ignored = True
    rig.stop()
    rig.run(20)
    assert rig.now.inputs.state is MinerState.PAUSED
    assert rig.methods() == ["SetPowerTarget", "PauseMining"]


def test_too_little_power_before_the_minimum_on_time_means_the_lowest_level(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.want(3200.0)
    rig.run(300)
    rig.writes.clear()
    rig.want(500.0)
    rig.run(800)
    assert rig.methods() == ["SetPowerTarget"]
    assert rig.targets() == [1200]
    assert rig.now.diagnostics.waiting_for == "min_on"
    rig.run(200)
    assert rig.methods() == ["SetPowerTarget", "PauseMining"]


def test_a_miner_found_running_against_the_wish_is_paused_at_once(rig: Rig) -> None:
    rig.stop()
    rig.run(60)
    assert rig.methods() == ["SetPowerTarget", "PauseMining"]


def test_ready_to_open_needs_power_to_have_fallen(rig: Rig) -> None:
    from plc.blocks.core import Reading

    settle(rig, 1200.0)
    rig.stop(urgent=True)
    rig.metered = Reading.good(1100.0, rig.clock.now_ns())
    rig.run(10)
    rig.metered = Reading.good(1100.0, rig.clock.now_ns())
    rig.run(10)
    assert rig.now.inputs.state is MinerState.PAUSED
    assert not rig.now.inputs.ready_to_open
    rig.metered = Reading.good(30.0, rig.clock.now_ns())
    rig.run(10)
    assert rig.now.inputs.ready_to_open


def test_paused_but_still_drawing_power_asks_for_the_contactor(rig: Rig) -> None:
    from plc.blocks.core import Reading

    settle(rig, 1200.0)
    rig.stop(urgent=True)
    for _ in range(30):
        rig.metered = Reading.good(1100.0, rig.clock.now_ns())
        rig.run(5)
    assert MinerCondition.PAUSE_IGNORED in rig.now.inputs.conditions


def test_starts_after_minimum_off_time_with_the_target_set_before(rig: Rig) -> None:
    settle(rig, 3200.0)
    rig.stop(urgent=True)
    rig.run(60)
    paused_at = rig.clock.s
    rig.writes.clear()
    rig.want(2700.0)
    rig.run(1200)
    assert [(method, watt) for _, method, watt in rig.writes] == [
        ("SetPowerTarget", 2700),
        ("ResumeMining", 0),
    ]
    assert rig.writes[0][0] + rig.t0 - paused_at >= 530.0
    assert rig.now.inputs.state is MinerState.MINING
    assert rig.now.diagnostics.starts_24h == 1


def test_little_power_hangs_at_the_lowest_level_and_pauses_after_five_minutes(rig: Rig) -> None:
    settle(rig, 1200.0)
    rig.run(1200)
    rig.want(1100.0)  # within 15 % of the lowest level
    rig.run(1200)
    assert rig.writes == []
    rig.want(900.0)
    rig.run(240)
    assert rig.writes == []
    rig.run(120)
    assert rig.methods() == ["PauseMining"]
    rig.want(1100.0)  # not enough to start again
    rig.run(1200)
    assert rig.methods() == ["PauseMining"]
    assert rig.now.diagnostics.waiting_for == "paused"


def test_pause_ignored_is_repeated_three_times_and_then_asks_for_the_contactor(rig: Rig) -> None:
    settle(rig, 1200.0)
    rig.machine.faults.pause_ignored = True
    rig.stop(urgent=True)
    rig.run(300, until=lambda: MinerCondition.PAUSE_IGNORED in rig.now.inputs.conditions)
    assert 4 <= rig.methods().count("PauseMining") <= 5
    assert not rig.now.inputs.ready_to_open
    before = len(rig.writes)
    rig.run(300)
    assert len(rig.writes) - before <= 6, "goes on, slowly"
    rig.machine.faults.pause_ignored = False
    rig.run(120)
    assert rig.now.inputs.ready_to_open
    assert rig.now.inputs.conditions == ()


def test_a_target_that_is_ignored_is_not_hammered(rig: Rig) -> None:
    settle(rig, 3200.0)
    rig.machine.faults.target_ignored = True
    rig.want(1200.0)
    rig.run(3 * 3600)
    assert MinerCondition.TARGET_IGNORED in rig.now.inputs.conditions
    assert 3 <= len(rig.targets()) <= 3 + 6


@pytest.mark.parametrize("wanted", [True, False])
def test_an_ignored_target_is_not_hammered_while_paused(rig: Rig, wanted: bool) -> None:
    settle(rig, 3200.0)
    rig.machine.faults.target_ignored = True
    rig.stop()
    rig.run(700)
    if wanted:
        rig.want(1700.0)
    rig.run(4 * 3600)
    assert len(rig.targets()) <= (14 if wanted else 3)
    if wanted:
        assert "ResumeMining" not in rig.methods(), "it would start with more than it may have"
        assert MinerCondition.TARGET_IGNORED in rig.now.inputs.conditions


def test_a_target_that_is_saved_but_not_followed_is_reported(rig: Rig) -> None:
    settle(rig, 3200.0)
    rig.machine.faults.active_ignored = True
    rig.want(1200.0)
    rig.run(3 * 3600)
    assert MinerCondition.POWER_OFF_TARGET in rig.now.inputs.conditions
    assert rig.targets() == [1200]


def test_throttling_by_the_firmware_is_reported_and_not_fought(rig: Rig) -> None:
    settle(rig, 2700.0)
    rig.machine.faults.dps_steps = 2
    rig.run(1800)
    assert rig.writes == []
    assert MinerCondition.THROTTLED in rig.now.inputs.conditions
    rig.want(3200.0)
    rig.run(1800)
    assert rig.writes == [], "no raise while it is hot"
    rig.machine.faults.dps_steps = 0
    rig.run(600)
    assert rig.targets() == [3200]
    assert rig.now.inputs.conditions == ()


def test_a_foreign_target_is_reported_and_corrected(rig: Rig) -> None:
    settle(rig, 2700.0)
    rig.machine.set_target(3050.0)
    rig.run(90, until=lambda: MinerCondition.FOREIGN_WRITE in rig.now.inputs.conditions or bool(rig.writes))
    rig.run(400)
    assert rig.targets() == [2700]
    assert rig.now.inputs.saved_target_w.value == 2700.0


def test_a_refused_range_is_asked_for_again_and_not_insisted_on(rig: Rig) -> None:
    settle(rig, 1700.0)
    rig.service.identity.max_w = 2500
    rig.want(3200.0)
    rig.run(1200)
    assert rig.targets() == [3200, 2500]
    assert rig.now.diagnostics.levels_w[-1] == 2500


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "FAILED_PRECONDITION", "ABORTED", "INTERNAL"])
def test_a_deferred_write_is_tried_once_a_minute(rig: Rig, code: str) -> None:
    settle(rig, 3200.0)
    rig.machine.faults.target_error = code
    rig.want(2200.0)
    rig.run(900)
    assert 2 <= len(rig.targets()) <= 11
    rig.machine.faults.target_error = ""
    rig.run(400)
    assert rig.now.inputs.saved_target_w.value == 2200.0


def test_protection_that_is_refused_pauses(rig: Rig) -> None:
    settle(rig, 3200.0)
    rig.machine.faults.target_error = "FAILED_PRECONDITION"
    rig.want(2200.0, urgent=True)
    rig.run(20)
    assert rig.methods() == ["SetPowerTarget", "PauseMining"]


def test_without_any_power_reading_half_a_minute_of_pause_counts(rig: Rig) -> None:
    settle(rig, 1200.0)
    rig.machine.faults.power_stats_missing = True
    rig.run(30)
    rig.stop(urgent=True)
    rig.run(20)
    assert rig.now.inputs.state is MinerState.PAUSED
    assert not rig.now.inputs.ready_to_open
    rig.run(30)
    assert rig.now.inputs.ready_to_open


def test_pause_and_resume_that_are_refused_do_not_storm(rig: Rig) -> None:
    settle(rig, 1200.0)
    rig.machine.faults.write_error = "FAILED_PRECONDITION"
    rig.stop(urgent=True)
    rig.run(600)
    assert MinerCondition.PAUSE_IGNORED in rig.now.inputs.conditions
    assert len(rig.writes) <= 20


def test_the_daily_budget_keeps_a_reserve_for_going_down(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limits=Limits(poll_s=30.0))
    for hour in range(20):
        rig.want(3200.0 if hour % 2 == 0 else 1200.0)
        rig.run(1800)
    ups = [watt for watt in rig.targets() if watt == 3200]
    assert len(rig.targets()) <= 24
    assert rig.now.diagnostics.writes_left >= 0
    assert len(ups) <= 18
    rig.want(1200.0)
    rig.run(1800)
    assert rig.now.inputs.saved_target_w.value == 1200.0, "down always works"


def test_an_exhausted_budget_is_published_and_opens_again_after_a_day(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limits=Limits(poll_s=30.0, writes_per_day=8, writes_kept=2, confirm_down_s=0.0))
    for turn in range(20):
        rig.want(3200.0 if turn % 2 == 0 else 1200.0)
        rig.run(1200)
    assert len(rig.targets()) <= 8
    assert rig.now.diagnostics.waiting_for == "writes_per_day" or rig.now.diagnostics.writes_left <= 2
    rig.writes.clear()
    rig.want(3200.0)
    rig.run(86_400)
    assert rig.targets() == [3200]


def test_an_unclean_start_books_a_quarter_of_the_writes(tmp_path: Path) -> None:
    rig = Rig(tmp_path, clean_start=False)
    rig.run(10)
    assert rig.now.diagnostics.writes_24h == 6


def test_more_starts_than_the_hard_limit_are_refused(tmp_path: Path) -> None:
    limits = Limits(min_off_s=60.0, min_on_s=300.0, starts_soft=2, starts_hard=3)
    rig = Rig(tmp_path, limits=limits)
    for _ in range(6):
        rig.want(1200.0)
        rig.run(900)
        rig.stop(urgent=True)
        rig.run(300)
    assert rig.methods().count("ResumeMining") == 3
    assert MinerCondition.STARTS_HIGH in rig.now.inputs.conditions
    rig.want(1200.0)
    rig.run(60)
    assert rig.now.diagnostics.waiting_for == "starts_per_day"


def test_firmware_and_site_without_common_power_means_off(tmp_path: Path) -> None:
    from tools.twin.virtual_miner.service import Identity

    rig = Rig(tmp_path, identity=Identity(min_w=4000, max_w=5000))
    rig.want(3200.0)
    rig.run(120)
    assert rig.methods() == ["PauseMining"]
    assert MinerCondition.NO_COMMON_POWER in rig.now.inputs.conditions


wishes = st.lists(
    st.tuples(
        st.sampled_from([0.0, 500.0, 1050.0, 1200.0, 1750.0, 2300.0, 3200.0, 9000.0]),
        st.booleans(),
        st.sampled_from([False, False, False, True]),
        st.sampled_from([7.0, 45.0, 200.0, 650.0, 2500.0]),
        st.sampled_from(["", "", "", "timeout", "refuse", "reboot", "revoke", "dps", "foreign", "pool"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=wishes)
def test_whatever_is_wished_and_whatever_happens_the_limits_hold(tmp_path: Path, story: list) -> None:
    rig = Rig(tmp_path, limits=Limits(poll_s=20.0))
    for power_w, run, urgent, seconds, event in story:
        rig.net = event if event in ("timeout", "refuse") else "ok"
        rig.machine.faults.dps_steps = 1 if event == "dps" else 0
        rig.machine.faults.pool_dead = event == "pool"
        if event == "reboot":
            rig.machine.reboot()
        elif event == "revoke":
            rig.service.revoke_tokens()
        elif event == "foreign" and rig.machine.api_up:
            rig.machine.set_target(3050.0)
        rig.want(power_w, run=run, urgent=urgent)
        rig.run(seconds)
    snapshot = rig.now
    assert snapshot.diagnostics.crashes == 0
    assert all(raw.startswith(b"\x08\x02") for raw in rig.service.journal.raw_targets)
    assert set(rig.targets()) <= {1200, 1700, 2200, 2700, 3200}
    counted = len(rig.targets()) - snapshot.diagnostics.protection_writes
    assert counted <= 24 + 1
    assert rig.methods().count("Restart") <= 1 + (rig.clock.s - rig.t0) / 3600.0
    assert rig.methods().count("Reboot") <= 1
    assert len(rig.writes) <= 40 + (rig.clock.s - rig.t0) / 15.0
