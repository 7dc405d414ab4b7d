"""One gRPC channel to a miner: deadlines, failure classes, a new connection when asked.

Every call has a deadline in wall time and never waits for a connection to become ready. The channel has a
subchannel pool of its own: with the shared pool a rebuilt channel would reuse the dead connection of a
half-open link (miner reference, topic measurements). Keepalive is off on purpose: it does not detect a
hung peer in useful time and annoys servers.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # native log lines would land in the journal
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # the planner is started by exec; never fork with grpc

import grpc

from plc.field.miner.model import ApiError, Failure

# An answer that cannot be decoded is counted here; a traceback of it with every poll would fill the disk.
logging.getLogger("grpc._common").setLevel(logging.CRITICAL)

CHANNEL_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 2000),  # also the floor of a connection attempt
    ("grpc.max_reconnect_backoff_ms", 5000),
    ("grpc.enable_retries", 0),  # repeats are the reconciler's decision, with its limits
    ("grpc.enable_http_proxy", 0),  # a proxy variable of the host must not redirect a LAN device
)

_FAILURES = {
    grpc.StatusCode.DEADLINE_EXCEEDED: Failure.TIMEOUT,
    grpc.StatusCode.UNAVAILABLE: Failure.UNREACHABLE,
    grpc.StatusCode.UNAUTHENTICATED: Failure.AUTH,
    grpc.StatusCode.UNIMPLEMENTED: Failure.UNIMPLEMENTED,
    grpc.StatusCode.INVALID_ARGUMENT: Failure.INVALID,
    grpc.StatusCode.OUT_OF_RANGE: Failure.INVALID,
    grpc.StatusCode.PERMISSION_DENIED: Failure.DEFERRED,
    grpc.StatusCode.FAILED_PRECONDITION: Failure.DEFERRED,
    grpc.StatusCode.ABORTED: Failure.DEFERRED,
    grpc.StatusCode.CANCELLED: Failure.CLOSED,
}


class MinerChannel:
    """Calls with deadline over one channel, opened by the first call.

    address: "host:port", a literal IP (no name service between us and a heater). ca_file: None for the
    plain text that the firmware speaks; a PEM file when a TLS proxy stands in front of the miner.
    Calls belong to one thread; `cut` may come from another: it ends the call in flight and refuses all
    further ones until `rebuild`, so that a thread that shall end does not begin to wait once more.
    """

    def __init__(self, address: str, ca_file: Path | None = None) -> None:
        self.address = address
        self.metadata: tuple[tuple[str, str], ...] = ()
        self._ca_file = ca_file
        self._lock = threading.Lock()
        self._channel: Any = None
        self._stubs: dict[Any, Any] = {}
        self._is_cut = False

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
        self.close()

    def rebuild(self) -> None:
        self.close()
        with self._lock:
            self._is_cut = False

    def close(self) -> None:
        with self._lock:
            channel, self._channel = self._channel, None
            self._stubs = {}
        if channel is not None:
            channel.close()

    def _stub(self, kind: Callable[[Any], Any]) -> Any:
        with self._lock:
            if self._is_cut:
                raise ValueError("cut")
            if self._channel is None:
                self._channel = self._open()
            stub = self._stubs.get(kind)
            if stub is None:
                stub = self._stubs[kind] = kind(self._channel)
            return stub

    def _open(self) -> Any:
        if self._ca_file is None:
            return grpc.insecure_channel(self.address, options=CHANNEL_OPTIONS)
        credentials = grpc.ssl_channel_credentials(self._ca_file.read_bytes())
        return grpc.secure_channel(self.address, credentials, options=CHANNEL_OPTIONS)

    def call(
        self, kind: Callable[[Any], Any], method: str, request: Any, deadline_s: float
    ) -> tuple[Any, Any]:
        try:
            unary = getattr(self._stub(kind), method)
            answer, call = unary.with_call(
                request, timeout=deadline_s, metadata=self.metadata, wait_for_ready=False
            )
            return answer, call
        except grpc.RpcError as error:
            raise _api_error(method, error) from None
        except ValueError:  # a channel that was closed beneath us says it this way
            raise ApiError(Failure.CLOSED, method) from None
        except OSError as error:  # the CA file
            raise ApiError(Failure.FAULT, method, str(error)) from None


def _api_error(method: str, error: grpc.RpcError) -> ApiError:
    failure = _FAILURES.get(error.code(), Failure.FAULT)
    if method == "Login" and failure not in (Failure.TIMEOUT, Failure.UNREACHABLE, Failure.CLOSED):
        failure = Failure.AUTH  # the code of a wrong password is not documented
    return ApiError(failure, method, str(error.details() or "")[:200])
