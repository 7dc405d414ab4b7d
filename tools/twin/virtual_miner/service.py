"""The miner's gRPC methods over any `Unit`: tokens, versions, limits, answers - all encoded by hand.

Everything is a function from request bytes to response bytes; `Refused` carries a gRPC status. The
wire knows nothing of generated stubs, so a wrong field number in the driver cannot hide here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.twin.virtual_miner.unit import Unit
from tools.twin.virtual_miner.wire import as_bytes, as_int, double, message, parse, text, uint

V1 = "braiins.bos.v1."
IMMERSION, AIR = 5, 2  # numbers of the cooling oneof in the configuration


Point = tuple[int | None, int | None, float | None]  # target W, consumption W, hash rate TH/s

CURVES: dict[str, Callable[[list[Point]], list[Point]]] = {
    "empty": lambda _: [],
    "single": lambda points: points[:1],
    "reversed": lambda points: points[::-1],
    "twice": lambda points: [point for point in points for _ in range(2)],
    "endless": lambda _: [(900 + n, 900 + n, 30.0 + n / 100.0) for n in range(400)],
    "zero_power": lambda points: [(target, 0, ths) for target, _, ths in points],
    "zero_hashrate": lambda points: [(target, power, 0.0) for target, power, _ in points],
    "nan": lambda points: [*points[:-1], (*points[-1][:2], float("nan"))],
    "infinite": lambda points: [*points[:-1], (*points[-1][:2], float("inf"))],
    "falling": lambda points: [(target, power, 150.0 - n) for n, (target, power, _) in enumerate(points)],
    "gigahash": lambda points: [(target, power, (ths or 0.0) * 1000.0) for target, power, ths in points],
    "too_good": lambda points: [(target, power, (ths or 0.0) * 2.2) for target, power, ths in points],
    "kilowatts": lambda points: [(round((target or 0) / 1000), None, ths) for target, _, ths in points],
    "cheap": lambda points: [(target, (target or 0) // 2, ths) for target, _, ths in points],
    "beyond": lambda points: [*points, (9000, 9000, 200.0)],
    "no_target": lambda points: [(None, power, ths) for _, power, ths in points],
    "no_hashrate": lambda points: [(target, power, None) for target, power, _ in points],
    "no_consumption": lambda points: [(target, None, ths) for target, _, ths in points],
    "some_consumption": lambda points: [(points[0][0], None, points[0][2]), *points[1:]],
    "better": lambda points: [(target, power, (ths or 0.0) * 1.2) for target, power, ths in points],
}
"""What the efficiency profile can be instead of a healthy one; the last ones are still curves."""


def _point(target_w: int | None, consumption_w: int | None, ths: float | None) -> bytes:
    parts = [uint(1, 100)]
    parts += [] if target_w is None else [message(2, uint(1, target_w))]
    parts += [] if consumption_w is None else [message(3, uint(1, consumption_w))]
    parts += [] if ths is None else [message(7, double(1, ths))]
    return message(1, *parts)


class Refused(Exception):  # noqa: N818 - it is an answer, not a bug
    """The call ends with this gRPC status."""

    def __init__(self, code: str, details: str) -> None:
        super().__init__(f"{code}: {details}")
        self.code, self.details = code, details


@dataclass(slots=True)
class Identity:
    """What the unit says about itself; a firmware upgrade changes it."""

    api: tuple[int, int, int] = (1, 11, 0)
    pre: str = ""
    bos: str = "26.05"
    model: str = "Antminer S19J"
    serial: str = "VIRTUAL0000000001"
    sticker_ths: float = 104.0
    user: str = "root"
    password: str = "root"
    token_ttl_s: float = 3600.0
    min_w: int = 900
    max_w: int = 5000
    default_w: int = 3050
    cooling: int = IMMERSION
    hot_degc: float = 75.0


@dataclass(slots=True)
class Journal:
    """What came in, for tests and for the demo's summary."""

    calls: Counter[str] = field(default_factory=Counter)
    logins: list[float] = field(default_factory=list)  # virtual time
    writes: list[tuple[float, str, int]] = field(default_factory=list)  # time, method, watt or 0
    raw_targets: list[bytes] = field(default_factory=list)


class Service:
    """All methods of one miner. The caller serialises access (one lock in the server)."""

    def __init__(self, unit: Unit, identity: Identity | None = None) -> None:
        self.unit = unit
        self.identity = identity or Identity()
        self.journal = Journal()
        self.now_s = 0.0
        self._tokens: dict[str, float] = {}
        self._issued = 0
        self._boots = unit.boots
        self._since: dict[str, tuple[int, int]] = {
            "MinerService/GetErrors": (1, 2),
            "PerformanceService/GetMinerEfficiencyProfile": (1, 11),
        }
        self._methods: dict[str, Callable[[bytes], bytes]] = {
            "ActionsService/PauseMining": self._pause,
            "ActionsService/ResumeMining": self._resume,
            "ActionsService/Restart": self._restart,
            "ActionsService/Reboot": self._reboot,
            "PerformanceService/SetPowerTarget": self._set_power_target,
            "PerformanceService/GetTunerState": self._tuner_state,
            "PerformanceService/GetMinerEfficiencyProfile": self._efficiency,
            "MinerService/GetMinerDetails": self._details,
            "MinerService/GetMinerStats": self._stats,
            "MinerService/GetErrors": self._errors,
            "MinerService/GetHashboards": self._hashboards,
            "CoolingService/GetCoolingState": self._cooling_state,
            "ConfigurationService/GetConstraints": self._constraints,
            "ConfigurationService/GetMinerConfiguration": self._configuration,
            "PoolService/GetPoolGroups": self._pools,
        }

    def call(self, path: str, request: bytes, token: str) -> tuple[bytes, str]:
        """Answers `/package.Service/Method`; second value is a token for the initial metadata."""
        faults = self.unit.faults
        if self.unit.boots != self._boots:
            self._boots = self.unit.boots
            self._tokens.clear()
        if path == "/braiins.bos.ApiVersionService/GetApiVersion":
            self.journal.calls["GetApiVersion"] += 1
            major, minor, patch = self.identity.api
            return uint(1, major) + uint(2, minor) + uint(3, patch) + text(4, self.identity.pre), ""
        name = path.removeprefix("/" + V1)
        self.journal.calls[name.rpartition("/")[2]] += 1
        if name == "AuthenticationService/Login":
            return self._login(request)
        method = self._methods.get(name)
        if method is None or self.identity.api[:2] < self._since.get(name, (1, 0)):
            raise Refused("UNIMPLEMENTED", f"unknown method {path}")
        self._check(token)
        if faults.garbage_payload:
            return b"\xff\xff\xff\x0fnonsense", ""
        return method(request), ""

    def revoke_tokens(self) -> None:
        """Fault: every session ends at once."""
        self._tokens.clear()

    # ---- sessions

    def _login(self, request: bytes) -> tuple[bytes, str]:
        self.journal.logins.append(self.now_s)
        asked = parse(request)
        given = (as_bytes(asked, 1).decode(), as_bytes(asked, 2).decode())
        if self.unit.faults.wrong_password or given != (self.identity.user, self.identity.password):
            raise Refused(self.unit.faults.refuse_login_code, "Invalid username or password")
        self._issued += 1
        token = f"virtual-token-{self._issued:04d}"
        if not self.unit.faults.tokens_useless:
            self._tokens[token] = self.now_s + self.identity.token_ttl_s
        body = text(1, token) + uint(2, int(self.identity.token_ttl_s)) if self._api(1, 1) else b""
        return body, token

    def _check(self, token: str) -> None:
        if self._tokens.get(token, -1.0) < self.now_s:
            self._tokens.pop(token, None)
            raise Refused("UNAUTHENTICATED", "Missing or invalid authentication token")
        self._tokens[token] = self.now_s + self.identity.token_ttl_s

    def _api(self, major: int, minor: int) -> bool:
        return self.identity.api[:2] >= (major, minor)

    # ---- writes

    def _write(self, method: str, watt: int = 0) -> None:
        self.journal.writes.append((self.now_s, method, watt))

    def _refuse_write(self, code: str) -> None:
        if code:
            raise Refused(code, "refused by a fault switch")

    def _pause(self, _: bytes) -> bytes:
        self._write("PauseMining")
        self._refuse_write(self.unit.faults.write_error)
        return uint(1, self.unit.pause())

    def _resume(self, _: bytes) -> bytes:
        self._write("ResumeMining")
        self._refuse_write(self.unit.faults.write_error)
        return uint(1, self.unit.resume())

    def _restart(self, _: bytes) -> bytes:
        self._write("Restart")
        self.unit.restart()
        return uint(1, True)

    def _reboot(self, _: bytes) -> bytes:
        self._write("Reboot")
        self.unit.reboot()
        return b""

    def _set_power_target(self, request: bytes) -> bytes:
        self.journal.raw_targets.append(request)
        asked = parse(request)
        action, watt = as_int(asked, 1), as_int(parse(as_bytes(asked, 2)), 1)
        self._write("SetPowerTarget", watt)
        self._refuse_write(self.unit.faults.target_error)
        low, high = self.identity.min_w, self.identity.max_w
        if not low <= watt <= high:
            allowed = f"[Some({low}), Some({high})]"
            raise Refused("INVALID_ARGUMENT", f"power target [{watt}W] is not in allowed range {allowed}")
        if action == 0:
            raise Refused("INVALID_ARGUMENT", "save action is not specified")
        if action == 1:
            self.unit.saved_target_w = float(watt)
        else:
            self.unit.set_target(float(watt))
        if action == 3:
            self.unit.restart()
        return message(1, uint(1, watt))

    # ---- reads

    def _tuner_state(self, _: bytes) -> bytes:
        unit = self.unit
        profile = b""
        if not unit.faults.profile_missing:
            profile = message(
                1,
                message(2, uint(1, round(unit.active_target_w))),
                message(4, uint(1, round(unit.estimated_w))),
            )
        mode = message(2, profile, message(2, uint(1, round(unit.active_target_w))))
        return uint(1, unit.tuner) + mode

    def _efficiency(self, _: bytes) -> bytes:
        me, fault = self.identity, self.unit.faults.curve
        if fault and fault not in CURVES:
            raise Refused(fault, "refused by a fault switch")
        points: list[Point] = [
            (watt, round(watt * 1.01), me.sticker_ths * (watt / me.default_w) ** 0.75)
            for watt in range(me.min_w, min(3300, me.max_w) + 1, 300)
        ]
        return b"".join(_point(*point) for point in (CURVES[fault](points) if fault else points))

    def _details(self, _: bytes) -> bytes:
        unit, me = self.unit, self.identity
        return (
            text(1, me.serial)
            + message(2, text(3, me.model), text(4, me.model))
            + message(5, text(1, me.bos), text(2, me.bos.partition(".")[0]))
            + text(6, "virtual-miner")
            + text(7, "02:00:00:00:00:01")
            + message(9, double(1, me.sticker_ths * 1000.0))
            + uint(10, int(unit.bosminer_uptime_s))
            + uint(11, int(unit.system_uptime_s))
            + uint(12, unit.status)
        )

    def _stats(self, _: bytes) -> bytes:
        unit = self.unit
        ghs = double(1, unit.hashrate_ths * 1000.0)
        real = message(1, message(1, ghs), message(4, ghs), message(5, ghs))
        nominal = message(2, double(1, self.identity.sticker_ths * 1000.0))
        power = b""
        if not unit.faults.power_stats_missing:
            power = message(3, message(1, uint(1, round(unit.estimated_w))))
        return message(1, uint(1, 1234), uint(2, 5)) + message(2, real, nominal) + power

    def _errors(self, _: bytes) -> bytes:
        day = "2015-01-01" if self.unit.faults.clock_2015 else "2026-01-05"
        old = message(1, text(1, f"{day}T00:00:12Z"), text(2, "Failed to resolve pool host"))
        code = message(3, text(1, "F001"), text(2, "fan"))
        return old + message(1, text(1, "2026-01-02T10:00:00Z"), text(2, "Fan speed dropped"), code)

    def _hashboards(self, _: bytes) -> bytes:
        unit, boards = self.unit, b""
        for index, offset in enumerate((-2.0, 0.0, 2.0)):
            lost = unit.faults.hashboard_lost and index == 2
            warm = unit.t_board_degc + offset
            missing = unit.faults.sensors_all_missing or (unit.faults.sensor_missing and index == 1)
            parts = [text(1, str(index + 1)), uint(2, not lost)]
            if not missing and not lost:
                parts += [
                    message(6, uint(2, 1), message(3, double(1, warm + 15.0))),
                    message(7, double(1, warm)),
                ]
                if self._api(1, 5):
                    parts += [message(10, double(1, unit.t_fluid_degc + 2.0)), message(11, double(1, warm))]
            boards += message(1, *parts)
        return boards

    def _cooling_state(self, _: bytes) -> bytes:
        unit = self.unit
        fans = b"" if self.identity.cooling == IMMERSION else message(1, uint(1, 0, keep=True), uint(2, 4200))
        if unit.faults.sensors_all_missing:
            return fans
        return fans + message(2, uint(2, 1), message(3, double(1, unit.t_board_degc + 17.0)))

    def _constraints(self, _: bytes) -> bytes:
        me = self.identity
        watts = [
            message(1, uint(1, me.default_w)),
            message(2, uint(1, me.min_w)),
            message(3, uint(1, me.max_w)),
        ]
        hot = [message(n, double(1, value)) for n, value in ((1, 75.0), (2, 40.0), (3, 90.0))]
        return message(1, message(1, *watts)) + message(2, message(3, *hot))

    def _configuration(self, _: bytes) -> bytes:
        me, unit = self.identity, self.unit
        temperatures = (me.hot_degc, me.hot_degc + 10.0, me.hot_degc - 20.0)
        order = (2, 3, 1) if me.cooling == AIR else (1, 2, 3)
        mode = message(
            me.cooling, *(message(n, double(1, t)) for n, t in zip(order, temperatures, strict=True))
        )
        tuner = message(3, uint(1, True), uint(2, 1), message(3, uint(1, round(unit.saved_target_w))))
        dps = message(
            4, uint(1, True), message(2, uint(1, 300)), message(4, uint(1, me.min_w)), uint(6, True)
        )
        return message(2, mode) + tuner + dps

    def _pools(self, _: bytes) -> bytes:
        alive = not self.unit.faults.pool_dead
        pools = [
            message(
                4, text(1, f"p{n}"), text(2, url), uint(4, enabled), uint(5, alive), uint(6, alive and not n)
            )
            for n, (url, enabled) in enumerate(
                (("stratum+tcp://pool.example:3333", True), ("stratum+tcp://10.0.0.2:3333", True))
            )
        ]
        return message(1, text(1, "default"), *pools)
