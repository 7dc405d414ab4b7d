import pytest

from tests.plant.rigs import heating_rig


@pytest.mark.parametrize("latches", [True, False])
def test_a_standing_request_walks_through_the_whole_start(latches):
    rig = heating_rig(safety={"flow_latches": latches})
    assert rig.states == ["INIT", "OFF", "STANDBY", "PRECIRC", "RAMP", "HEAT_BUFFER"]
    rig.expect("heating", m1_enable=True, p3_on=True, rv1_a=False, rv1_b=False)
