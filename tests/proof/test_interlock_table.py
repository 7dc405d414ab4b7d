"""Each condition alone, and each half of a condition alone.

The enumeration of all combinations shows the effect of every cause in its smallest form; what is written
with `or` and `and` has more forms than that. This file is also the quick judge of a damaged table.
"""

import pytest

from plc.plant import interlocks
from plc.plant.facts import Facts
from plc.plant.interlock import Interlock, cause_table
from tests.plant.test_cause_and_effect import HEALTHY, SPECIFICATION

RUNNING = {**HEALTHY, "miners_stopped": False}
MINERS = ("m1", "m2")
GROUNDS = tuple(name for name in SPECIFICATION if name.startswith("hp_block"))

OTHER_FORMS = [
    *((m, "hard_trip", {"hard_latched": True}) for m in MINERS),
    *((m, "modules", {"dio_healthy": False}) for m in MINERS),
    *((m, "maintenance", {"key_fault": True}) for m in MINERS),
    *((g, "fault", {"hard_trip": True}) for g in GROUNDS),
    *((g, "modules", {"aio_healthy": False}) for g in GROUNDS),
    *((g, "buffer_sensors", {"t_bottom": None}) for g in GROUNDS),
    ("cooler", "p5_off", {"p5_pct": -1.0}),
]
"""Forms of a cause that the specification does not use: it has one form per cause."""

NO_CAUSE = [
    ("cooler", {"miners_stopped": True}),
    ("cooler", {"oil_cold_for_fan": True}),
    ("cooler", {"miners_stopped": True, "oil_cold_for_fan": True, "exercise": True}),
    ("cooler", {"p5_pct": 0.5}),
    ("hp_block", {"heat_covers": False}),
    ("hp_block", {"buffer_covers": False}),
    ("m1", {"m2_ready": False, "miner2_unfit": True, "m2_saved_high": True}),
    ("m2", {"m1_ready": False, "miner1_unfit": True, "m1_saved_high": True}),
]
"""Only half of a cause, or the cause of somebody else."""


def outcome(actuator, changes):
    lock = Interlock(SPECIFICATION[actuator][0])
    on = lock.step(Facts(**{**RUNNING, **changes}), wanted=True, running=False)
    return on, lock.causes


@pytest.mark.parametrize("actuator", SPECIFICATION)
def test_the_lists_are_exactly_these_in_this_order(actuator):
    rules, trips, starts, protections = SPECIFICATION[actuator]
    assert [rule.name for rule in rules.trip] == list(trips)
    assert [rule.name for rule in rules.start] == list(starts)
    assert [rule.name for rule in rules.protect] == list(protections)


def test_every_actuator_has_its_table_and_the_matrix_shows_all_of_it():
    assert tuple(rules for rules, *_ in SPECIFICATION.values()) == interlocks.TABLES
    rows = [(row["actuator"], row["effect"], row["cause"]) for row in cause_table(interlocks.TABLES)]
    expected = [
        (actuator, effect, cause)
        for actuator, (_, trips, starts, protections) in SPECIFICATION.items()
        for effect, causes in (("off", trips), ("blocks_start", starts), ("on", protections))
        for cause in causes
    ]
    assert rows == expected
    assert all(row["de"] and row["en"] for row in cause_table(interlocks.TABLES))


@pytest.mark.parametrize("actuator", SPECIFICATION)
def test_each_cause_alone_keeps_off_and_none_of_them_does_not(actuator):
    rules, trips, starts, _ = SPECIFICATION[actuator]
    assert outcome(actuator, {}) == (True, ())
    for cause, changes in {**trips, **starts}.items():
        assert outcome(actuator, changes) == (False, (cause,)), cause
        running = Interlock(rules).step(Facts(**{**RUNNING, **changes}), wanted=True, running=True)
        assert running is (cause in starts), cause


@pytest.mark.parametrize(("actuator", "cause", "changes"), OTHER_FORMS)
def test_each_other_form_of_a_cause_keeps_off_too(actuator, cause, changes):
    assert outcome(actuator, changes) == (False, (cause,))


@pytest.mark.parametrize(("actuator", "changes"), NO_CAUSE)
def test_half_a_cause_is_none(actuator, changes):
    assert outcome(actuator, changes) == (True, ())


@pytest.mark.parametrize("actuator", ["p3", "p4", "p5", "cooler"])
def test_manual_operation_lifts_the_lock_out_only_when_it_says_on(actuator):
    for word, lifted in (("on", True), ("off", False), ("", False)):
        changes = {"maint_locked": True, f"hand_{actuator}": word}
        assert outcome(actuator, changes) == (lifted, () if lifted else ("maint_locked",))
        others = {f"hand_{name}": word for name in ("p3", "p4", "p5", "cooler") if name != actuator}
        assert outcome(actuator, {"maint_locked": True, **others}) == (False, ("maint_locked",))


def test_the_engine_starts_with_nothing_allowed_and_nothing_said():
    lock = Interlock(interlocks.P3)
    assert (lock.on, lock.protected, lock.protected_by, lock.tripped) == (False, False, "", False)
    assert (lock.causes, lock.first_out) == ((), "")


def test_the_engine_says_which_protection_forces_and_forgets_it_when_it_is_over():
    lock = Interlock(interlocks.P4)
    both = Facts(**{**RUNNING, "oil_hot": True, "frost_guard": True})
    assert lock.step(both, wanted=False, running=False)
    assert (lock.protected, lock.protected_by, lock.tripped) == (True, "oil_hot", False)
    both.maint_locked = True
    assert not lock.step(both, wanted=True, running=True)
    assert (lock.protected, lock.protected_by, lock.tripped) == (True, "oil_hot", True)
    assert not lock.step(Facts(**RUNNING), wanted=False, running=True)
    assert (lock.protected, lock.protected_by, lock.tripped) == (False, "", False)


def test_a_cause_that_comes_in_place_of_the_first_becomes_the_first():
    lock = Interlock(interlocks.M1)
    facts = Facts(**{**RUNNING, "p3_on": False})
    lock.step(facts, wanted=True, running=False)
    facts.p3_on, facts.auto = True, False
    lock.step(facts, wanted=True, running=False)
    assert (lock.first_out, lock.causes) == ("not_auto", ("not_auto",))


@pytest.mark.parametrize(
    ("wanted", "running", "blocked", "on"),
    [
        (True, False, False, True),
        (True, False, True, False),
        (True, True, True, True),
        (False, True, False, False),
        (False, False, False, False),
    ],
)
def test_wanted_and_running_decide_when_nothing_else_does(wanted, running, blocked, on):
    facts = Facts(**{**RUNNING, "soft_trip": blocked})
    lock = Interlock(interlocks.M1)
    assert lock.step(facts, wanted=wanted, running=running) is on
    assert lock.on is on


def test_causes_that_do_not_change_are_not_named_again():
    lock = Interlock(interlocks.M1)
    facts = Facts(**{**RUNNING, "p3_on": False})
    lock.step(facts, wanted=True, running=False)
    before = lock.causes
    lock.step(facts, wanted=True, running=False)
    assert lock.causes is before, "a scan without news builds no text"
