from __future__ import annotations

import pytest

from plc.plant.interface import ImageOutputs
from tools.twin.cabinet import Cabinet
from tools.twin.operator import Operator
from tools.twin.plant_model import PlantModel

RUN = ImageOutputs(p3_on=True, m1_enable=True, m2_enable=True)


class Bench:
    """A cabinet on the bench: outputs by hand, heartbeat as a program would toggle it."""

    def __init__(self, *, flow_latches: bool = True) -> None:
        self.model = PlantModel()
        self.cabinet = Cabinet(self.model, flow_latches=flow_latches)
        self.operator = Operator(self.cabinet)
        self.beating = True
        self._beat = False

    def run(self, out: ImageOutputs, seconds: float, *, reset_when_asked: bool = False) -> Cabinet:
        for i in range(round(seconds * 10)):
            if self.beating and i % 3 == 0:
                self._beat = not self._beat
            lamp = reset_when_asked and not self.cabinet.safety_ok
            self.cabinet.drive(0.1, out._replace(heartbeat=self._beat, reset_lamp=lamp), 0.0, 0.0)
            self.model.step(0.1)
            self.cabinet.sense(0.1)
            self.operator.step(0.1)
        return self.cabinet

    def started(self) -> Bench:
        self.run(RUN._replace(m1_enable=False, m2_enable=False), 15.0, reset_when_asked=True)
        assert self.cabinet.safety_ok
        self.run(RUN, 1.0)
        assert self.cabinet.k10_fb
        assert self.cabinet.k11_fb
        return self


@pytest.mark.parametrize("flow_latches", [True, False])
class TestBothVariants:
    def test_nothing_closes_before_the_first_reset(self, flow_latches: bool) -> None:
        cabinet = Bench(flow_latches=flow_latches).run(RUN, 30.0)
        assert not cabinet.safety_ok
        assert not cabinet.k10_fb

    def test_enable_alone_opens_its_contactor(self, flow_latches: bool) -> None:
        bench = Bench(flow_latches=flow_latches).started()
        bench.run(RUN._replace(m1_enable=False), 0.1)
        assert (bench.cabinet.k10_fb, bench.cabinet.k11_fb) == (False, True)

    @pytest.mark.parametrize("button", ["estop1_ok", "estop2_ok"])
    def test_estop_opens_at_once_and_release_restarts_nothing(self, flow_latches: bool, button: str) -> None:
        bench = Bench(flow_latches=flow_latches).started()
        setattr(bench.cabinet, button, False)
        bench.run(RUN, 0.1)
        assert not bench.cabinet.k10_fb
        setattr(bench.cabinet, button, True)
        bench.run(RUN, 60.0)
        assert not bench.cabinet.safety_ok
        assert not bench.cabinet.k10_fb

    def test_heartbeat_gone_opens_two_seconds_later(self, flow_latches: bool) -> None:
        bench = Bench(flow_latches=flow_latches).started()
        bench.beating = False
        bench.run(RUN, 1.5)
        assert bench.cabinet.k10_fb
        bench.run(RUN, 0.8)
        assert not bench.cabinet.k10_fb

    def test_temp_max_latches_at_68_until_somebody_resets_it_cold(self, flow_latches: bool) -> None:
        bench = Bench(flow_latches=flow_latches).started()
        bench.model.oil.t_oil_degc = 72.0
        bench.run(RUN, 40.0)
        assert not bench.cabinet.temp_max_ok
        assert not bench.cabinet.k10_fb
        bench.cabinet.reset_temp_max()
        assert not bench.cabinet.temp_max_ok
        bench.model.oil.t_oil_degc = 50.0
        bench.run(RUN, 60.0)
        assert not bench.cabinet.temp_max_ok
        bench.cabinet.reset_temp_max()
        assert bench.cabinet.temp_max_ok

    def test_a_welded_contactor_stays_and_forbids_the_reset(self, flow_latches: bool) -> None:
        bench = Bench(flow_latches=flow_latches).started()
        bench.cabinet.k10_welded = True
        bench.cabinet.estop1_ok = False
        bench.run(RUN, 1.0)
        assert (bench.cabinet.k10_fb, bench.cabinet.k11_fb) == (True, False)
        bench.cabinet.estop1_ok = True
        bench.run(RUN, 30.0, reset_when_asked=True)
        assert not bench.cabinet.safety_ok


def test_loss_of_flow_needs_a_reset_when_flow_latches() -> None:
    bench = Bench(flow_latches=True).started()
    bench.run(RUN._replace(p3_on=False), 5.0)
    assert not bench.cabinet.k10_fb
    bench.run(RUN, 20.0)
    assert not bench.cabinet.safety_ok


def test_loss_of_flow_restarts_by_itself_on_its_own_relay() -> None:
    bench = Bench(flow_latches=False).started()
    bench.run(RUN._replace(p3_on=False), 5.0)
    assert bench.cabinet.safety_ok
    assert not bench.cabinet.k10_fb
    bench.run(RUN, 20.0)
    assert bench.cabinet.k10_fb  # which is why the program has to take its enable away


def test_flow_switch_needs_60_percent_for_a_second_and_opens_at_once() -> None:
    bench = Bench()
    bench.run(RUN, 2.0)
    assert not bench.cabinet.flow_ok
    bench.run(RUN, 0.6)
    assert bench.cabinet.flow_ok
    bench.run(RUN._replace(p3_on=False), 1.2)
    assert not bench.cabinet.flow_ok


def test_cooler_fault_stops_the_fan_and_opens_its_contact() -> None:
    bench = Bench()
    bench.cabinet.cooler_fault = True
    bench.run(RUN._replace(cooler_on=True), 10.0)
    assert not bench.cabinet.cooler_ok
    assert bench.model.cooler.fan == 0.0


@pytest.mark.parametrize(
    ("position", "auto", "maint"),
    [("off", False, False), ("auto", True, False), ("maint", False, True), ("fault", True, True)],
)
def test_key_switch(position: str, auto: bool, maint: bool) -> None:
    bench = Bench()
    bench.operator.turn_key(position)
    assert (bench.cabinet.mode_auto, bench.cabinet.mode_maint) == (auto, maint)


def test_operator_waits_for_the_lamp_and_can_be_absent() -> None:
    bench = Bench()
    bench.operator.resets = False
    bench.run(RUN, 30.0, reset_when_asked=True)
    assert bench.operator.pressed_resets == 0
    assert not bench.cabinet.safety_ok
