"""The generated interface: fresh, minimal, and spoken exactly as the public API has it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from plc.field.miner.api import power_target_request
from plc.pb import bos_v1_pb2 as pb
from plc.pb import bos_version_pb2 as version_pb

ROOT = Path(__file__).resolve().parents[3]
PB = ROOT / "plc" / "pb"

ALLOWED = {
    "braiins.bos.ApiVersionService": {"GetApiVersion"},
    "braiins.bos.v1.AuthenticationService": {"Login"},
    "braiins.bos.v1.ActionsService": {"PauseMining", "ResumeMining", "Restart", "Reboot"},
    "braiins.bos.v1.PerformanceService": {"GetTunerState", "SetPowerTarget", "GetMinerEfficiencyProfile"},
    "braiins.bos.v1.MinerService": {"GetMinerDetails", "GetMinerStats", "GetErrors", "GetHashboards"},
    "braiins.bos.v1.CoolingService": {"GetCoolingState"},
    "braiins.bos.v1.ConfigurationService": {"GetMinerConfiguration", "GetConstraints"},
    "braiins.bos.v1.PoolService": {"GetPoolGroups"},
}


def test_nothing_outside_the_allow_list_exists() -> None:
    found = {
        service.full_name: {method.name for method in service.methods}
        for module in (pb, version_pb)
        for service in module.DESCRIPTOR.services_by_name.values()
    }
    assert found == ALLOWED


def test_save_and_apply_is_the_only_way_to_save() -> None:
    assert dict(pb.SaveAction.items()) == {"SAVE_ACTION_UNSPECIFIED": 0, "SAVE_ACTION_SAVE_AND_APPLY": 2}
    source = "".join(path.read_text() for path in (ROOT / "plc").rglob("*.py"))
    assert "FORCE_APPLY" not in source


@pytest.mark.parametrize(
    ("watt", "golden"),
    [(900, "0802 1203 0884 07"), (3200, "0802 1203 0880 19"), (1, "0802 1202 0801"), (0, "0802 1200")],
)
def test_a_power_write_is_byte_for_byte_save_and_apply(watt: int, golden: str) -> None:
    assert power_target_request(watt).SerializeToString() == bytes.fromhex(golden)


GOLDEN_ANSWERS = [
    # GetApiVersion: 1.11.0
    (version_pb.ApiVersion, "0801 100b", {"major": 1, "minor": 11, "patch": 0, "pre": ""}),
    # Login: token "abc", 3600 s
    (pb.LoginResponse, "0a03 616263 10901c", {"token": "abc", "timeout_s": 3600}),
    # GetTunerState: CONTINUOUS, power mode, current target 2431 W, unknown field 9 in between
    (pb.GetTunerStateResponse, "0805 4801 1205 1203 08ff12", {"overall_tuner_state": 5}),
    # GetMinerDetails: status PAUSED, uptimes 69685 and 69725 s
    (
        pb.GetMinerDetailsResponse,
        "50b5a004 58dda004 6003",
        {"bosminer_uptime_s": 69685, "system_uptime_s": 69725, "status": 3},
    ),
]


@pytest.mark.parametrize(("kind", "raw", "fields"), GOLDEN_ANSWERS)
def test_golden_answers_decode(kind: type, raw: str, fields: dict[str, object]) -> None:
    message = kind.FromString(bytes.fromhex(raw))
    assert {name: getattr(message, name) for name in fields} == fields


def test_golden_tuner_state_carries_the_target_in_force() -> None:
    message = pb.GetTunerStateResponse.FromString(bytes.fromhex("0805 1205 1203 08ff12"))
    assert message.power_target_mode_state.current_target.watt == 2431


def test_cooling_of_the_configuration_has_its_own_numbering() -> None:
    mode = pb.CoolingConfiguration.DESCRIPTOR.oneofs_by_name["mode"]
    assert {field.name: field.number for field in mode.fields} == {
        "auto": 2, "manual": 3, "disabled": 4, "immersion": 5, "hydro": 6,
    }  # fmt: skip


def test_only_the_adapter_imports_generated_code() -> None:
    users: set[tuple[str, str]] = set()
    for path in (ROOT / "plc").rglob("*.py"):
        if path.parent == PB:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            users |= {("grpc", path.name) for name in names if name.split(".")[0] == "grpc"}
            users |= {("pb", path.name) for name in names if name.startswith("plc.pb")}
    assert users == {("pb", "api.py"), ("grpc", "channel.py")}


def test_generated_files_carry_no_run_time_gate() -> None:
    for path in PB.glob("*_pb2*.py"):
        text = path.read_text()
        assert "ValidateProtobufRuntimeVersion" not in text
        assert "GRPC_GENERATED_VERSION" not in text


@pytest.mark.peer
def test_committed_stubs_are_what_the_sources_generate(tmp_path: Path) -> None:
    try:
        found = metadata.version("grpcio-tools")
    except metadata.PackageNotFoundError:
        found = "not installed"
    if found != "1.62.3":
        # that version has wheels up to Python 3.12 only; there a CI run has to have it
        if os.environ.get("CI") and sys.version_info < (3, 13):
            pytest.fail(f"grpcio-tools is {found}, the stubs are made with 1.62.3")
        pytest.skip(f"grpcio-tools is {found}, the stubs are made with 1.62.3")
    sources = ["protos/plc/pb/bos_version.proto", "protos/plc/pb/bos_v1.proto"]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", "protos"]
    subprocess.run(
        [*command, f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}", *sources],
        cwd=ROOT,
        check=True,
    )
    made = {path.name: path.read_bytes() for path in (tmp_path / "plc" / "pb").glob("*.py")}
    assert set(made) == {path.name for path in PB.glob("*_pb2*.py")}
    for name, content in made.items():
        assert content == (PB / name).read_bytes(), f"plc/pb/{name} is not what protos/ generates"
