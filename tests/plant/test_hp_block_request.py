"""K7 on a remote request: granted inside all permissives and budgets, refused with its reason, never kept.

The request is a lease of somebody outside. Whatever is in doubt, the heat pump is free.
"""

import pytest

from plc.plant.interface import WallTime
from plc.plant.plant import Plant
from tests.plant.language import Rig, bad, parameters
from tests.plant.rigs import copy_of

WARM = {"t_buffer_top_degc": 50.0, "t_buffer_bottom_degc": 44.0, "t_outdoor_degc": 5.0}
LONG = {"fallback": {"request_ttl_s": 3600.0}}


def first():
    """Past the lock after a first start."""
    rig = Rig(parameters())
    rig.given(mode_auto=True, **WARM).leap(7300.0)
    return rig


def ready_rig(**groups):
    """Automatic, no miner runs, buffer warm, lock after the start over: only a request can block."""
    merged = {name: {**LONG.get(name, {}), **groups.get(name, {})} for name in LONG | groups}

    def build():
        # The lock after a first start is over for a plant that knows the last hours.
        rig = Rig(parameters(**merged), retained=copy_of("first", first).outputs.retain)
        rig.given(mode_auto=True, **WARM).leap(1900.0).expect("nobody asks", hp_block=False)
        return rig

    return copy_of(f"ready {merged}", build)


def ask(rig, wish="block", ttl_s=3600.0, source="test"):
    """One command and its answer."""
    rig.command("hp_block_request", wish, ttl_s=ttl_s, source=source).scan()
    (result,) = rig.outputs.results
    return result


def blocked_rig(**groups):
    rig = ready_rig(**groups)
    assert ask(rig).code == "applied"
    rig.expect("granted", hp_block=True, hp_block_ground="request", hp_block_source="test")
    return rig


def test_a_request_is_granted_when_the_buffer_covers_and_ends_with_its_lease():
    rig = ready_rig()
    assert ask(rig, ttl_s=1000.0).ok
    rig.expect("at once", hp_block=True, hp_block_ground="request", hp_block_limited_by="")
    rig.leap(990.0).expect("the lease lives", hp_block=True)
    rig.leap(20.0).expect("nobody asks any more", hp_block=False, hp_block_ground="", hp_block_source="")


def test_no_lease_outlasts_what_the_site_allows():
    rig = ready_rig(fallback={"request_ttl_s": 300.0})
    assert ask(rig, ttl_s=86400.0).ok
    rig.leap(299.0).expect("within the longest lease", hp_block=True)
    rig.leap(2.0).expect("it wants refreshing", hp_block=False)


REFUSALS = {
    "modules": {"aio_healthy": False},
    "buffer_sensors": {"t_buffer_top_degc": None},
    "outdoor_unknown": {"t_outdoor_degc": bad(5.0)},
    "outdoor_cold": {"t_outdoor_degc": -5.1},
    "disinfection": {"wall": WallTime(1_700_049_600, 3600, True)},
    "clock": {"wall": WallTime(1_700_000_000, 3600, False)},
    "buffer_short": {"t_buffer_top_degc": 39.0, "t_buffer_bottom_degc": 34.0},
    "grid": {"grid_block": True},
}


@pytest.mark.parametrize("why", REFUSALS)
def test_every_doubt_refuses_a_request_with_its_name_and_nothing_is_kept(why):
    rig = ready_rig()
    rig.given(**REFUSALS[why]).leap(1.0)
    answer = ask(rig)
    assert (answer.ok, answer.code, answer.reason) == (False, "interlock", why)
    rig.given(grid_block=False, aio_healthy=True, wall=WallTime(1_700_000_000, 3600, True), **WARM).leap(60.0)
    rig.expect("a refused wish is no wish", hp_block=False, hp_block_source="")


def test_a_cool_buffer_top_refuses_after_its_time():
    rig = ready_rig()
    rig.given(t_buffer_top_degc=30.0).leap(130.0)
    assert ask(rig).reason == "top_cold"


def test_a_fault_takes_a_standing_request_with_it_and_refuses_the_next():
    rig = Rig(
        parameters(request={"power_w": 6400.0}, miners={"min_off_s": 300.0, "ramp_timeout_s": 300.0}),
        retained=copy_of("first", first).outputs.retain,
    )
    rig.given(mode_auto=True, **WARM).until(900.0, "HEAT_BUFFER")
    rig.leap(1800.0)
    assert ask(rig).ok
    rig.expect("two grounds at a time", hp_block=True, hp_block_source="test")
    rig.given(t_oil_degc=66.0).leap(6.0)
    rig.expect("free in every fault", state="FAULT", hp_block=False, hp_block_source="")
    assert ask(rig).reason == "fault"


@pytest.mark.parametrize(
    ("wish", "code"), [("block!", "invalid"), (True, "invalid"), ({}, "invalid"), (None, "invalid")]
)
def test_nonsense_is_invalid(wish, code):
    rig = ready_rig()
    assert ask(rig, wish).code == code
    rig.expect("nothing happened", hp_block=False)


@pytest.mark.parametrize("switch", ["permitted", "by_request"])
def test_a_site_that_does_not_want_it_says_so(switch):
    rig = ready_rig(hp_block={switch: False})
    assert ask(rig).code == "not_allowed"
    rig.expect("not here", hp_block=False)


@pytest.mark.parametrize("key", [{"mode_auto": False}, {"mode_auto": False, "mode_maint": True}])
def test_the_key_decides(key):
    rig = ready_rig()
    rig.given(**key).leap(10.0)
    assert ask(rig).code == "mode"


def test_the_lock_after_a_first_start_refuses_by_name():
    rig = Rig(parameters(**LONG))
    rig.given(mode_auto=True, **WARM).leap(1000.0)
    assert ask(rig).reason == "wait_boot"


def test_the_longest_block_and_the_free_time_behind_it_hold_against_every_refresh():
    rig = blocked_rig(hp_block={"block_max_s": 1800.0})
    begun = rig.now_ns
    rig.dt_ns = 1_000_000_000
    while rig.outputs.image.hp_block:
        rig.command("hp_block_request", "block", ttl_s=3600.0).scan()
        assert rig.now_ns - begun <= 1801e9
    assert rig.outputs.status.hp_block_limited_by == "max_block"
    ended = rig.now_ns
    assert ask(rig).reason == "wait_free"
    while not rig.outputs.image.hp_block:
        rig.command("hp_block_request", "block", ttl_s=60.0).scan()
        assert rig.now_ns - ended < 2000e9
    assert rig.now_ns - ended >= 1799e9, "free for as long as it was blocked"


def test_the_budgets_of_the_day_count_a_request_like_any_other_block():
    rig = ready_rig(hp_block={"max_blocks_per_day": 2, "free_min_s": 600.0, "hp_min_run_s": 0.0})
    reasons = []
    for _ in range(3):
        reasons.append(ask(rig, ttl_s=950.0).reason)
        rig.leap(2000.0)
    assert reasons == ["", "", "day_count"]
    short = ready_rig(hp_block={"max_s_per_day": 1500.0, "free_min_s": 600.0, "hp_min_run_s": 0.0})
    assert ask(short, ttl_s=950.0).ok
    short.leap(2000.0)
    assert ask(short, ttl_s=950.0).reason == "day_time", "less than the shortest block is left"


def test_a_restart_drops_the_request_and_keeps_what_it_has_used():
    rig = blocked_rig()
    rig.leap(900.0)
    used = dict(rig.outputs.status.values)["hp_blocked_s"]
    rig.plant = Plant(rig.parameters, retained=rig.outputs.retain)
    rig.outputs = None
    rig.leap(2000.0)
    rig.expect("nobody has asked the new program", hp_block=False, hp_block_source="")
    assert dict(rig.outputs.status.values)["hp_blocked_s"] == pytest.approx(used, abs=2.0)


def test_the_wish_for_a_free_heat_pump_wins_over_every_other_and_over_the_automatic():
    rig = blocked_rig()
    assert ask(rig, "free", ttl_s=600.0, source="owner").ok
    rig.expect("free wins", hp_block=False, hp_block_source="owner")
    assert ask(rig, "block", source="optimiser").reason == "remote_free"
    rig.leap(610.0)
    assert ask(rig, "block", source="owner", ttl_s=10.0).reason == "wait_free"


def test_whoever_wants_free_may_change_his_mind_and_auto_takes_a_wish_back():
    rig = ready_rig()
    assert ask(rig, "free").ok
    assert ask(rig, "block").ok
    rig.expect("the new wish replaces the old one", hp_block=True)
    assert ask(rig, "auto").ok
    rig.expect("no wish", hp_block=False, hp_block_source="")


def test_a_request_that_meets_a_doubt_later_is_released_at_once_and_says_why():
    rig = blocked_rig()
    rig.leap(30.0).given(t_outdoor_degc=None).scan()
    rig.expect("free", hp_block=False, hp_block_limited_by="outdoor_unknown")
    rig.given(t_outdoor_degc=5.0).leap(10.0)
    rig.expect("no second block right behind it", hp_block=False, hp_block_limited_by="wait_free")


@pytest.mark.parametrize("clean", [True, False])
def test_a_wish_to_keep_the_heat_pump_free_outlives_a_restart_with_the_time_it_had_left(clean):
    rig = ready_rig()
    assert ask(rig, "free", ttl_s=60.0, source="owner").ok
    assert ask(rig, "free", ttl_s=10.0, source="flow").ok
    rig.leap(20.0)
    rig.plant = Plant(rig.plant.changes.parameters, retained=rig.outputs.retain, clean_start=clean)
    rig.leap(38.0).expect("the longer of the two", hp_block_wish="free")
    rig.leap(4.0).expect("over", hp_block_wish="auto", hp_block_source="")


def test_a_wish_to_block_does_not_outlive_a_restart():
    rig = blocked_rig()
    rig.plant = Plant(rig.plant.changes.parameters, retained=rig.outputs.retain)
    rig.leap(5.0).expect("has to be fresh", hp_block=False, hp_block_wish="auto")


@pytest.mark.parametrize(("stored", "left_s"), [([], 0.0), (["x", -5], 0.0), (["x", 10**20], 3600.0)])
def test_a_stored_wish_lasts_no_longer_than_a_lease_may(stored, left_s):
    rig = ready_rig()
    data = {**rig.outputs.retain, "block_free": stored}
    rig.plant = Plant(rig.plant.changes.parameters, retained=data)
    rig.scan()
    assert rig.plant.arbitration.retained()["block_free"] == (["x", left_s * 1e9] if left_s else [])
