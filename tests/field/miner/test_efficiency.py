"""The efficiency curve of the miner itself: read rarely, judged strictly, kept long, in nobody's way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc.energy.revenue import Curve
from plc.field.miner.api import GrpcMiner
from plc.field.miner.driver import MinerDriver
from plc.field.miner.efficiency import BEST_J_PER_TH, Efficiency, NoProfile, judged
from plc.field.miner.model import Constraints, EfficiencyPoint
from plc.field.miner.settings import MinerSettings
from tests.field.miner.rig import PASSWORD, QUICK, Rig, VirtualClock
from tools.twin.virtual_miner import Machine, VirtualMiner
from tools.twin.virtual_miner.service import CURVES, Identity

STILL_CURVES = ("no_consumption", "better")
REFUSALS = {
    "empty": "empty",
    "single": "1 points",
    "reversed": "target does not rise",
    "twice": "target does not rise",
    "endless": "400 points",
    "zero_power": "consumption missing or no number",
    "zero_hashrate": "hash rate missing or no number",
    "nan": "hash rate missing or no number",
    "infinite": "hash rate missing or no number",
    "falling": "hash rate does not rise",
    "gigahash": "J/TH at 909 W is not plausible",
    "too_good": "J/TH at 909 W is not plausible",
    "kilowatts": "target does not rise",
    "cheap": "450 W at a target of 900 W",
    "beyond": "targets 900..9000 W beyond the miner's limits",
    "no_target": "target missing or no number",
    "no_hashrate": "hash rate missing or no number",
    "some_consumption": "consumption missing or no number",
}


def points(*rows: tuple[float, float | None, float | None]) -> tuple[EfficiencyPoint, ...]:
    return tuple(EfficiencyPoint(*row) for row in rows)


# ---- over real gRPC


class OverTheWire:
    """A driver that the test turns, and a virtual miner behind a socket."""

    def __init__(self, miner: VirtualMiner, folder: Path) -> None:
        secret = folder / "wire.secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        self.clock = VirtualClock()
        self.driver = MinerDriver(
            "wire", MinerSettings(host=miner.host, port=miner.port, secret=str(secret)), self.clock,
            lambda: None, lambda _: None, api=GrpcMiner(f"{miner.host}:{miner.port}"),
        )  # fmt: skip

    def turn(self, later_s: float = 0.0) -> None:
        self.clock.s += later_s
        self.driver.turn()


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine(QUICK)


@pytest.fixture(scope="module")
def miner(machine: Machine) -> VirtualMiner:
    with VirtualMiner(machine) as opened:
        opened.advance(300.0)
        yield opened


@pytest.fixture
def wire(miner: VirtualMiner, tmp_path: Path) -> OverTheWire:
    miner.faults.clear()
    wire = OverTheWire(miner, tmp_path)
    yield wire
    wire.driver._api.close()
    miner.faults.clear()


def test_the_curve_of_the_miner_is_its_consumption_and_hash_rate(wire: OverTheWire) -> None:
    wire.turn()
    inputs, facts = wire.driver.snapshot.inputs, wire.driver.snapshot.diagnostics
    assert len(inputs.curve_w) == len(inputs.curve_ths) == 9
    assert inputs.curve_w[:2] == (909.0, 1212.0), "consumption, not the targets 900 and 1200 W"
    assert inputs.curve_ths[7] == pytest.approx(104.0 * (3000.0 / 3050.0) ** 0.75)
    assert facts.curve == "miner, 9 points, 909..3333 W"
    assert wire.driver.health()["curve"] == facts.curve
    assert Curve(inputs.curve_w, inputs.curve_ths).ths(2000.0) > 70.0


def test_where_no_consumption_is_reported_the_targets_stand_in(
    wire: OverTheWire, miner: VirtualMiner
) -> None:
    miner.faults.set("curve", "no_consumption")
    wire.turn()
    assert wire.driver.snapshot.inputs.curve_w[:2] == (900.0, 1200.0)


@pytest.mark.parametrize(
    "code", ["UNIMPLEMENTED", "INTERNAL", "PERMISSION_DENIED", "UNAUTHENTICATED", "UNAVAILABLE"]
)
def test_a_miner_that_refuses_its_profile_is_online_all_the_same(
    wire: OverTheWire, miner: VirtualMiner, code: str
) -> None:
    miner.faults.set("curve", code)
    logins = len(miner.service.journal.logins)
    for _ in range(3):
        wire.turn(5.0)
    facts = wire.driver.snapshot.diagnostics
    assert facts.link == "online"
    assert wire.driver.snapshot.inputs.conditions == ()
    assert facts.rebuilds == 0
    assert len(miner.service.journal.logins) == logins + 1, "a refusal of this method costs no login"
    assert wire.driver.snapshot.inputs.curve_w == ()
    assert facts.curve == (
        "site (not offered by this firmware)" if code == "UNIMPLEMENTED" else "site (no answer)"
    )


@pytest.mark.parametrize("fault", REFUSALS)
def test_an_answer_that_is_no_curve_is_counted_and_is_no_alarm(
    wire: OverTheWire, miner: VirtualMiner, fault: str
) -> None:
    miner.faults.set("curve", fault)
    wire.turn()
    inputs, facts = wire.driver.snapshot.inputs, wire.driver.snapshot.diagnostics
    assert (inputs.curve_w, inputs.curve_ths) == ((), ())
    assert facts.curve.startswith("site (refused: ")
    assert REFUSALS[fault] in facts.curve
    assert wire.driver.health()["curves_refused"] == 1
    assert inputs.conditions == ()
    assert facts.link == "online"


def test_every_fault_of_the_profile_is_tried() -> None:
    assert set(CURVES) == {*REFUSALS, *STILL_CURVES}


# ---- in time


def asked(rig: Rig) -> int:
    return rig.service.journal.calls["GetMinerEfficiencyProfile"]


def later(rig: Rig, seconds: float) -> None:
    """Time in which nobody turns the driver, and a few turns after it."""
    rig.clock.s += seconds
    rig.run(20)


def test_it_is_read_once_after_connecting_and_then_once_an_hour(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(60)
    assert asked(rig) == 1
    later(rig, 3480.0)
    assert asked(rig) == 1
    later(rig, 30.0)
    assert asked(rig) == 2
    before = rig.published[2].inputs.curve_w
    assert rig.now.inputs.curve_w is before, "the same curve is the same object"


def test_a_firmware_before_it_is_not_asked(tmp_path: Path) -> None:
    rig = Rig(tmp_path, identity=Identity(api=(1, 10, 0)))
    rig.run(60)
    later(rig, 3600.0)
    assert asked(rig) == 0
    assert rig.now.diagnostics.curve == "site (not offered by this firmware)"


def test_a_silent_miner_keeps_its_curve_and_so_does_one_that_no_longer_tells_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(60)
    curve = rig.now.inputs.curve_w
    rig.net = "refuse"
    rig.run(600)
    assert rig.now.inputs.state == "unknown"
    assert rig.now.inputs.curve_w == curve
    rig.service.identity.api = (1, 10, 0)
    rig.net = "ok"
    rig.run(60)
    assert rig.now.inputs.curve_w == curve
    assert rig.now.diagnostics.curve == "miner, 9 points, 909..3333 W (not offered by this firmware)"


def test_a_worse_answer_later_does_not_take_the_curve_away_and_a_better_one_replaces_it(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    rig.run(60)
    curve = rig.now.inputs.curve_ths
    rig.machine.faults.curve = "nan"
    later(rig, 3600.0)
    assert rig.now.inputs.curve_ths == curve
    assert rig.now.diagnostics.curves_refused == 1
    rig.machine.faults.curve = "better"
    later(rig, 3600.0)
    assert rig.now.inputs.curve_ths == tuple(pytest.approx(rate * 1.2) for rate in curve)


def test_another_device_at_the_address_begins_without_a_curve(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(60)
    assert rig.now.inputs.curve_w
    rig.service.identity.serial = "ANOTHER0000000002"
    rig.machine.faults.curve = "empty"
    rig.run(10)
    assert rig.now.inputs.curve_w == ()
    rig.service.identity.serial = "ANOTHER0000000003"
    rig.machine.faults.curve = ""
    rig.run(10)
    assert rig.now.inputs.curve_w, "asked at once, not in an hour"


def test_a_miner_that_does_not_tell_its_number_for_a_while_stays_the_same_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run(60)
    for serial in ("", "VIRTUAL0000000001"):
        rig.service.identity.serial = serial
        rig.run(10)
        assert rig.now.inputs.curve_w


class Hanging(Rig):
    """A miner whose profile takes longer than any deadline."""

    def serve(self, path: str, request: bytes, metadata: dict[str, str], timeout: float) -> tuple[bytes, str]:
        if path.endswith("GetMinerEfficiencyProfile"):
            self.net = "timeout"
        try:
            return super().serve(path, request, metadata, timeout)
        finally:
            self.net = "ok"


def test_commands_go_out_before_the_profile_is_asked_and_its_hanging_costs_nothing_else(
    tmp_path: Path,
) -> None:
    rig = Hanging(tmp_path)
    rig.want(3200.0)
    rig.run(300)
    first_write_s = rig.writes[0][0]
    healthy = Rig(tmp_path, name="m2")
    healthy.want(3200.0)
    healthy.run(300)
    assert first_write_s == healthy.writes[0][0]
    assert rig.targets() == healthy.targets()
    assert rig.now.diagnostics.link == "online"
    assert rig.now.diagnostics.rebuilds == 0
    assert dict(rig.now.diagnostics.calls)["timeout"] == 1, "once in an hour"
    assert rig.now.diagnostics.curve == "site (no answer)"


def test_an_urgent_stop_is_not_behind_a_profile_that_is_due(tmp_path: Path) -> None:
    rig = Hanging(tmp_path)
    rig.want(3200.0)
    rig.run(60)
    later(rig, 3480.0)
    before = asked(rig)
    rig.clock.s += 60.0  # it is due now
    rig.stop(urgent=True)
    begun = rig.clock.s
    rig.driver.turn()
    assert rig.methods()[-1] == "PauseMining"
    assert rig.clock.s == begun, "no deadline was waited for"
    assert asked(rig) == before


# ---- what is taken for a curve


def test_limits_that_the_firmware_does_not_tell_refuse_nothing() -> None:
    curve = points((1200.0, 1210.0, 45.0), (2000.0, 2020.0, 70.0))
    assert judged(curve).power_w == (1210.0, 2020.0)
    assert judged(curve, Constraints(None, None, None)).ths == (45.0, 70.0)
    with pytest.raises(NoProfile, match="beyond"):
        judged(curve, Constraints(None, 1300.0, None))


ANY = st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.floats(0.0, 5000.0)
POINT = st.builds(EfficiencyPoint, st.floats(), ANY, ANY)
NEAR = st.tuples(st.floats(800.0, 4000.0), st.floats(0.7, 1.3), st.floats(5.0, 60.0))


@settings(max_examples=60)
@given(
    st.lists(POINT, max_size=5)
    | st.lists(NEAR, max_size=8).map(
        lambda rows: [EfficiencyPoint(w, w * off, w / eff) for w, off, eff in sorted(rows)]
    )
)
def test_whatever_a_miner_says_mining_never_looks_better_than_it_can_be(
    answer: list[EfficiencyPoint],
) -> None:
    kept = Efficiency()
    kept.take(tuple(answer))
    profile = kept.profile
    assert bool(profile.power_w) != bool(kept.refused)
    if not profile.power_w:
        return
    curve = Curve(profile.power_w, profile.ths)
    for power_w in (100.0, 900.0, 1200.0, 2345.0, 3200.0, 10_000.0, *profile.power_w):
        assert curve.ths(power_w) * BEST_J_PER_TH <= power_w * (1.0 + 1e-9)


def test_a_nameplate_narrows_what_is_believed_and_a_wrong_one_does_not() -> None:
    class Plate:
        sticker_ths = 104.0

    limits = Constraints(3050.0, 900.0, 5000.0)
    good = points((1500.0, 1500.0, 120.0), (3000.0, 3000.0, 200.0))  # 12.5 and 15 J/TH
    assert judged(good, limits).ths == (120.0, 200.0)
    with pytest.raises(NoProfile, match=r"12\.5 J/TH"):
        judged(good, limits, Plate)  # type: ignore[arg-type]
    Plate.sticker_ths = 0.104
    assert judged(good, limits, Plate).ths == (120.0, 200.0)  # type: ignore[arg-type]
