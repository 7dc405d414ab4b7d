"""The miner over gRPC: the only module that knows generated code.

Each method asks one thing and turns the answer into a value of `model`; an absent field stays absent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plc.field.miner.channel import MinerChannel
from plc.field.miner.model import (
    ApiError,
    Boards,
    Configuration,
    Constraints,
    Cooling,
    Details,
    EfficiencyPoint,
    ErrorEntry,
    Failure,
    Pools,
    Stats,
    Status,
    Token,
    Tuner,
    TunerView,
    Version,
)
from plc.pb import bos_v1_pb2 as pb
from plc.pb import bos_v1_pb2_grpc as rpc
from plc.pb import bos_version_pb2 as version_pb
from plc.pb import bos_version_pb2_grpc as version_rpc

READ_S = 2.0
WRITE_S = 5.0
LOGIN_S = 3.0

_STATUS = {
    1: Status.NOT_STARTED,
    2: Status.NORMAL,
    3: Status.PAUSED,
    4: Status.SUSPENDED,
    5: Status.RESTRICTED,
}
_TUNER = {
    1: Tuner.DISABLED,
    2: Tuner.STABLE,
    3: Tuner.TUNING,
    4: Tuner.ERROR,
    5: Tuner.CONTINUOUS,
    6: Tuner.PREHEAT,
}


class GrpcMiner:
    """`model.MinerApi` over a MinerChannel."""

    def __init__(
        self, address: str, ca_file: Path | None = None, channel: MinerChannel | None = None
    ) -> None:
        self._channel = channel or MinerChannel(address, ca_file)

    def use_token(self, token: Token | None) -> None:
        self._channel.metadata = (("authorization", token.text),) if token else ()  # raw, without "Bearer"

    def cut(self) -> None:
        self._channel.cut()

    def rebuild(self) -> None:
        self._channel.rebuild()

    def close(self) -> None:
        self._channel.close()

    def _call(self, kind: Callable[[Any], Any], method: str, request: Any, deadline_s: float) -> Any:
        return self._channel.call(kind, method, request, deadline_s)[0]

    # ---- session

    def version(self) -> Version:
        answer = self._call(
            version_rpc.ApiVersionServiceStub, "GetApiVersion", version_pb.ApiVersionRequest(), READ_S
        )
        return Version(answer.major, answer.minor, answer.patch, answer.pre)

    def login(self, user: str, password: str) -> Token:
        request = pb.LoginRequest(username=user, password=password)
        self.use_token(None)
        answer, call = self._channel.call(rpc.AuthenticationServiceStub, "Login", request, LOGIN_S)
        text = answer.token
        if not text:  # API 1.0: only in the initial metadata
            text = next((str(v) for k, v in call.initial_metadata() or () if k == "authorization"), "")
        if not text:
            raise ApiError(Failure.AUTH, "Login", "no token in the answer")
        return Token(text, answer.timeout_s or None)

    # ---- reads

    def details(self) -> Details:
        answer = self._call(rpc.MinerServiceStub, "GetMinerDetails", pb.GetMinerDetailsRequest(), READ_S)
        sticker = answer.sticker_hashrate.gigahash_per_second / 1000.0
        return Details(
            status=_STATUS.get(answer.status, Status.UNKNOWN),
            status_raw=answer.status,
            process_uptime_s=answer.bosminer_uptime_s,
            system_uptime_s=answer.system_uptime_s,
            model=answer.miner_identity.miner_model or answer.miner_identity.name,
            bos_version=answer.bos_version.current,
            serial=answer.uid,
            sticker_ths=sticker if answer.HasField("sticker_hashrate") else None,
        )

    def stats(self) -> Stats:
        answer = self._call(rpc.MinerServiceStub, "GetMinerStats", pb.GetMinerStatsRequest(), READ_S)
        solver = answer.miner_stats
        return Stats(
            hashrate_ths=_ths(solver.real_hashrate, "last_1m"),
            hashrate_5m_ths=_ths(solver.real_hashrate, "last_5m"),
            nominal_ths=_ths(solver, "nominal_hashrate"),
            estimated_w=_watt(answer.power_stats, "approximated_consumption"),
        )

    def tuner(self) -> TunerView:
        answer = self._call(rpc.PerformanceServiceStub, "GetTunerState", pb.GetTunerStateRequest(), READ_S)
        state = answer.overall_tuner_state
        active = _watt(answer.power_target_mode_state, "current_target")
        return TunerView(_TUNER.get(state, Tuner.UNKNOWN), state, active)

    def constraints(self) -> Constraints:
        request = pb.GetConstraintsRequest()
        answer = self._call(rpc.ConfigurationServiceStub, "GetConstraints", request, READ_S)
        power = answer.tuner_constraints.power_target
        return Constraints(_watt(power, "default"), _watt(power, "min"), _watt(power, "max"))

    def configuration(self) -> Configuration:
        request = pb.GetMinerConfigurationRequest()
        answer = self._call(rpc.ConfigurationServiceStub, "GetMinerConfiguration", request, READ_S)
        tuner, dps = answer.tuner, answer.dps
        kind = answer.temperature.WhichOneof("mode")
        mode = getattr(answer.temperature, kind) if kind else None
        by_power = tuner.tuner_mode == pb.TUNER_MODE_POWER_TARGET
        return Configuration(
            saved_w=_watt(tuner, "power_target"),
            power_mode=by_power if tuner.HasField("tuner_mode") else None,
            cooling=Cooling(kind) if kind else Cooling.UNKNOWN,
            hot_degc=_degc(mode, "hot_temperature"),
            dangerous_degc=_degc(mode, "dangerous_temperature"),
            target_degc=_degc(mode, "target_temperature"),
            dps_enabled=dps.enabled if dps.HasField("enabled") else None,
            dps_shutdown=dps.shutdown_enabled if dps.HasField("shutdown_enabled") else None,
        )

    def boards(self) -> Boards:
        answer = self._call(rpc.MinerServiceStub, "GetHashboards", pb.GetHashboardsRequest(), READ_S)
        cooling = self._call(rpc.CoolingServiceStub, "GetCoolingState", pb.GetCoolingStateRequest(), READ_S)
        boards = [_degc(board, "board_temp") for board in answer.hashboards]
        outlets = [_degc(board, "highest_outlet_temp") for board in answer.hashboards]
        chips = [_degc(board.highest_chip_temp, "temperature") for board in answer.hashboards]
        if cooling.highest_temperature.location == pb.SENSOR_LOCATION_CHIP:
            chips.append(_degc(cooling.highest_temperature, "temperature"))
        valid = [board for board in boards if board is not None]
        return Boards(len(boards), len(valid), _hottest(boards), _hottest(outlets), _hottest(chips))

    def pools(self) -> Pools:
        answer = self._call(rpc.PoolServiceStub, "GetPoolGroups", pb.GetPoolGroupsRequest(), READ_S)
        enabled = [pool for group in answer.pool_groups for pool in group.pools if pool.enabled]
        return Pools(len(enabled), len([pool for pool in enabled if pool.alive]))

    def errors(self) -> tuple[ErrorEntry, ...]:
        answer = self._call(rpc.MinerServiceStub, "GetErrors", pb.GetErrorsRequest(), READ_S)
        return tuple(
            ErrorEntry(entry.timestamp, entry.message, tuple(code.code for code in entry.error_codes))
            for entry in answer.errors
        )

    def efficiency(self) -> tuple[EfficiencyPoint, ...]:
        request = pb.GetMinerEfficiencyProfileRequest()
        answer = self._call(rpc.PerformanceServiceStub, "GetMinerEfficiencyProfile", request, READ_S)
        return tuple(
            EfficiencyPoint(
                float(point.power_target.watt),
                _watt(point, "consumption"),
                float(point.hashrate.terahash_per_second) if point.HasField("hashrate") else None,
            )
            for point in answer.points
        )

    # ---- writes

    def pause(self, deadline_s: float | None = None) -> None:
        request = pb.PauseMiningRequest()
        self._call(rpc.ActionsServiceStub, "PauseMining", request, deadline_s or WRITE_S)

    def resume(self) -> None:
        self._call(rpc.ActionsServiceStub, "ResumeMining", pb.ResumeMiningRequest(), WRITE_S)

    def set_power_target(self, watt: int) -> None:
        self._call(rpc.PerformanceServiceStub, "SetPowerTarget", power_target_request(watt), WRITE_S)

    def restart(self) -> None:
        self._call(rpc.ActionsServiceStub, "Restart", pb.RestartRequest(), WRITE_S)

    def reboot(self) -> None:
        self._call(rpc.ActionsServiceStub, "Reboot", pb.RebootRequest(), WRITE_S)


def power_target_request(watt: int) -> Any:
    """The one power write there is: absolute, saved and applied."""
    return pb.SetPowerTargetRequest(
        save_action=pb.SAVE_ACTION_SAVE_AND_APPLY, power_target=pb.Power(watt=watt)
    )


def _watt(message: Any, field: str) -> float | None:
    return float(getattr(message, field).watt) if message.HasField(field) else None


def _degc(message: Any, field: str) -> float | None:
    """A temperature that can be one: a dead sensor reports nothing, NaN or a number from nowhere."""
    if message is None or field not in message.DESCRIPTOR.fields_by_name or not message.HasField(field):
        return None
    value = float(getattr(message, field).degree_c)
    return value if -40.0 < value < 200.0 else None


def _ths(message: Any, field: str) -> float | None:
    if not message.HasField(field):
        return None
    value = float(getattr(message, field).gigahash_per_second) / 1000.0
    return value if math.isfinite(value) and value >= 0.0 else None


def _hottest(values: list[float | None]) -> float | None:
    valid = [value for value in values if value is not None]
    return max(valid) if valid else None
