"""A virtual miner on the network: machine, methods, gRPC server and front door in one object.

    with VirtualMiner(Machine()) as miner:
        ... client talks to 127.0.0.1, miner.port ...

Virtual time advances through `advance`: by the twin each turn, or by `run_at` with an own thread at a
speed against wall time. All public methods may be called from any thread.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from concurrent import futures
from types import TracebackType

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

import grpc

from tools.twin.virtual_miner.faults import Faults
from tools.twin.virtual_miner.front import FrontDoor, Mode
from tools.twin.virtual_miner.machine import Machine
from tools.twin.virtual_miner.service import Identity, Refused, Service
from tools.twin.virtual_miner.unit import Unit

_STEP_S = 1.0
_WORKERS = 4


class VirtualMiner:
    """One miner, reachable on `host`:`port` (loopback only) as long as it is open."""

    def __init__(self, unit: Unit | None = None, identity: Identity | None = None, port: int = 0) -> None:
        self.unit: Unit = unit or Machine()
        self.service = Service(self.unit, identity)
        self._lock = threading.Lock()
        self._unhang = threading.Event()
        self._stop = threading.Event()
        self._network = Mode.PASS
        self._offline_until_s = -1.0
        self._next_api: tuple[int, int, int] | None = None
        self._runner: threading.Thread | None = None
        self._folder = tempfile.mkdtemp(prefix="vminer")
        self._front = FrontDoor(f"{self._folder}/s", port)
        self._server = grpc.server(
            futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix="vminer"),
            handlers=(_AnyMethod(self._answer),),
            options=(("grpc.so_reuseport", 0),),
        )

    @property
    def host(self) -> str:
        return self._front.host

    @property
    def port(self) -> int:
        return self._front.port

    @property
    def front(self) -> FrontDoor:
        return self._front

    @property
    def faults(self) -> Faults:
        return self.unit.faults

    @property
    def now_s(self) -> float:
        """Virtual time since the start."""
        return self.service.now_s

    def open(self) -> VirtualMiner:
        self._server.add_insecure_port(f"unix:{self._folder}/s")
        self._server.start()
        self._front.open()
        self._sync_port()
        return self

    def close(self) -> None:
        self._stop.set()
        self._unhang.set()
        if self._runner is not None:
            self._runner.join(5)
        self._front.close()
        self._server.stop(0).wait(5)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> VirtualMiner:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    # ---- time

    def advance(self, seconds: float) -> None:
        """Virtual time passes; the port opens and closes with boots and power cuts."""
        with self._lock:
            while seconds > 1e-9:
                dt_s = min(_STEP_S, seconds)
                self.unit.step(dt_s)
                self.service.now_s += dt_s
                seconds -= dt_s
            if self._next_api is not None and self.now_s >= self._offline_until_s:
                self.service.identity.api = self._next_api
                self._next_api = None
                self.unit.reboot()
        self._sync_port()

    def run_at(self, speed: float = 1.0, period_s: float = 0.02) -> None:
        """Advances by itself, `speed` times faster than wall time, until closed."""

        def run() -> None:
            before = time.monotonic()
            while not self._stop.wait(period_s):
                now = time.monotonic()
                self.advance((now - before) * speed)
                before = now

        self._runner = threading.Thread(target=run, name="vminer-time", daemon=True)
        self._runner.start()

    # ---- events and faults of the wire; all others are switches in `faults`

    def network(self, mode: Mode) -> None:
        """Puts the network in this mode (`Mode.PASS` is healthy)."""
        self._network = mode
        self._sync_port()

    def revoke_tokens(self) -> None:
        with self._lock:
            self.service.revoke_tokens()

    def reset_in_flight(self) -> None:
        self._front.reset()

    def supply(self, on: bool) -> None:
        """AC on or off at the terminals (stand-alone machine only; the plant has its own contactor)."""
        if not isinstance(self.unit, Machine):
            raise ValueError("the supply of this miner is the contactor of its plant")
        with self._lock:
            self.unit.supply = on
        self.advance(0.001)

    def reboot_spontaneously(self) -> None:
        with self._lock:
            self.unit.reboot()
        self._sync_port()

    def external_write(self, watt: float) -> None:
        """Somebody changes the target in the miner's own web page."""
        with self._lock:
            self.unit.set_target(watt)

    def external_resume(self) -> None:
        with self._lock:
            self.unit.resume()

    def firmware_upgrade(self, api: tuple[int, int, int], offline_s: float = 300.0) -> None:
        """Offline for a while, back with another version."""
        with self._lock:
            self._next_api = api
            self._offline_until_s = self.now_s + offline_s
        self._sync_port()

    def _sync_port(self) -> None:
        if not self.unit.powered:
            mode = Mode.SILENT
        elif not self.unit.api_up or self._next_api is not None:
            mode = Mode.REFUSE
        else:
            mode = self._network
        if mode is not self._front.mode:
            self._front.set_mode(mode)

    # ---- the server side

    def _answer(self, path: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        token = dict(context.invocation_metadata()).get("authorization", "")
        faults = self.faults
        while faults.hang and not self._unhang.wait(0.05) and context.is_active():
            pass
        if faults.slow_response_s:
            self._unhang.wait(faults.slow_response_s)
        try:
            with self._lock:
                answer, new_token = self.service.call(path, request, str(token))
        except Refused as refused:
            context.abort(grpc.StatusCode[refused.code], refused.details)
        if new_token:
            with contextlib.suppress(ValueError):
                context.send_initial_metadata((("authorization", new_token),))
        return answer


class _AnyMethod(grpc.GenericRpcHandler):
    """Every path arrives as bytes: no stub, no schema."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        path = details.method

        def handle(request: bytes, context: grpc.ServicerContext) -> bytes:
            return self._answer(path, request, context)  # type: ignore[operator]

        return grpc.unary_unary_rpc_method_handler(handle)
