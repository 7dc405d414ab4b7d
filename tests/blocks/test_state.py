"""Every block: restore(state()) continues identically, through JSON, into an object that has other memory.

One table of random input generators covers all classes; a block that is missing in it fails a test.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import random
from collections.abc import Callable
from typing import Any

import pytest

import plc.blocks
from plc.blocks import (
    CTD,
    CTU,
    CTUD,
    F_TRIG,
    PI,
    R_TRIG,
    RS,
    SR,
    TOF,
    TON,
    TP,
    AntiSeize,
    Block,
    BlockRelay,
    Contactor,
    Curve,
    Drive,
    EventBudget,
    Fan,
    Heartbeat,
    Horn,
    Hysteresis,
    Lamp,
    LampMode,
    MinTimes,
    MovingMean,
    OnOffPump,
    Ramp,
    RunHours,
    Scale,
    StartCounter,
    StartsPerHour,
    ThreePointValve,
    VoltagePump,
    WindowBudget,
)
from tests.blocks.ticks import Clock

Inputs = Callable[[random.Random], dict[str, Any]]


def bits(*names: str, p: float = 0.5) -> Inputs:
    return lambda r: {name: r.random() < p for name in names}


def number(name: str, low: float, high: float, missing: float = 0.1) -> Inputs:
    return lambda r: {name: None if r.random() < missing else r.uniform(low, high)}


def both(*parts: Inputs) -> Inputs:
    return lambda r: {key: value for part in parts for key, value in part(r).items()}


def rare(*names: str) -> Inputs:
    return bits(*names, p=0.05)


CASES: list[tuple[Callable[[], Any], Inputs]] = [
    (lambda: TON(0.7), bits("in_", p=0.8)),
    (lambda: TOF(0.7), bits("in_", p=0.2)),
    (lambda: TP(0.7), bits("in_")),
    (R_TRIG, bits("clk")),
    (F_TRIG, bits("clk")),
    (SR, bits("set1", "reset")),
    (RS, bits("set", "reset1")),
    (lambda: CTU(3), both(bits("cu"), rare("r"))),
    (lambda: CTD(3), both(bits("cd"), rare("ld"))),
    (lambda: CTUD(3), both(bits("cu", "cd"), rare("r", "ld"))),
    (lambda: Hysteresis(55.0, 48.0), number("value", 40.0, 60.0)),
    (lambda: Ramp(1.7, 0.9), number("target", -5.0, 5.0)),
    (lambda: MovingMean(5.0, 0.5), number("value", -10.0, 30.0, missing=0.3)),
    (
        lambda: PI(4.0, 12.0, 20.0, 100.0, reverse=True),
        both(lambda r: {"sp": 52.0}, number("pv", 40.0, 65.0), number("track", 0.0, 120.0, missing=0.8)),
    ),
    (lambda: Scale(0.0, 10.0, 0.0, 100.0), number("value", 0.0, 10.0)),
    (RunHours, bits("running")),
    (StartCounter, bits("running")),
    (lambda: MinTimes(1.0, 0.5), both(bits("request", "measured", p=0.7), rare("trip"))),
    (lambda: WindowBudget(8.0, 3.0), bits("active")),
    (lambda: EventBudget(4.0, 3), bits("event", p=0.2)),
    (lambda: StartsPerHour(3), bits("event", p=0.2)),
    (lambda: AntiSeize(2.0, 0.5), both(bits("running", p=0.3), bits("permitted", p=0.9))),
    (
        lambda: OnOffPump(min_on_s=0.5, min_off_s=0.3, proof_s=1.0, proof_lost_s=0.4),
        both(bits("request", "proof", p=0.7), rare("trip", "protect")),
    ),
    (
        lambda: VoltagePump(min_pct=20.0, curve=Curve.SOLAR_10_0, min_on_s=1.0, min_off_s=0.5),
        both(
            lambda r: {
                "setpoint_pct": r.choice([0.0, 30.0, 77.7]),
                "protect_pct": r.choice([0.0, 0.0, 60.0]),
            },
            rare("trip"),
        ),
    ),
    (
        lambda: ThreePointValve(run_s=1.0, dead_s=0.3, resync_strokes=3, resync_h=0.002),
        both(bits("request_a"), rare("request_b"), bits("supply_ok", p=0.98), bits("resync_ok", p=0.3)),
    ),
    (
        lambda: ThreePointValve(drive=Drive.ONE_WIRE, run_s=1.0, dead_s=0.3),
        lambda r: {"request_a": (a := r.random() < 0.2), "request_b": not a},
    ),
    (
        lambda: Fan(min_on_s=0.5, min_off_s=0.3, permissive_s=0.2),
        both(bits("request", p=0.6), bits("permissive", p=0.9), rare("trip", "protect")),
    ),
    (
        lambda: Contactor(feedback_s=0.3, min_on_s=1.0, min_off_s=0.4),
        both(bits("request", "feedback", "feedback_known", p=0.8), rare("trip", "reset")),
    ),
    (
        lambda: BlockRelay(
            block_min_s=0.4, block_max_s=2.0, free_min_s=0.3, max_s_per_day=20.0, boot_lock_s=1.0
        ),
        both(bits("request", p=0.8), rare("release", "grid_block")),
    ),
    (Heartbeat, bits("healthy", p=0.95)),
    (Lamp, lambda r: {"mode": r.choice([LampMode.OFF, LampMode.FLASH, LampMode.FLASH, LampMode.SLOW])}),
    (lambda: Horn(max_s=0.5), both(bits("alarm", p=0.9), rare("silence", "new_alarm"))),
]
IDS = [f"{index}-{type(build()).__name__}" for index, (build, _) in enumerate(CASES)]


def seen(block: Any) -> dict[str, Any]:
    """Everything that a user of the block can see: memory and public attributes and properties."""
    names = {name for name in dir(block) if not name.startswith("_") and not callable(getattr(block, name))}
    return {name: getattr(block, name) for name in names if not isinstance(getattr(block, name), Block)}


@pytest.mark.parametrize(("build", "inputs"), CASES, ids=IDS)
@pytest.mark.parametrize("seed", range(4))
def test_a_restored_block_continues_identically(build: Callable[[], Any], inputs: Inputs, seed: int) -> None:
    r = random.Random(seed)
    original, other = build(), build()
    clock, elsewhere = Clock(), Clock(now_ns=987_654_321)
    for _ in range(r.randrange(1, 150)):
        original.step(clock.tick(r.randrange(20, 300)), **inputs(r))
    for _ in range(r.randrange(0, 60)):
        other.step(elsewhere.tick(r.randrange(20, 300)), **inputs(r))

    text = json.dumps(original.state(), allow_nan=False)
    other.restore(json.loads(text))
    assert other.state() == original.state()
    for _ in range(200):
        dt_ms, pins = r.randrange(20, 300), inputs(r)
        expected = original.step(clock.tick(dt_ms), **pins)
        assert other.step(elsewhere.tick(dt_ms), **pins) == expected
        assert seen(other) == seen(original)
    assert other.state() == original.state()


@pytest.mark.parametrize(("build", "inputs"), CASES, ids=IDS)
def test_a_taken_state_does_not_change_when_the_block_goes_on(
    build: Callable[[], Any], inputs: Inputs
) -> None:
    r, clock, block = random.Random(7), Clock(), build()
    for _ in range(50):
        block.step(clock.tick(), **inputs(r))
    state = block.state()
    text = json.dumps(state)
    for _ in range(50):
        block.step(clock.tick(), **inputs(r))
    assert json.dumps(state) == text


def test_every_block_is_in_the_table() -> None:
    for module in pkgutil.iter_modules(plc.blocks.__path__):
        importlib.import_module(f"plc.blocks.{module.name}")

    def below(kind: type[Block]) -> set[type[Block]]:
        return {kind, *(sub for child in kind.__subclasses__() for sub in below(child))}

    blocks = {
        kind
        for kind in below(Block)
        if kind.__module__.startswith("plc.blocks.")
        and not kind.__name__.startswith("_")
        and kind is not Block
    }
    assert blocks == {type(build()) for build, _ in CASES}


def test_every_block_is_slotted() -> None:
    for build, _ in CASES:
        assert not hasattr(build(), "__dict__")
