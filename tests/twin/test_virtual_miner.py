"""The virtual miner by itself: firmware states, tokens, and a network that fails as networks do."""

from __future__ import annotations

import socket

import pytest

from tools.twin.virtual_miner import Faults, Machine, MachineSettings, MachineState, Mode, VirtualMiner, wire
from tools.twin.virtual_miner.__main__ import obey
from tools.twin.virtual_miner.service import Refused, Service
from tools.twin.virtual_miner.unit import NORMAL, NOT_STARTED, PAUSED, RESTRICTED, SUSPENDED

V1 = "/braiins.bos.v1."
WARM = MachineSettings(preheat_degc=20.0)


def run(machine: Machine, seconds: int) -> Machine:
    for _ in range(seconds):
        machine.step(1.0)
    return machine


def login(service: Service) -> str:
    request = wire.text(1, "root") + wire.text(2, "root")
    return service.call(f"{V1}AuthenticationService/Login", request, "")[1]


def test_from_supply_to_a_tuned_profile() -> None:
    machine = Machine(WARM, supply=False)
    seen: list[MachineState] = []
    run(machine, 5)
    assert machine.power_w == 0.0
    machine.supply = True
    for _ in range(3600):
        machine.step(1.0)
        if not seen or seen[-1] is not machine.state:
            seen.append(machine.state)
    assert seen == [
        MachineState.BOOT,
        MachineState.INIT,
        MachineState.PREHEAT,
        MachineState.RAMP,
        MachineState.STABLE,
    ]
    assert abs(machine.power_w - 3050.0) < 0.1 * 3050.0


def test_cold_oil_and_little_power_stay_in_preheat_for_ten_minutes() -> None:
    machine = Machine()
    run(machine, 300)
    assert machine.state is MachineState.PREHEAT
    assert machine.power_w < 1000.0
    run(machine, 500)
    assert machine.state in (MachineState.RAMP, MachineState.STABLE)


def test_a_new_target_is_tuned_once_and_then_known() -> None:
    machine = run(Machine(WARM), 600)
    machine.set_target(2000.0)
    run(machine, 300)
    assert machine.state is MachineState.TUNING
    run(machine, 1600)
    assert machine.state is MachineState.STABLE
    assert 2000.0 in machine.profiles


def test_pause_takes_seconds_and_a_power_cut_forgets_it() -> None:
    machine = run(Machine(WARM), 600)
    machine.pause()
    run(machine, 10)
    assert machine.status == PAUSED
    assert machine.power_w < 30.0
    machine.set_target(1200.0)
    machine.supply = False
    run(machine, 2)
    machine.supply = True
    run(machine, 300)
    assert machine.status == NORMAL, "starts by itself"
    assert machine.saved_target_w == 1200.0
    assert machine.power_w < 1300.0


@pytest.mark.parametrize(
    ("fault", "status"),
    [({"pool_dead": True}, SUSPENDED), ({"pool_dead": True, "no_work_status_normal": True}, NORMAL),
     ({"restricted": True}, RESTRICTED), ({"fan_missing": True}, SUSPENDED),
     ({"overheat_k": 60.0}, SUSPENDED), ({"status_unknown": 99}, 99)],
)  # fmt: skip
def test_faults_show_in_the_status(fault: dict[str, object], status: int) -> None:
    machine = run(Machine(WARM), 600)
    for name, value in fault.items():
        machine.faults.set(name, value)
    assert run(machine, 200).status == status


def test_a_welded_contactor_keeps_it_under_power() -> None:
    machine = run(Machine(WARM), 600)
    machine.faults.ac_stuck_closed = True
    machine.supply = False
    assert run(machine, 5).power_w > 2500.0


def test_the_same_seed_gives_the_same_miner() -> None:
    first, second = (run(Machine(WARM, seed=7), 900) for _ in range(2))
    assert first.power_w == second.power_w


def test_save_alone_changes_nothing_before_the_next_start() -> None:
    machine = run(Machine(WARM), 600)
    service = Service(machine)
    request = wire.uint(1, 1) + wire.message(2, wire.uint(1, 2000))
    service.call(f"{V1}PerformanceService/SetPowerTarget", request, login(service))
    assert (machine.saved_target_w, machine.active_target_w) == (2000.0, 3050.0)
    machine.reboot()
    assert machine.active_target_w == 2000.0


def test_tokens_slide_expire_and_end_with_a_boot() -> None:
    machine = run(Machine(WARM), 600)
    service = Service(machine)
    token = login(service)
    for _ in range(3):
        service.now_s += 3599.0
        service.call(f"{V1}MinerService/GetMinerDetails", b"", token)
    service.now_s += 3601.0
    for stale in (token, f"Bearer {login(service)}", ""):
        with pytest.raises(Refused, match="UNAUTHENTICATED"):
            service.call(f"{V1}MinerService/GetMinerDetails", b"", stale)
    fresh = login(service)
    machine.reboot()
    with pytest.raises(Refused, match="UNAUTHENTICATED"):
        service.call(f"{V1}MinerService/GetMinerDetails", b"", fresh)


def test_what_is_not_in_this_version_is_unimplemented() -> None:
    service = Service(run(Machine(), 100))
    service.identity.api = (1, 1, 0)
    with pytest.raises(Refused, match="UNIMPLEMENTED"):
        service.call(f"{V1}MinerService/GetErrors", b"", login(service))
    with pytest.raises(Refused, match="UNIMPLEMENTED"):
        service.call(f"{V1}ActionsService/FactoryReset", b"", "")


def connects(miner: VirtualMiner, seconds: float = 0.3) -> str:
    try:
        socket.create_connection((miner.host, miner.port), timeout=seconds).close()
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silent"
    return "open"


def test_the_port_follows_supply_and_boot() -> None:
    with VirtualMiner(Machine(WARM, supply=False)) as miner:
        assert connects(miner) == "silent", "no supply: not even a refusal"
        miner.supply(True)
        assert connects(miner) == "refused", "booting"
        miner.advance(30.0)
        assert connects(miner) == "open"
        assert miner.service.unit.status == NOT_STARTED
        miner.reboot_spontaneously()
        assert connects(miner) == "refused"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(Mode.REFUSE, "refused"), (Mode.SILENT, "silent"), (Mode.HANG, "open"), (Mode.GARBAGE, "open"),
     (Mode.HALF_OPEN, "open")],
)  # fmt: skip
def test_network_modes_come_and_go(mode: Mode, expected: str) -> None:
    with VirtualMiner(Machine(WARM)) as miner:
        miner.advance(100.0)
        for _ in range(3):
            miner.network(mode)
            assert connects(miner) == expected
            miner.network(Mode.PASS)
            assert connects(miner) == "open"


def test_orders_from_a_person() -> None:
    with VirtualMiner(Machine(WARM)) as miner:
        miner.advance(300.0)
        assert "3050 W" in obey(miner, ["state"])
        obey(miner, ["fault", "dps_steps", "2"])
        assert miner.faults.dps_steps == 2
        obey(miner, ["network", "hang"])
        assert miner.front.mode is Mode.HANG
        obey(miner, ["clear"])
        assert miner.faults == Faults()
        for wrong in (["fault", "no_such"], ["network", "nowhere"], ["explode"]):
            with pytest.raises(ValueError):
                obey(miner, wrong)
