"""Parameters that change while the plant runs: in force at once, within limits, without a jump."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc.blocks.core import Reading, Tick
from plc.plant.changes import Changes, WrongValueError, changed, remote_parameters, value_at
from plc.plant.interface import Command, EnergyInputs
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from tests.plant.language import Rig
from tests.plant.rigs import copy_of, heating_rig, standby_rig

PROTECTIVE = {
    "scan", "safety", "oil", "heat_proof", "frost", "hp_block", "rv1", "rv2", "p3", "p4", "p5", "fallback",
    "miners",
}  # fmt: skip


def change(rig, name, value, **more):
    rig.command("parameter", {"name": name, "value": value}, **more).scan()
    (result,) = rig.outputs.results
    return result


def figure(rig, name):
    return dict(rig.outputs.status.values)[name]


def test_a_change_is_in_force_in_the_scan_that_takes_it_and_is_told():
    rig = standby_rig()
    before = figure(rig, "buffer_target_degc")
    result = change(rig, "buffer.target_offset_k", 8.0)
    assert (result.ok, result.code) == (True, "applied")
    assert figure(rig, "buffer_target_degc") == pytest.approx(before + 3.0)
    (event,) = (event for event in rig.events if event.subject == "parameter")
    assert (event.code, event.before, event.after, event.reason) == (
        "changed", "5.0", "8.0", "buffer.target_offset_k",
    )  # fmt: skip
    season = rig.plant.season
    rig.leap(1.0)
    assert rig.plant.season is season, "rebuilt once, not in every scan"
    change(rig, "buffer.target_offset_k", 5.0)
    assert figure(rig, "buffer_target_degc") == pytest.approx(before)


def test_a_new_power_of_the_site_is_a_request_at_once():
    rig = standby_rig()
    assert change(rig, "request.power_w", 3000).ok
    rig.expect("the automatic value", requested_power_w=3000.0, power_source="automatic")
    assert change(rig, "request.power_w", 0).ok
    rig.expect("and back", requested_power_w=0.0)


def test_the_policy_of_the_owner_changes_the_decision_at_once():
    rig = standby_rig()
    assert dict(rig.outputs.status.decision)["policy"] == "marginal"
    assert change(rig, "economics.choice.policy", "off").ok
    rig.leap(1.5)
    assert dict(rig.outputs.status.decision)["policy"] == "off"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("buffer.curve_base_degc", 99),
        ("buffer.curve_base_degc", "warm"),
        ("buffer.curve_base_degc", True),
        ("buffer.curve_base_degc", None),
        ("buffer.curve_base_degc", float("nan")),
        ("buffer.curve_base_degc", float("inf")),
        ("buffer.curve_base_degc", 10**400),
        ("dhw.disinfect_weekday", -(10**400)),
        ("cooler.quiet", 1),
        ("cooler.quiet_from_h", 22.5),
        ("economics.choice.policy", "greed"),
        ("oil.trip_degc", 60.0),
        ("miners.min_off_s", 300.0),
        ("hp_block.block_max_s", 600.0),
        ("scan.watchdog_ms", 5000),
        ("nothing.at_all", 1),
        ("season.winter_below_degc", 18),  # an order rule with the summer threshold
        (7, 1),
    ],
)
def test_nothing_beyond_limits_rules_and_the_list(name, value):
    rig = standby_rig()
    before = rig.plant.changes.parameters
    result = change(rig, name, value)
    assert (result.ok, result.code) == (False, "invalid")
    assert result.reason
    assert rig.plant.changes.parameters is before
    assert not [event for event in rig.events if event.subject == "parameter"]


@pytest.mark.parametrize(
    "value", [None, 5, "x", [], {}, {"name": "cooler.quiet"}, {"name": "a", "value": 1, "c": 2}]
)
def test_a_command_of_another_form_is_invalid(value):
    rig = standby_rig()
    rig.command("parameter", value).scan()
    assert [result.code for result in rig.outputs.results] == ["invalid"]


def test_an_expired_change_never_acts():
    rig = standby_rig()
    assert change(rig, "cooler.quiet", False, ttl_s=0.0).code == "expired"
    assert rig.plant.changes.parameters.cooler.quiet is True


def test_protection_timing_chain_and_heat_pump_block_are_not_on_the_list():
    assert not [path for path in remote_parameters() if path.split(".")[0] in PROTECTIVE]
    assert len(remote_parameters()) > 15


def test_all_parameters_on_the_list_can_be_set_to_what_they_are():
    for path in remote_parameters():
        value = value_at(Parameters(), path)
        assert changed(Parameters(), {path: getattr(value, "value", value)}) == Parameters()


@pytest.mark.parametrize("build", [standby_rig, heating_rig])
def test_a_change_moves_nothing_but_what_the_new_value_moves(build):
    """Rebuilding the plant in every scan gives the same outputs as leaving it alone."""
    left, rebuilt = build(), copy_of(f"same {build.__name__}", build)
    values = (22, 21)  # an hour of the quiet time that does not matter at this time of day
    for number in range(120):
        if number % 5 == 0:
            rebuilt.command("parameter", {"name": "cooler.quiet_from_h", "value": values[number // 5 % 2]})
        ours, theirs = left.scan(), rebuilt.scan()
        assert ours.image == theirs.image
        assert ours.status == theirs.status
        assert ours.miners == theirs.miners
        assert ours.leds == theirs.leds
    mine, others = left.plant.state(), rebuilt.plant.state()
    assert {name for name in mine if mine[name] != others[name]} <= {"changes"}


def test_a_change_leaves_the_bills_as_they_are():
    """A counter that falls to zero for a second is a new counter for everyone who adds up."""
    rig = standby_rig()
    account = rig.plant.decision.engine.account
    account.last_month = [10.0 + number for number in range(len(account.last_month))]
    rig.leap(2.0)
    bills = [pair for pair in rig.outputs.status.values if pair[0].startswith("last_month_")]
    assert all(value for _, value in bills)
    assert change(rig, "cooler.quiet_from_h", 21).ok
    assert [pair for pair in rig.outputs.status.values if pair in bills] == bills


def test_a_change_leaves_what_is_known_of_the_house_as_it_is():
    """The engine looks once a second; until then a plant with another parameter says what it said before."""
    rig = standby_rig()
    for _ in range(70):
        now = rig.now_ns
        pv, load, grid = (Reading.good(watts, now) for watts in (5000.0, 2000.0, -3000.0))
        rig.given(energy=EnergyInputs(pv_w=pv, load_w=load, grid_w=grid)).leap(1.0)
    before = rig.outputs.status
    assert dict(before.decision)["house"] == "known"
    assert change(rig, "cooler.quiet_from_h", 21).ok
    assert rig.outputs.status.decision == before.decision
    assert figure(rig, "surplus_w") == dict(before.values)["surplus_w"] == 3000.0


def test_a_memory_is_taken_up_with_the_parameters_it_belongs_to():
    rig = standby_rig()
    change(rig, "buffer.target_offset_k", 9.0)
    memory = json.loads(json.dumps(rig.plant.state()))
    other = Rig(rig.parameters)
    other.plant.restore(memory)
    other.now_ns, other.flow, other.relay, other.outputs = rig.now_ns, rig.flow, rig.relay, rig.outputs
    other.values = dict(rig.values)
    assert other.plant.changes.parameters.buffer.target_offset_k == 9.0
    for _ in range(50):
        assert rig.scan().status == other.scan().status
    assert rig.plant.state() == other.plant.state()


def test_a_memory_of_parameters_that_no_site_may_have_is_refused_and_changes_nothing():
    rig = standby_rig()
    memory = rig.plant.state()
    for values in ({"oil.trip_degc": 50.0}, {"buffer.curve_base_degc": 99.0}, 7):
        with pytest.raises(ValueError, match="Plant"):
            rig.plant.restore({**memory, "changes": {"values": values}})
        assert rig.plant.state() == memory


def test_a_plant_that_replaces_another_in_the_same_run_keeps_its_changes():
    rig = standby_rig()
    change(rig, "cooler.quiet", False)
    again = Plant(rig.parameters, retained=rig.outputs.retain, changes=rig.plant.changes.values)
    assert again.changes.parameters.cooler.quiet is False
    assert again.state()["changes"] == rig.plant.state()["changes"]
    fresh = Plant(rig.parameters, retained=rig.outputs.retain)
    assert fresh.changes.parameters == rig.parameters, "what outlives the program is the business of the link"


@st.composite
def settings_of_a_parameter(draw):
    path = draw(st.sampled_from(sorted(remote_parameters())))
    facts = remote_parameters()[path].facts
    anything = st.one_of(st.booleans(), st.text(max_size=5), st.none(), st.floats(), st.integers())
    if facts.minimum is None:
        return path, draw(anything)
    return path, draw(st.one_of(anything, st.floats(facts.minimum, facts.maximum)))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(settings_of_a_parameter(), max_size=6))
def test_whatever_is_sent_the_set_in_force_is_one_that_a_site_may_have(sent):
    changes = Changes(Parameters())
    for number, (path, value) in enumerate(sent):
        command = Command("parameter", {"name": path, "value": value}, "t", 0)
        changes.step(Tick(number + 1, 1), (command,))
        assert changed(Parameters(), changes.values) == changes.parameters
    for group in PROTECTIVE:
        assert getattr(changes.parameters, group) == getattr(Parameters(), group)
    assert Changes(Parameters(), json.loads(json.dumps(changes.values))).parameters == changes.parameters


def test_a_set_with_a_broken_order_is_told_in_words():
    with pytest.raises(WrongValueError, match="winter_below_degc"):
        changed(Parameters(), {"season.winter_below_degc": 18.0, "season.summer_above_degc": 18.0})
    assert dataclasses.is_dataclass(changed(Parameters(), {}))
