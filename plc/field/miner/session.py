"""One conversation with a miner: version, login and re-login, missing methods, rebuilt connections.

Every call of the driver goes through `call`. It repeats a call exactly once, after a fresh login, when
the miner refused the token; it never repeats anything else, because that is the reconciler's decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from plc.blocks.core import ns
from plc.field.miner.model import ApiError, Failure, MinerApi, Version
from plc.field.miner.secret import Secret, SecretError

Answer = TypeVar("Answer")

LOGIN_AGAIN_NS = ns(60)  # after a refusal: a miner that is hammered with a wrong password helps nobody
TIMEOUTS_TO_REBUILD = 3
LOST = (Failure.TIMEOUT, Failure.UNREACHABLE, Failure.CLOSED)


class Link(StrEnum):
    """How we stand with this miner."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"
    AUTH_FAULT = "auth_fault"
    NO_SECRET = "no_secret"
    UNSUPPORTED = "unsupported"


class Session:
    """Login state and call statistics over one `MinerApi`.

    load_secret is called before every login, so that a secret that was put right is found without a
    restart. now_ns is the driver's clock. Not thread-safe: it belongs to the driver's thread.
    """

    def __init__(
        self, api: MinerApi, user: str, load_secret: Callable[[], Secret], now_ns: Callable[[], int]
    ) -> None:
        self.link = Link.STARTING
        self.version: Version | None = None
        self.logged_in = False
        self.logins = self.rebuilds = 0
        self.calls: Counter[str] = Counter()  # by failure class, "ok" for success
        self.missing: set[str] = set()  # methods this firmware does not have; forgotten on reconnect
        self.last_error = ""
        self._api = api
        self._user = user
        self._load_secret = load_secret
        self._now_ns = now_ns
        self._login_after_ns = 0
        self._timeouts = 0

    # ---- calls

    def call(self, name: str, make: Callable[[], Answer]) -> Answer:
        """Calls the miner as a logged-in user. Raises ApiError."""
        if name in self.missing:
            raise ApiError(Failure.UNIMPLEMENTED, name)
        fresh = not self.logged_in
        if fresh:
            self.login()
        try:
            return self._once(name, make, fresh=fresh)
        except ApiError as error:
            if fresh or error.failure is not Failure.AUTH:
                raise
        self._forget_token()
        self.login()
        return self._once(name, make, fresh=True)

    def spare(self, name: str, make: Callable[[], Answer]) -> Answer | None:
        """Calls once for something that can wait; None without an answer.

        No login is made for it, and its failure says nothing about the link: a method that hangs or is
        refused must not take the miner off the grid of those that answer.
        """
        if name in self.missing or not self.logged_in:
            return None
        try:
            return self._counted(make)
        except ApiError as error:
            if error.failure is Failure.UNIMPLEMENTED:
                self.missing.add(name)
            return None

    def _once(self, name: str, make: Callable[[], Answer], *, fresh: bool) -> Answer:
        try:
            return self._counted(make)
        except ApiError as error:
            if error.failure is Failure.UNIMPLEMENTED:
                self.missing.add(name)
            if error.failure is Failure.AUTH and fresh:  # even a fresh token is refused
                self._refused(str(error))
            raise

    def check_version(self) -> Version:
        """Asks for the version (needs no login). Raises ApiError."""
        self.version = self._counted(self._api.version)
        if not self.version.supported:
            self.link = Link.UNSUPPORTED
        elif self.link in (Link.UNSUPPORTED, Link.OFFLINE):
            self.link = Link.STARTING
        return self.version

    def login(self) -> None:
        """Fetches a token, at most once a minute after a refusal. Raises ApiError."""
        if self._now_ns() < self._login_after_ns:
            raise ApiError(Failure.AUTH, "Login", "waiting after a refusal")
        try:
            secret = self._load_secret()
        except SecretError as error:
            self.link = Link.NO_SECRET
            self.last_error = str(error)
            self._login_after_ns = self._now_ns() + LOGIN_AGAIN_NS
            raise ApiError(Failure.AUTH, "Login", str(error)) from None
        self.logins += 1
        try:
            token = self._counted(lambda: self._api.login(self._user, secret.reveal()))
        except ApiError as error:
            if error.failure not in LOST:
                self._refused(str(error))
            raise
        self._api.use_token(token)
        self.logged_in = True

    def _refused(self, why: str) -> None:
        self._forget_token()
        self.link = Link.AUTH_FAULT
        self.last_error = why
        self._login_after_ns = self._now_ns() + LOGIN_AGAIN_NS

    def _forget_token(self) -> None:
        self.logged_in = False
        self._api.use_token(None)

    def _counted(self, make: Callable[[], Answer]) -> Answer:
        try:
            answer = make()
        except ApiError as error:
            self.calls[error.failure.value] += 1
            self.last_error = str(error)
            self._timeouts = self._timeouts + 1 if error.failure is Failure.TIMEOUT else 0
            if self._timeouts >= TIMEOUTS_TO_REBUILD:
                self.rebuild()
            raise
        self.calls["ok"] += 1
        self._timeouts = 0
        return answer

    # ---- connection

    def rebuild(self) -> None:
        """A new connection: a half-open one never recovers, a refused one sits in its back-off."""
        self._timeouts = 0
        self.rebuilds += 1
        self._api.rebuild()

    def lost(self) -> None:
        """The miner is away. The token may still be good: a network cable is not a reboot."""
        self.version = None
        self.missing.clear()
        if self.link not in (Link.AUTH_FAULT, Link.NO_SECRET):
            self.link = Link.OFFLINE
