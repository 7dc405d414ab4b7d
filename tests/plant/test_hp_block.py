"""K7: two grounds, many releases, budgets that survive restarts."""

import pytest

from plc.energy.engine import EnergyEngine
from plc.plant.interface import WallTime
from tests.plant.language import Rig, bad, parameters
from tests.plant.rigs import copy_of

WARM = {"t_buffer_top_degc": 50.0, "t_buffer_bottom_degc": 44.0, "t_outdoor_degc": 5.0}


def blocked_rig(**groups):
    """Miners carry the house, buffer warm, lock after start over: K7 blocks."""

    def build():
        rig = Rig(
            parameters(
                **{
                    "request": {"power_w": 6400.0},
                    "miners": {"min_off_s": 300.0, "ramp_timeout_s": 300.0},
                    "house": {"heating_limit_degc": 15.5},
                    **groups,
                }
            )
        )
        rig.given(mode_auto=True, **WARM)
        rig.until(900.0, "HEAT_BUFFER")
        rig.leap(6500.0).expect("lock after a first start", hp_block=False)
        rig.leap(800.0).expect("miner heat carries the house", hp_block=True)
        return rig

    return copy_of(f"blocked {groups}", build)


@pytest.mark.parametrize(
    ("why", "given", "within_s"),
    [
        ("frost outside", {"t_outdoor_degc": -5.1}, 0.1),
        ("outdoor sensor", {"t_outdoor_degc": bad(5.0)}, 0.1),
        ("buffer top sensor", {"t_buffer_top_degc": None}, 0.1),
        ("buffer bottom sensor", {"t_buffer_bottom_degc": None}, 0.1),
        ("buffer cool", {"t_buffer_top_degc": 35.0}, 120.2),
        ("E-stop", {"estop1_ok": False}, 0.1),
        ("key", {"mode_auto": False}, 0.1),
        ("maintenance", {"mode_auto": False, "mode_maint": True}, 0.1),
        ("module", {"aio_healthy": False}, 0.1),
        ("clock", {"wall": WallTime(1_700_000_000, 3600, False)}, 0.1),
        ("disinfection on Wednesday 13:00", {"wall": WallTime(1_700_049_600, 3600, True)}, 0.1),
    ],
)
def test_every_doubt_releases_the_heat_pump(why, given, within_s):
    rig = blocked_rig()
    rig.given(**given)
    begun = rig.now_ns
    while rig.scan().image.hp_block:
        assert rig.now_ns - begun < 300e9, why
    assert (rig.now_ns - begun) / 1e9 == pytest.approx(within_s, abs=0.15), why


def test_a_block_ends_after_its_longest_time_and_waits_as_long_again():
    rig = blocked_rig()
    begun = rig.now_ns
    rig.dt_ns = 500_000_000
    while rig.scan().image.hp_block:
        pass
    assert (rig.now_ns - begun) / 1e9 <= 7200.0
    ended = rig.now_ns
    while not rig.scan().image.hp_block:
        assert rig.now_ns - ended < 8000e9
    assert (rig.now_ns - ended) / 1e9 >= 7199.0, "free for as long as the block was"


def test_the_grid_operator_is_seen_and_its_time_counts():
    rig = blocked_rig(miners={"min_off_s": 300.0, "ramp_timeout_s": 300.0, "off_on_grid_block": False})
    rig.given(grid_block=True).leap(600.0)
    assert "A-071" in rig.outputs.status.alarms
    used = dict(rig.outputs.status.values)["hp_blocked_s"]
    rig.leap(300.0)
    assert dict(rig.outputs.status.values)["hp_blocked_s"] - used == pytest.approx(300.0, abs=1.0)


def test_blocking_that_lasts_beyond_every_limit_raises_the_alarm():
    rig = blocked_rig(miners={"min_off_s": 300.0, "ramp_timeout_s": 300.0, "off_on_grid_block": False})
    rig.given(grid_block=True).leap(7400.0).expect("ours is off", hp_block=False)
    assert "A-070" in rig.outputs.status.alarms


@pytest.mark.parametrize(("clean", "blocks"), [(True, True), (False, False)])
def test_the_history_survives_a_clean_restart_and_an_unclean_one_assumes_the_worst(clean, blocks):
    from plc.plant.plant import Plant

    rig = blocked_rig()
    retained = rig.outputs.retain
    rig.plant = Plant(rig.parameters, retained=retained, clean_start=clean)
    rig.outputs = None
    rig.until(900.0, "HEAT_BUFFER")
    rig.leap(2500.0).expect("after free time and, if unclean, the lock", hp_block=blocks)


def test_no_block_when_it_is_not_permitted_at_all():
    rig = blocked_rig()
    locked = Rig(parameters(request={"power_w": 6400.0}, hp_block={"permitted": False}))
    locked.given(mode_auto=True, **WARM).leap(9000.0)
    locked.expect("switched off by the owner", hp_block=False)
    assert rig.outputs.image.hp_block


def test_value_ground_needs_a_covering_buffer_and_a_value(monkeypatch):
    worth = [False]
    monkeypatch.setattr(EnergyEngine, "hold_back", property(lambda engine: worth[0]))
    rig = Rig(parameters(hp_block={"by_value": True}))
    rig.given(mode_auto=True, **WARM).leap(8000.0).expect("nobody says that it is worth it", hp_block=False)
    worth[0] = True
    rig.leap(5.0).expect("worth it, miners off", hp_block=True)
    worth[0] = False
    rig.leap(1.0).expect("not worth it any more", hp_block=False)


def test_the_decision_is_told_whether_a_block_for_value_would_be_granted(monkeypatch):
    """What the plan reckons with: no block that the permissives or the relay's times would refuse. Nobody
    needs to want it for that, and one that runs may go on although it would not begin now."""
    worth = [False]
    monkeypatch.setattr(EnergyEngine, "hold_back", property(lambda engine: worth[0]))
    rig = Rig(parameters(hp_block={"by_value": True}), scan_ms=500)
    rig.given(mode_auto=True, **WARM).leap(7000.0)
    assert not rig.plant.facts.block_possible, "the lock after an unknown history runs"
    rig.leap(1000.0).expect("nobody wants it", hp_block=False)
    assert rig.plant.facts.block_possible

    for doubt, sound in (
        ({"t_outdoor_degc": -6.0}, {"t_outdoor_degc": 5.0}),
        ({"t_buffer_bottom_degc": None}, {"t_buffer_bottom_degc": 44.0}),
        ({"t_buffer_top_degc": 39.0, "t_buffer_bottom_degc": 38.0}, WARM),
    ):
        rig.given(**doubt).leap(1.0)
        assert not rig.plant.facts.block_possible, doubt
        rig.given(**sound).leap(1.0)
        assert rig.plant.facts.block_possible, doubt

    worth[0] = True
    rig.leap(1000.0).expect("worth it", hp_block=True)
    assert rig.plant.facts.block_possible, "it runs"
    rig.given(t_buffer_top_degc=39.0, t_buffer_bottom_degc=38.0).leap(1.0)
    assert rig.plant.facts.block_possible, "too little to begin, enough to go on"
    worth[0] = False
    rig.given(**WARM).leap(1.0).expect("not worth it any more", hp_block=False)
    assert not rig.plant.facts.block_possible, "the heat pump must be free first"


@pytest.mark.parametrize("switch", ["permitted", "by_value"])
def test_a_block_that_the_owner_forbids_is_never_possible(monkeypatch, switch):
    monkeypatch.setattr(EnergyEngine, "hold_back", property(lambda engine: True))
    rig = Rig(parameters(hp_block={"by_value": True, switch: False}), scan_ms=500)
    rig.given(mode_auto=True, **WARM).leap(8000.0).expect("not allowed", hp_block=False)
    assert not rig.plant.facts.block_possible
