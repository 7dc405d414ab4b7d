"""Bounded exhaustive search: the shipped plant driven through every reachable discrete state.

    python -m tests.plant.explore --states 20000 --chain latches

Breadth first, so a broken invariant comes with the shortest trace of moves. The program is the real
`Plant`; only its times are made small (a second or two each), so that a state is small and every delay is
walked through scan by scan. A move is one operator or fault event and one scan, or one scan alone. Two
states are the same when everything that decides is the same: the inputs, the devices, and the plant's own
memory without counters, run hours and clocks.

What it does not cover: analogue values between the few levels used here, and the times themselves.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections import deque
from typing import Any, NamedTuple

from plc.blocks.core import NS_PER_S
from tests.plant.invariants import BrokenError, Invariants
from tests.plant.language import Rig, parameters

SHORT: dict[str, dict[str, Any]] = {
    "safety": {
        "flow_on_s": 1.0,
        "flow_off_s": 1.0,
        "flow_proof_s": 3.0,
        "contactor_feedback_s": 1.0,
        "io_settle_s": 1.0,
    },
    "oil": {"trip_delay_s": 1.0},
    "p3": {
        "min_on_s": 0.0,
        "min_off_s": 0.0,
        "precirc_s": 1.0,
        "precirc_flow_s": 1.0,
        "max_starts_per_h": 60,
    },
    "p4": {"min_on_s": 0.0, "min_off_s": 0.0, "precirc_s": 1.0, "slew_v_per_s": 10.0},
    "rv1": {"run_s": 1.0, "overdrive": 1.5, "dead_s": 0.5},
    "rv2": {"run_s": 1.0, "overdrive": 1.5, "dead_s": 0.5},
    "buffer": {"full_for_s": 1.0, "resume_for_s": 1.0},
    "miners": {
        "min_off_s": 2.0,
        "min_on_s": 2.0,
        "stagger_s": 1.0,
        "request_on_s": 1.0,
        "request_off_s": 1.0,
        "start_timeout_s": 12.0,
        "ramp_timeout_s": 3.0,
        "overrun_s": 2.0,
        "overrun_min_s": 1.0,
        "feedback_retry_s": 2.0,
        "feedback_retries": 1,
        "max_cycles_per_day": 48,
    },
    "request": {"power_w": 2000.0},
}

MOVES: dict[str, dict[str, Any]] = {
    "scan": {},
    "estop": {"estop1_ok": False},
    "estop released": {"estop1_ok": True},
    "flow gone": {"flow_ok": False},
    "flow stuck": {"flow_ok": True},
    "welded": {"k10_fb": True},
    "no feedback": {"k10_fb": False},
    "oil hot": {"t_oil_degc": 64.0},
    "oil unknown": {"t_oil_degc": None},
    "oil normal": {"t_oil_degc": 40.0},
    "key off": {"mode_auto": False, "mode_maint": False},
    "key maintenance": {"mode_auto": False, "mode_maint": True},
    "key auto": {"mode_auto": True, "mode_maint": False},
    "acknowledge": {"ack_pb": True},
    "button released": {"ack_pb": False},
    "module gone": {"dio_healthy": False},
    "module back": {"dio_healthy": True},
    "pump fault": {"p4_ssm_ok": False},
    "pump healthy": {"p4_ssm_ok": True},
    "devices behave": {},
}

FORGOTTEN = frozenset(
    {
        "hours",
        "starts",
        "cycles",
        "strokes",
        "counts",
        "state_ns",
        "idle_ns",
        "_off_ns",
        "_since_sync_ns",
        "_since_sync_strokes",
        "_clock_ns",
        "_times_ns",
        "_edges_ns",
        "used_ns",
        "held_ns",
        "_held_ns",
        "_boot_ns",
        "_dwell_ns",
        "_raised_ns",
        "_fell_ns",
        "_open_ns",
        "_elapsed_ns",
        "_samples",
        "_total",
        "_count",
        "_weighted",
        "_valid_ns",
        "_since_close_ns",
        "contactor_on_s",
        "on_ns",
        "_ran_ns",
        "_sounded_ns",
        "integral",
        "out",
        "pct",
        "_contactor_ns",
        "thermal_w",
        "_last_block_ns",
        "outdoor_mean",
        "mean",
        "coverage",
        "heat_w",
        "p4_pct",
        "slope_per_s",
        "changed",
        "previous",
        "reason",
        "listed",
        "first",
        "acked",
        "_since_ns",
        "granted_w",
        "target_w",
        "alarms",
        "panel",
        "season",
        "exercise",
        "retained",
        "hp_block",
        "arbitration",
        "_round_ns",
        "retries",
        "_horn",
        "_starts",
        "_cycles",
        "watch",
    }
)
"""Memory that is a counter, a clock or a picture for people; what is decided from it has its own name."""

LIMITED = frozenset({"et_ns", "_left_ns", "_position_ns", "_stop_ns", "_wait_ns"})
"""Running times: rounded to seconds and cut off, because beyond every short delay nothing changes."""


def key(rig: Rig) -> tuple[Any, ...]:
    """The discrete part of a state."""
    values = tuple((name, rig.values[name]) for name in sorted(rig.values))
    return (values, tuple(sorted(rig.taken_over.items())), rig.relay, _frozen(rig.plant.state()))


def _frozen(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return tuple((k, _frozen(v, k)) for k, v in sorted(value.items()) if k not in FORGOTTEN)
    if isinstance(value, list):
        return tuple(_frozen(item, name) for item in value)
    if name in LIMITED and isinstance(value, int):
        return min(value // NS_PER_S, 4)
    return value


def begin(latches: bool) -> Rig:
    rig = Rig(parameters(**{**SHORT, "safety": {**SHORT["safety"], "flow_latches": latches}}), scan_ms=1000)
    rig.given(mode_auto=True)
    return rig


def apply(rig: Rig, watch: Invariants, move: str) -> None:
    if move == "devices behave":
        rig.release("flow_ok", "k10_fb")
    rig.given(**MOVES[move])
    rig.scan()
    watch(rig.last_inputs, rig.outputs, rig.now_ns)
    rig.events.clear()
    rig.states.clear()


class Node(NamedTuple):
    """A state to continue from: plant, devices, and what the invariants remember."""

    plant: dict[str, Any]
    rig: dict[str, Any]
    watch: dict[str, Any]
    trace: tuple[str, ...]


NORMAL_SCANS = 40
REMEMBERED = ("values", "taken_over", "relay", "flow", "outputs", "now_ns")


def save(rig: Rig, watch: Invariants, trace: tuple[str, ...]) -> Node:
    kept = {name: copy.copy(getattr(rig, name)) for name in REMEMBERED}
    remembered = {name: copy.copy(value) for name, value in vars(watch).items()}
    return Node(rig.plant.state(), kept, remembered, trace)


def load(node: Node, rig: Rig, watch: Invariants) -> None:
    rig.plant.restore(node.plant)
    for name, value in node.rig.items():
        setattr(rig, name, copy.copy(value))
    vars(watch).update({name: copy.copy(value) for name, value in node.watch.items()})


def deviations(rig: Rig) -> int:
    """How many things are not as they should be at the same time."""
    values = rig.values
    return (
        (not values["estop1_ok"])
        + (not values["dio_healthy"])
        + (not values["p4_ssm_ok"])
        + (values["t_oil_degc"] != 40.0)
        + (not values["mode_auto"])
        + len(rig.taken_over)
    )


def explore(latches: bool, most: int, faults: int = 2) -> tuple[int, bool, dict[str, int]]:
    """(states seen, everything reached, states per sequence state), with at most so many faults at once.

    Raises BrokenError with the trace.
    """
    rig = begin(latches)
    watch = Invariants(rig.parameters)
    queue: deque[Node] = deque()
    seen: set[Any] = set()
    found: dict[str, int] = {}
    for scans in range(NORMAL_SCANS):  # the undisturbed way from INIT to heating is where faults begin
        apply(rig, watch, "scan")
        state = key(rig)
        if state not in seen:
            seen.add(state)
            queue.append(save(rig, watch, (f"{scans + 1} scans",)))
    while queue:
        node = queue.popleft()
        for move in MOVES:
            load(node, rig, watch)
            try:
                apply(rig, watch, move)
            except BrokenError as broken:
                raise BrokenError(f"{broken}; trace: {' -> '.join((*node.trace, move))}") from broken
            state = key(rig)
            if deviations(rig) > faults or state in seen:
                continue
            seen.add(state)
            name = rig.outputs.status.state
            found[name] = found.get(name, 0) + 1
            if len(seen) >= most:
                return len(seen), False, found
            queue.append(save(rig, watch, (*node.trace, move)))
    return len(seen), True, found


def main() -> int:
    parser = argparse.ArgumentParser(description="every reachable discrete state of the plant")
    parser.add_argument("--states", type=int, default=2000)
    parser.add_argument("--faults", type=int, default=2, help="at the same time, at most")
    parser.add_argument("--chain", choices=("latches", "restarts"), default="latches")
    args = parser.parse_args()
    count, complete, found = explore(args.chain == "latches", args.states, args.faults)
    print(f"holds in {'all' if complete else 'the first'} {count} reachable states: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
