"""When to try again: soon after a first loss, rarely where trying again cannot help."""

from __future__ import annotations

from plc.link.broker import End

FIRST_S, LONGEST_S = 1.0, 60.0
STEADY_S = 10.0
REFUSED_S = 30.0  # a wrong password does not become right by being repeated; some brokers lock accounts
SHORT_PER_MINUTE = 3


class Backoff:
    """next_s: monotonic time before which nothing is tried. contested: see `ended`."""

    def __init__(self) -> None:
        self.next_s = 0.0
        self.contested = False
        self._delay_s = FIRST_S
        self._up_s: float | None = None
        self._short: list[float] = []

    def tried(self, now_s: float) -> None:
        """An attempt was made; the next one is later unless this one succeeds."""
        self.next_s = now_s + self._delay_s
        self._delay_s = min(self._delay_s * 2.0, LONGEST_S)

    def soon(self, now_s: float) -> None:
        """The next attempt will be another one: at once."""
        self.next_s = now_s

    def came_up(self, now_s: float) -> None:
        """Connected; whether for long shows when it ends."""
        self._up_s = now_s

    def ended(self, end: End, now_s: float) -> None:
        """A connection or an attempt has ended.

        Many short connections mean that somebody else uses our client id: both would throw each other out for
        ever, and not every broker says so. Then the one that counts to three first leaves for a minute.
        """
        up_s, self._up_s = self._up_s, None
        self._short = [t for t in self._short if now_s - t < 60.0]
        if up_s is not None and now_s - up_s >= STEADY_S:
            self._delay_s = FIRST_S
            self.next_s = now_s + FIRST_S
        elif up_s is not None:
            self._short.append(now_s)
        self.contested = len(self._short) > SHORT_PER_MINUTE
        if self.contested:
            self.next_s = max(self.next_s, now_s + LONGEST_S)
        if end is End.REFUSED:
            self.next_s = max(self.next_s, now_s + REFUSED_S)
