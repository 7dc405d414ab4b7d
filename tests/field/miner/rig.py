"""Rigs for the miner driver.

`Rig`: driver, machine and time in one thread, no network: the generated stubs talk through a channel of
our own to the hand-written codec of the virtual miner. Days pass in milliseconds.
`Live`: the real thing, scaled: gRPC over loopback, one driver thread, time and time-outs TEN times faster.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from plc.blocks.core import NEVER, Reading, ns
from plc.field.miner import api as api_module
from plc.field.miner.api import GrpcMiner
from plc.field.miner.channel import MinerChannel
from plc.field.miner.driver import MinerDriver
from plc.field.miner.settings import Limits, MinerSettings
from plc.field.miner.snapshot import MinerSnapshot
from plc.field.miner.writer import StartGate
from plc.plant.interface import MinerWish
from tools.twin.virtual_miner import Machine, MachineSettings, VirtualMiner
from tools.twin.virtual_miner.service import Identity, Refused, Service

PASSWORD = "root"
QUICK = MachineSettings(preheat_degc=20.0, tuning_s=120.0, init_s=20.0, estimate_error=0.0, noise=0.0)
"""A machine that is warm already: seconds, not minutes, to full power."""


class VirtualClock:
    """Time that the test turns."""

    def __init__(self, start_s: float = 100_000.0) -> None:
        self.s = start_s

    def now_ns(self) -> int:
        return ns(self.s)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.s += seconds
        return event.is_set()


class Error(grpc.RpcError):
    """A status as a real channel raises it."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


class DirectChannel:
    """A gRPC channel without a network: request bytes in, response bytes out."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    def unary_unary(self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any) -> Any:
        def with_call(request: Any, timeout: float, metadata: Any, wait_for_ready: bool) -> Any:
            assert timeout <= 5.0, "every call has a deadline"
            assert not wait_for_ready
            answer, token = self._rig.serve(path, request_serializer(request), dict(metadata), timeout)
            try:
                message = response_deserializer(answer)
            except DecodeError:  # a real channel turns it into a status
                raise Error(grpc.StatusCode.INTERNAL, "Exception deserializing response!") from None
            call = SimpleNamespace(initial_metadata=lambda: (("authorization", token),) if token else ())
            return message, call

        return SimpleNamespace(with_call=with_call)

    def close(self) -> None:
        self._rig.channels_closed += 1


class DirectConnection(MinerChannel):
    """The real deadlines and failure classes over a channel of ours."""

    def __init__(self, rig: Rig) -> None:
        super().__init__("rig:0")
        self._rig = rig

    def _open(self) -> Any:
        self._rig.channels_opened += 1
        return DirectChannel(self._rig)


class Rig:
    """One driver and one machine in virtual time. `net`: "ok", "refuse" or "timeout"."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits | None = None,
        machine: MachineSettings = QUICK,
        identity: Identity | None = None,
        gate: StartGate | None = None,
        clock: VirtualClock | None = None,
        name: str = "m1",
        booted: bool = True,
        clean_start: bool = True,
        **settings: Any,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.machine = Machine(machine)
        self.service = Service(self.machine, identity)
        self.net = "ok"
        self.wish: MinerWish | None = None
        self.metered: Reading = NEVER
        self.channels_opened = self.channels_closed = 0
        self.published: list[MinerSnapshot] = []
        self.waits: list[float] = []
        self.t0 = self._stepped_s = self.clock.s
        if booted:
            self.clock.s += 300.0
            self._catch_up()
        secret = folder / f"{name}.secret"
        if not secret.exists():
            secret.write_text(PASSWORD)
            secret.chmod(0o600)
        settings.setdefault("secret", str(secret))
        self.settings = MinerSettings(host="10.0.0.1", limits=limits or Limits(), **settings)
        self.driver = MinerDriver(
            name, self.settings, self.clock, lambda: self.wish, self.published.append,
            api=GrpcMiner("", channel=DirectConnection(self)), gate=gate, metered=lambda: self.metered,
            clean_start=clean_start, site_range_w=(1200.0, 3200.0),
        )  # fmt: skip

    # ---- the miner's side

    def serve(self, path: str, request: bytes, metadata: dict[str, str], timeout: float) -> tuple[bytes, str]:
        self._catch_up()
        if self.net == "timeout":
            self.clock.s += timeout
            raise Error(grpc.StatusCode.DEADLINE_EXCEEDED, "deadline")
        if self.net == "refuse" or not self.machine.api_up:
            raise Error(grpc.StatusCode.UNAVAILABLE, "connection refused")
        try:
            return self.service.call(path, request, metadata.get("authorization", ""))
        except Refused as refused:
            raise Error(grpc.StatusCode[refused.code], refused.details) from None

    def _catch_up(self) -> None:
        while self._stepped_s < self.clock.s - 1e-9:
            dt_s = min(5.0, self.clock.s - self._stepped_s)
            self.machine.step(dt_s)
            self.service.now_s += dt_s
            self._stepped_s += dt_s

    # ---- the driver's side

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> float:
        """Turns for so long, or until something is so; returns the seconds that passed."""
        start = self.clock.s
        while self.clock.s - start < seconds:
            wait_s = self.driver.turn()
            self.waits.append(wait_s)
            assert wait_s > 0.0, "never spins"
            if until is not None and until():
                break
            self.clock.s += min(wait_s, max(0.001, seconds - (self.clock.s - start)))
            self._catch_up()
        return self.clock.s - start

    def want(self, power_w: float, *, run: bool = True, urgent: bool = False) -> None:
        self.wish = MinerWish(run=run, power_w=power_w, urgent=urgent)

    def stop(self, *, urgent: bool = False) -> None:
        self.want(0.0, run=False, urgent=urgent)

    @property
    def now(self) -> MinerSnapshot:
        return self.driver.snapshot

    @property
    def writes(self) -> list[tuple[float, str, int]]:
        """(seconds since the rig was built, method, watt), as the miner saw them."""
        return self.service.journal.writes

    def targets(self) -> list[int]:
        return [watt for _, method, watt in self.writes if method == "SetPowerTarget"]

    def methods(self) -> list[str]:
        return [method for _, method, _ in self.writes]


TEN = 10.0
DEADLINES = {name: getattr(api_module, name) for name in ("READ_S", "WRITE_S", "LOGIN_S")}


class FastClock:
    """Wall time, ten times faster."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def now_ns(self) -> int:
        return ns((time.monotonic() - self._start) * TEN)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / TEN)


class Live:
    """A driver thread against a virtual miner over loopback; both ten times faster than life."""

    def __init__(self, miner: VirtualMiner, folder: Path) -> None:
        self.miner = miner
        self.clock = FastClock()
        self.wish: MinerWish | None = MinerWish(run=True, power_w=3200.0)
        secret = folder / "live.secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        self.settings = MinerSettings(host=miner.host, port=miner.port, secret=str(secret))
        self.snapshots: list[MinerSnapshot] = []
        self.driver = MinerDriver(
            "live", self.settings, self.clock, lambda: self.wish, self.snapshots.append,
            site_range_w=(1200.0, 3200.0),
        )  # fmt: skip

    def wait_for(self, so: Callable[[], bool], seconds: float, what: str = "") -> float:
        """Virtual seconds until something is so; fails when it takes longer than `seconds`."""
        start = self.clock.now_ns()
        while not so():
            passed = (self.clock.now_ns() - start) / 1e9
            assert passed <= seconds, f"{what or 'not so'} after {seconds} s: {self.driver.snapshot}"
            time.sleep(0.005)
        return (self.clock.now_ns() - start) / 1e9

    @property
    def link(self) -> str:
        return self.driver.snapshot.diagnostics.link.value

    @property
    def age_s(self) -> float:
        answered = self.driver.snapshot.inputs.answered_ns
        return 1e9 if answered is None else (self.clock.now_ns() - answered) / 1e9


@contextmanager
def live(folder: Path, monkeypatch: Any, miner: VirtualMiner | None = None) -> Any:
    """Miner and driver, online; deadlines scaled with the time."""
    for name, seconds in DEADLINES.items():
        monkeypatch.setattr(api_module, name, seconds / TEN)
    with miner or VirtualMiner(Machine(QUICK)) as opened:
        opened.advance(300.0)
        opened.run_at(TEN)
        rig = Live(opened, folder)
        rig.driver.start()
        try:
            rig.wait_for(lambda: rig.link == "online", 30.0, "online")
            yield rig
        finally:
            rig.driver.stop()
            assert rig.driver.join(2.0), "stops within two seconds"
