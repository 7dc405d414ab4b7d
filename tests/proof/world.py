"""A world of few discrete facts around the shipped plant, for a search that wants to see all of it.

Temperatures have a handful of values, devices are healthy or broken in one way, and every delay of the plant
is one to a few scans of a second: the parameters are data, so the plant that is searched is the shipped one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from plc.blocks.core import NEVER, NS_PER_S, Block, Reading, Tick
from plc.plant.interface import (
    Command,
    ImageInputs,
    MinerInputs,
    MinerState,
    PlantInputs,
    PlantOutputs,
    WallTime,
)
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from tests.plant.invariants import Invariants

SCAN_NS = NS_PER_S  # the longest scan that the plant accepts

SHORT: dict[str, dict[str, float]] = {
    "safety": {
        "io_settle_s": 2, "flow_on_s": 0, "flow_off_s": 2, "flow_proof_s": 5, "contactor_feedback_s": 2,
    },
    "p3": {"min_on_s": 0, "min_off_s": 0, "max_starts_per_h": 100000, "precirc_s": 1, "precirc_flow_s": 1},
    "p4": {"min_on_s": 0, "min_off_s": 0, "precirc_s": 1, "slew_v_per_s": 10},
    "p5": {"min_on_s": 0, "min_off_s": 0, "precirc_s": 1, "slew_v_per_s": 10},
    "rv1": {"run_s": 2, "dead_s": 1},
    "rv2": {"run_s": 2, "dead_s": 1},
    "cooler": {
        "min_on_s": 1, "min_off_s": 1, "max_starts_per_h": 100000, "p5_before_fan_s": 1, "min_recool_s": 2,
        "recool_oil_s": 1,
    },
    "buffer": {"full_for_s": 1, "resume_for_s": 1},
    "frost": {"clear_for_s": 2, "run_s": 2, "every_s": 6},
    "miners": {
        "min_on_s": 2, "min_off_s": 4, "stagger_s": 1, "max_cycles_per_day": 100000, "request_on_s": 1,
        "request_off_s": 1, "start_timeout_s": 15, "ramp_timeout_s": 3, "overrun_s": 3, "overrun_min_s": 1,
        "soft_stop_s": 2, "feedback_retry_s": 3, "feedback_retries": 1,
    },
    "hp_block": {
        "block_min_s": 2, "block_max_s": 6, "free_min_s": 2, "hp_min_run_s": 0, "max_s_per_day": 1e9,
        "max_blocks_per_day": 100000, "release_for_s": 1, "no_heat_s": 2,
    },
}  # fmt: skip
"""Every delay of the discrete machine in one to a few scans; budgets per day out of the way."""


def short_parameters(*, flow_latches: bool) -> Parameters:
    p = Parameters()
    for name, fields in SHORT.items():
        p = dataclasses.replace(p, **{name: dataclasses.replace(getattr(p, name), **fields)})
    safety = dataclasses.replace(p.safety, flow_latches=flow_latches)
    cooler = dataclasses.replace(p.cooler, economic=True, quiet=False)
    return dataclasses.replace(p, safety=safety, cooler=cooler)


@dataclasses.dataclass(frozen=True, slots=True)
class Surroundings:
    """What persons, devices and weather do; the defaults are a healthy plant that is asked to heat."""

    key: str = "auto"
    request: bool = True
    oil: float | None = 40.0
    buffer: str = "room"  # room, full, unknown
    glycol: float = 20.0
    estop: bool = False
    limiter: bool = False
    flow: str = "follows"  # follows, open, closed
    k10: str = "follows"  # follows, welded, dead
    dio: bool = True
    aio: bool = True
    cooler_ok: bool = True
    p4_ok: bool = True
    p5_ok: bool = True
    grid_block: bool = False
    clock: bool = True
    api: bool = True  # the miners answer


CHOICES: dict[str, tuple[Any, ...]] = {
    "key": ("auto", "off", "maint"),
    "request": (True, False),
    "oil": (40.0, 58.0, 64.0, None),
    "buffer": ("room", "full", "unknown"),
    "glycol": (20.0, 2.0),
    "estop": (False, True),
    "limiter": (False, True),
    "flow": ("follows", "open", "closed"),
    "k10": ("follows", "welded", "dead"),
    "dio": (True, False),
    "aio": (True, False),
    "cooler_ok": (True, False),
    "p4_ok": (True, False),
    "p5_ok": (True, False),
    "grid_block": (False, True),
    "clock": (True, False),
    "api": (True, False),
}
USUAL = Surroundings()
BUFFER = {"room": (46.0, 40.0), "full": (56.0, 50.0), "unknown": (None, None)}


OPERATION = frozenset({"key", "request"})
"""What people do every day is no departure."""


def departures(around: Surroundings) -> int:
    """How many things are not as usual at the same time."""
    return sum(getattr(around, name) != getattr(USUAL, name) for name in CHOICES if name not in OPERATION)


Parts = list[tuple[Block, tuple[str, ...]]]


def parts_of(block: Block) -> Parts:
    """Every block inside a block, itself first, with those names of its memory that are no blocks."""
    own: list[str] = []
    below: Parts = []
    for name in block.STATE:
        value = getattr(block, name)
        if isinstance(value, Block):
            below += parts_of(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Block):
            for part in value:
                below += parts_of(part)
        else:
            own.append(name)
    return [(block, tuple(own)), *below]


def snapshot(parts: Parts) -> list[list[Any]]:
    """The memory of all parts as it is: much faster than plain data."""
    return [[_copied(getattr(block, name)) for name in names] for block, names in parts]


def put_back(parts: Parts, memory: list[list[Any]]) -> None:
    """The opposite of `snapshot`."""
    for (block, names), values in zip(parts, memory, strict=True):
        for name, value in zip(names, values, strict=True):
            setattr(block, name, _copied(value) if type(value) in (list, dict) else value)


def _copied(value: Any) -> Any:
    """Lists and dictionaries are changed in place by their owners, everything else is replaced."""
    if type(value) is list:
        return [_copied(item) for item in value]
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    return value


class World:
    """One concrete state: surroundings, devices, plant, checker. `scan` goes one second on."""

    def __init__(self, make: Callable[[Parameters], Plant], p: Parameters) -> None:
        self.parameters = p
        self.make = make
        self.plant = make(p)
        self.parts = parts_of(self.plant)
        self.around = USUAL
        self.check = Invariants(p)
        self.now_ns = SCAN_NS
        self.relay = False
        self.out: PlantOutputs | None = None

    def freeze(self) -> dict[str, Any]:
        """Everything that makes up this state, apart from the plant object itself."""
        return {
            "plant": snapshot(self.parts),
            "around": self.around,
            "check": self.check.copy(),
            "now_ns": self.now_ns,
            "relay": self.relay,
            "out": self.out,
        }

    def thaw(self, frozen: dict[str, Any]) -> None:
        put_back(self.parts, frozen["plant"])
        self.around, self.now_ns = frozen["around"], frozen["now_ns"]
        self.relay, self.out = frozen["relay"], frozen["out"]
        self.check = frozen["check"].copy()

    def restart(self) -> None:
        """The process dies and comes back with what it had retained."""
        retained = self.out.retain if self.out is not None else None
        self.plant = self.make(self.parameters)
        self.parts = parts_of(self.plant)
        self.plant.retained.apply(self.plant, retained, clean=False)
        self.out = None
        self.check.restart()

    def scan(self, *, acknowledge: bool = False) -> PlantOutputs:
        self.now_ns += SCAN_NS
        inputs = self._inputs(acknowledge=acknowledge)
        out = self.plant.step(inputs, Tick(self.now_ns, SCAN_NS))
        self.check(inputs, out, self.now_ns)
        self.out = out
        return out

    def _inputs(self, *, acknowledge: bool) -> PlantInputs:
        a, now = self.around, self.now_ns
        image = self.out.image if self.out is not None else None
        flow = {"follows": bool(image and image.p3_on), "open": False, "closed": True}[a.flow]
        safety = self._relay(flow, reset=bool(image and image.reset_lamp))
        feeds = safety and (flow or self.parameters.safety.flow_latches)
        k10 = {"follows": bool(image and image.m1_enable and feeds), "welded": True, "dead": False}[a.k10]
        top, bottom = BUFFER[a.buffer]

        def good(value: float | None) -> Reading:
            return NEVER if value is None or not a.aio else Reading.good(value, now)

        values = ImageInputs(
            dio_healthy=a.dio,
            aio_healthy=a.aio,
            safety_ok=safety and a.dio,
            estop1_ok=not a.estop and a.dio,
            estop2_ok=a.dio,
            flow_ok=flow and a.dio,
            temp_max_ok=not a.limiter and a.dio,
            k10_fb=k10 and a.dio,
            k11_fb=bool(image and image.m2_enable and feeds) and a.dio,
            cooler_ok=a.cooler_ok and a.dio,
            p4_ssm_ok=a.p4_ok and a.dio,
            p5_ssm_ok=a.p5_ok and a.dio,
            ack_pb=acknowledge and a.dio,
            mode_auto=a.key == "auto" and a.dio,
            mode_maint=a.key == "maint" and a.dio,
            grid_block=a.grid_block and a.dio,
            t_oil_degc=good(a.oil),
            t_buffer_top_degc=good(top),
            t_buffer_bottom_degc=good(bottom),
            t_charge_degc=good(52.0),
            t_glycol_degc=good(a.glycol),
            t_outdoor_degc=good(14.0),
        )
        wish = Command("power_request", 6400.0 if a.request else 0.0, "search", now, now + 3 * SCAN_NS)
        wall = WallTime(1_700_000_000, 3600, a.clock)
        miners = (self._miner(k10), self._miner(bool(image and image.m2_enable and feeds)))
        return PlantInputs(image=values, wall=wall, commands=(wish,), miners=miners)

    def _miner(self, powered: bool) -> MinerInputs:
        if not self.around.api or not powered:
            return MinerInputs()
        now = self.now_ns
        return MinerInputs(MinerState.MINING, now, power_estimated_w=Reading.good(3000.0, now))

    def _relay(self, flow: bool, *, reset: bool) -> bool:
        """The safety relay with its manual reset, which somebody presses when the lamp asks for it."""
        a = self.around
        chain = not a.estop and not a.limiter and (flow or not self.parameters.safety.flow_latches)
        if not chain:
            self.relay = False
        elif reset or not self.parameters.safety.flow_latches:
            self.relay = True
        return self.relay

    def key(self) -> tuple[Any, ...]:
        """The discrete facts of this state: two states with equal facts count as one."""
        plant, f = self.plant, self.plant.facts
        image = self.out.image if self.out is not None else None
        first, second = plant.miners.units
        return (
            self.around,
            self.relay,
            plant.sequence.value,
            plant.routing.name,
            plant.routing.rv1.status, plant.routing.rv1.at_a, plant.routing.rv1.at_b,
            plant.routing.rv2.status, plant.routing.rv2.at_a, plant.routing.rv2.at_b,
            tuple(plant.trips.latched),
            plant.trips.soft,
            first.contactor.status, first.failed, f.m1_ready,
            second.contactor.status, second.failed, f.m2_ready,
            f.p3_on, f.p3_proven, f.p4_at_minimum, f.p4_proven, f.p5_pct > 0.0, f.p5_proven, f.fan_on,
            f.cooled_down, f.maint_locked, f.frost, f.frost_guard, f.hp_blocked,
            f.request_stands, f.min_on_over, f.flow_ok, f.flow_steady,
            image and (image.rv1_a, image.rv1_b, image.rv2_a, image.rv2_b, image.m1_enable, image.m2_enable,
                       image.hp_block),
        )  # fmt: skip
