"""What forces a pump on has a name, from the table to the status."""

from plc.plant import interlocks
from plc.plant.facts import Facts
from plc.plant.interlock import Interlock
from tests.plant.rigs import heating_rig, standby_rig


def test_the_first_protection_in_the_order_of_the_table_is_named():
    lock = Interlock(interlocks.P4)
    lock.step(Facts(), wanted=False, running=False)
    assert (lock.protected, lock.protected_by) == (False, "")
    lock.step(Facts(oil_hot=True, frost_guard=True), wanted=False, running=False)
    assert (lock.protected, lock.protected_by) == (True, "oil_hot")
    lock.step(Facts(frost_guard=True), wanted=False, running=True)
    assert lock.protected_by == "frost_guard"


def test_the_status_says_what_holds_the_pumps_on():
    rig = heating_rig()
    assert dict(rig.outputs.status.protected_by) == {"p3": "contactor_closed", "p4": "contactor_closed"}
    rig.given(estop1_ok=False, k10_fb=True, k11_fb=False).leap(3.0)
    rig.expect("a welded contactor", p3_on=True, m1_enable=False)
    assert dict(rig.outputs.status.protected_by)["p3"] == "contactor_closed"


def test_nothing_is_named_while_nothing_is_forced():
    assert standby_rig().outputs.status.protected_by == ()
