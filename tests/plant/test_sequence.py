import pytest

from tests.plant.language import Rig, parameters

FULL_POWER = {"request": {"power_w": 6400.0}, "miners": {"min_off_s": 300.0}}


def heating_rig(**extra):
    rig = Rig(parameters(**{**FULL_POWER, **extra}))
    rig.given(mode_auto=True)
    rig.until(900.0, "RAMP")
    rig.until(900.0, "HEAT_BUFFER")
    return rig


@pytest.mark.parametrize("latches", [True, False])
def test_a_standing_request_walks_through_the_whole_start(latches):
    rig = heating_rig(safety={"flow_latches": latches})
    assert rig.states == ["INIT", "OFF", "STANDBY", "PRECIRC", "RAMP", "HEAT_BUFFER"]
    rig.expect("heating", m1_enable=True, p3_on=True, rv1_a=False, rv1_b=False)
