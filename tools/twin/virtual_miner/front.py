"""The front door of a virtual miner: a TCP relay that can fail the way networks and dead hosts fail.

The gRPC server itself listens on a unix socket; clients reach it only through this relay. One thread,
one selector, no timing of its own.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from enum import StrEnum

_CHUNK = 65536


class Mode(StrEnum):
    """What the network does."""

    PASS = "pass"
    REFUSE = "refuse"  # nobody listens: RST, as during boot
    SILENT = "silent"  # no supply voltage: SYN is not even answered, old connections go quiet
    HANG = "hang"  # connections are accepted, nothing is ever answered
    HALF_OPEN = "half_open"  # connections of before are dead without a word, new ones work
    GARBAGE = "garbage"  # something else answers on this port


class FrontDoor:
    """Listens on 127.0.0.1, relays to the unix socket `upstream`, misbehaves on request.

    port 0 takes any free port; `port` says which. `open()` binds and starts the thread, `close()` ends it.
    """

    def __init__(self, upstream: str, port: int = 0, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, port
        self.accepted = 0  # connections since start, for tests of channel reuse
        self._upstream = upstream
        self._mode = Mode.PASS
        self._selector = selectors.DefaultSelector()
        self._peers: dict[socket.socket, socket.socket | None] = {}  # None: dead end
        self._fillers: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self._wake_r, self._wake_w = socket.socketpair()
        self._wanted: list[str] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="miner-front", daemon=True)

    @property
    def mode(self) -> Mode:
        return self._mode

    @property
    def connections(self) -> int:
        """Client connections that are open now."""
        return sum(1 for sock in self._peers if sock.family == socket.AF_INET)

    def open(self) -> None:
        self._wake_r.setblocking(False)
        self._selector.register(self._wake_r, selectors.EVENT_READ)
        self._listen()
        self._thread.start()

    def close(self) -> None:
        if self._thread.is_alive():
            self._order("close")
            self._thread.join(5)
        self._wake_w.close()

    def set_mode(self, mode: Mode) -> None:
        """Changes the behaviour; returns when it is in force."""
        self._order(f"mode {mode.value}")

    def reset(self) -> None:
        """Cuts every connection with RST, in the middle of whatever it carries."""
        self._order("reset")

    # ---- the relay thread

    def _order(self, order: str) -> None:
        self._done.clear()
        with self._lock:
            self._wanted.append(order)
        self._wake_w.send(b"x")
        self._done.wait(5)

    def _run(self) -> None:
        running = True
        while running:
            for key, _ in self._selector.select():
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                if sock is self._wake_r:
                    running = self._obey()
                    break  # the rest of this batch was seen under the old mode
                if sock is self._listener:
                    self._accept(sock)
                elif sock in self._peers:
                    self._carry(sock)
        self._shut_all()
        self._done.set()

    def _obey(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            self._wake_r.recv(_CHUNK)
        with self._lock:
            orders, self._wanted = self._wanted, []
        for order in orders:
            if order == "close":
                return False
            if order == "reset":
                self._drop_connections()
            else:
                self._enter(Mode(order.split()[1]))
        self._done.set()
        return True

    def _enter(self, mode: Mode) -> None:
        self._unfill()
        self._mode = mode
        if mode is Mode.REFUSE:
            self._drop_connections()
            self._unlisten()
            return
        if mode in (Mode.SILENT, Mode.HANG, Mode.HALF_OPEN):
            self._freeze_connections()
        elif mode is Mode.GARBAGE:
            self._drop_connections()
        if self._listener is None:
            self._listen()
        if mode is Mode.SILENT:
            self._fill()

    def _listen(self) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(64)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._selector.register(listener, selectors.EVENT_READ)
        self._listener = listener

    def _unlisten(self) -> None:
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _fill(self) -> None:
        """A full accept queue of a listener that never accepts: the kernel drops further SYNs.

        Connections are made until one is not answered any more: then the queue is full for everybody.
        """
        assert self._listener is not None
        self._selector.unregister(self._listener)
        self._listener.listen(0)
        unanswered = 0
        while unanswered < 2 and len(self._fillers) < 16:
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler.settimeout(0.05)
            self._fillers.append(filler)
            try:
                filler.connect((self.host, self.port))
            except TimeoutError:
                unanswered += 1

    def _unfill(self) -> None:
        if not self._fillers:
            return
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        # a fresh listener: the old queue holds connections nobody waits for any more
        assert self._listener is not None
        self._listener.close()
        self._listener = None
        self._listen()

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        self.accepted += 1
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server: socket.socket | None = None
        if self._mode in (Mode.PASS, Mode.HALF_OPEN):
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                server.connect(self._upstream)
            except OSError:
                _rst(client)
                return
            self._peers[server] = client
            self._selector.register(server, selectors.EVENT_READ)
        self._peers[client] = server
        self._selector.register(client, selectors.EVENT_READ)

    def _carry(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(_CHUNK)
        except OSError:
            data = b""
        other = self._peers[sock]
        if not data:
            self._forget(sock)
            if other is not None:
                self._forget(other)
        elif other is not None:
            try:
                other.sendall(data)
            except OSError:
                self._forget(sock)
                self._forget(other)
        elif self._mode is Mode.GARBAGE:
            with contextlib.suppress(OSError):
                sock.sendall(b"\x00\x17GARBAGE\xff\xfe not HTTP/2 at all\r\n" * 3)
            self._forget(sock)

    def _freeze_connections(self) -> None:
        """Clients keep their connection; whatever they send disappears and nothing comes back."""
        for sock, other in list(self._peers.items()):
            if sock.family == socket.AF_INET:
                self._peers[sock] = None
                if other is not None:
                    self._forget(other)

    def _drop_connections(self) -> None:
        for sock in list(self._peers):
            if sock.family == socket.AF_INET:
                self._selector.unregister(sock)
                del self._peers[sock]
                _rst(sock)
            else:
                self._forget(sock)

    def _forget(self, sock: socket.socket) -> None:
        if sock in self._peers:
            del self._peers[sock]
            self._selector.unregister(sock)
            sock.close()

    def _shut_all(self) -> None:
        self._unfill()
        self._unlisten()
        for sock in list(self._peers):
            self._forget(sock)
        self._selector.close()
        self._wake_r.close()


def _rst(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
