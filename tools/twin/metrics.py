"""What a closed-loop run leaves behind: extremes, times, states, a sparse trace."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Metrics:
    """What the tests and the benchmark ask about. Times in seconds since the start."""

    body_max_degc: float = 0.0
    oil_max_degc: float = 0.0
    glycol_min_degc: float = 99.0
    w2_out_min_degc: float = 99.0
    enabled_at_cause: bool | None = None  # an enable was on when the cause came; without, no time counts
    enables_off_s: float | None = None  # first scan after the cause with both enables off
    contactors_off_s: float | None = None
    states: list[tuple[float, str]] = field(default_factory=list)
    enable_starts: int = 0
    scans: int = 0

    @property
    def states_visited(self) -> list[str]:
        """Names in order of their first visit."""
        return list(dict.fromkeys(name for _, name in self.states))


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of the trace."""

    t_s: float
    state: str
    t_oil_degc: float
    t_body_degc: float
    t_charge_degc: float
    t_buffer_top_degc: float
    t_buffer_bottom_degc: float
    t_glycol_degc: float
    miners_w: float
    p4_pct: float
    p5_pct: float
    fan: bool
    hp_block: bool
