"""Random lives of a plant: inputs, leaps, sensor qualities, commands, restarts - from one seed each.

    python -m tests.plant.fuzz --minutes 60 --seed 1

runs lives until the time is over and prints the seed of the first one that breaks an invariant.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
import time

from plc.blocks.core import NEVER, Quality, Reading
from plc.plant.changes import remote_parameters
from plc.plant.interface import MinerInputs, MinerState, WallTime
from plc.plant.plant import Plant
from tests.plant.invariants import BrokenError, Invariants
from tests.plant.language import READINGS, Rig, parameters

INPUTS = (
    "dio_healthy",
    "aio_healthy",
    "estop1_ok",
    "estop2_ok",
    "temp_max_ok",
    "cooler_ok",
    "p4_ssm_ok",
    "p5_ssm_ok",
    "grid_block",
    "ack_pb",
    "mode_auto",
    "mode_maint",
)
DEVICES = ("flow_ok", "safety_ok", "k10_fb", "k11_fb")
USUAL = {"grid_block": False, "ack_pb": False, "mode_maint": False}
RANGES = {
    "t_oil_degc": (-5.0, 70.0),
    "t_buffer_top_degc": (5.0, 70.0),
    "t_charge_degc": (0.0, 65.0),
    "t_buffer_bottom_degc": (0.0, 60.0),
    "t_glycol_degc": (-20.0, 60.0),
    "t_outdoor_degc": (-20.0, 38.0),
}
GOOD = {
    "t_oil_degc": 40.0,
    "t_buffer_top_degc": 45.0,
    "t_charge_degc": 38.0,
    "t_buffer_bottom_degc": 36.0,
    "t_glycol_degc": 20.0,
    "t_outdoor_degc": 5.0,
}
HOT = {**GOOD, "t_buffer_top_degc": 52.0, "t_glycol_degc": 30.0, "t_oil_degc": 50.0, "t_outdoor_degc": 14.0}
FULL = {
    **HOT,
    "t_buffer_top_degc": 56.0,
    "t_buffer_bottom_degc": 50.0,
    "t_oil_degc": 54.0,
    "t_charge_degc": 53.0,
}
KEYS = ((True, False), (False, False), (False, True), (True, True))
KNOBS = sorted(remote_parameters())
FAST = {
    "miners": {"min_off_s": 300.0, "request_on_s": 5.0, "start_timeout_s": 240.0, "ramp_timeout_s": 300.0},
    "hp_block": {"block_min_s": 600.0, "free_min_s": 600.0, "hp_min_run_s": 0.0},
    "request": {"power_w": 6400.0},
}


NIGHT, NOON = 1_700_000_000, 1_700_046_000
"""Inside and outside the quiet hours."""


class Life:
    """One random life. `run(scans)` raises BrokenError."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        chance = self.random.random
        # Recooling needs a mild day, a full buffer and permission, which nobody meets by changing one thing
        # after the other.
        self.recools = chance() < 0.4
        self.parameters = parameters(
            **{
                **FAST,
                "safety": {"flow_latches": chance() < 0.5},
                "cooler": {
                    "economic": self.recools or chance() < 0.5,
                    "quiet": not self.recools and chance() < 0.5,
                },
                "scan": {"watchdog_relay": chance() < 0.3},
                "fallback": {"remote_hand": chance() < 0.3},
                "miners": {**FAST["miners"], "api_expected": chance() < 0.3},
                "dhw": {"present": chance() < 0.3},
                "hp_block": {**FAST["hp_block"], "by_value": chance() < 0.5},
            }
        )
        self.rig = Rig(self.parameters)
        self.rig.given(mode_auto=True)
        self.mild = {"t_outdoor_degc": 18.0} if self.recools else {}
        self.worlds = (FULL, FULL, HOT) if self.recools else (GOOD, GOOD, HOT, FULL)
        self.rig.given(**self.mild)
        self.invariants = Invariants(self.parameters)
        self.rig.watchers.append(lambda i, o: self.invariants(i, o, self.rig.now_ns))

    def run(self, scans: int) -> None:
        until = self.invariants.scans + scans
        while self.invariants.scans < until:
            self._event()
            self._leap()

    def _leap(self) -> None:
        """Mostly short, sometimes long enough for the sequence to get anywhere."""
        draw = self.random
        self.rig.dt_ns = draw.choice((20, 100, 100, 500, 1000)) * 1_000_000
        for _ in range(draw.choice((1, 2, 5, 30, 100, 400))):
            self.rig.scan()

    def _event(self) -> None:
        draw = self.random
        kind = draw.random()
        if kind < 0.35:
            self._heal()
        elif kind < 0.40:
            auto, maint = draw.choice(KEYS)
            self.rig.given(mode_auto=auto, mode_maint=maint)
        elif kind < 0.55:
            name = draw.choice(INPUTS)
            self.rig.given(**{name: draw.random() < 0.5})
        elif kind < 0.65:
            name = draw.choice(DEVICES)
            if draw.random() < 0.5:
                self.rig.given(**{name: draw.random() < 0.5})
            else:
                self.rig.release(name)
        elif kind < 0.85:
            self._temperature(draw.choice(READINGS))
        elif kind < 0.92:
            self._miner()
        elif kind < 0.97:
            self._command()
        elif kind < 0.98:
            self.rig.given(wall=WallTime(draw.randrange(2_000_000_000), 3600, draw.random() < 0.7))
        else:
            self._restart()

    def _heal(self) -> None:
        """Everything in order again, and somebody acknowledges: only so do deep states appear."""
        self.rig.given(**{name: USUAL.get(name, True) for name in INPUTS})
        self.rig.release(*DEVICES)
        self.rig.given(**{**self.random.choice(self.worlds), **self.mild})
        self.rig.given(t_dhw=Reading.good(self.random.choice((30.0, 50.0)), self.rig.now_ns))
        self.rig.given(wall=WallTime(self.random.choice((NIGHT, NOON)), 3600, True))
        self.rig.given(ack_pb=True)
        self.rig.scan()
        self.rig.given(ack_pb=False)

    def _temperature(self, name: str) -> None:
        draw = self.random
        low, high = RANGES[name]
        kind = draw.random()
        value = draw.uniform(low, high)
        if draw.random() < 0.2:
            tank = draw.choice((NEVER, Reading(value, Quality.STALE), Reading.good(value, self.rig.now_ns)))
            self.rig.given(t_dhw=tank)
        if kind < 0.6:
            self.rig.given(**{name: value})
        elif kind < 0.7:
            self.rig.given(**{name: None})
        else:
            quality = draw.choice((Quality.HELD, Quality.STALE, Quality.BAD))
            self.rig.given(**{name: Reading(value, quality, taken_ns=self.rig.now_ns)})

    def _miner(self) -> None:
        draw = self.random
        now = self.rig.now_ns
        miner = MinerInputs(
            draw.choice(list(MinerState)),
            now,
            power_estimated_w=Reading.good(draw.choice((0.0, 50.0, 2000.0, 3200.0)), now),
            t_outlet_degc=Reading.good(draw.uniform(20.0, 100.0), now),
            t_chip_degc=Reading.good(draw.uniform(20.0, 110.0), now),
        )
        miners = list(self.rig.miners)
        miners[draw.randrange(2)] = draw.choice((miner, MinerInputs()))
        self.rig.given(miners=tuple(miners))

    def _command(self) -> None:
        draw = self.random
        name, value = draw.choice(
            (
                ("power_request", draw.choice((0, 500.0, 2400, 6400.0, -1, "x", None, True))),
                ("mode_request", draw.choice(("off", "auto", 3))),
                ("ack", draw.choice(("", "all", "A-005", None))),
                ("shelve", {"alarm": "A-006", "hours": draw.choice((0, 1, 25))}),
                ("season", {"season": draw.choice(("winter", "summer", "x")), "hours": 5}),
                (
                    "hand",
                    {
                        "actuator": draw.choice(("p3", "p4", "p5", "cooler", "rv1", "rv2", "m1")),
                        "state": draw.choice(("on", "off", "auto")),
                    },
                ),
                ("hp_block_request", draw.choice(("block", "block", "free", "auto", 7))),
                (
                    "parameter",
                    {"name": draw.choice(KNOBS), "value": draw.choice((0, 1, 22, 45.0, True, "off"))},
                ),
                ("nonsense", {}),
            )
        )
        self.rig.command(name, value, ttl_s=draw.choice((None, 5.0, 300.0)), reason="fuzz")

    def _restart(self) -> None:
        """The process dies and comes back, with or without its data; outputs were zero in between."""
        draw = self.random
        known = self.rig.outputs is not None and draw.random() < 0.7
        retained = self.rig.outputs.retain if known else None
        self.rig.plant = Plant(self.parameters, retained=retained, clean_start=draw.random() < 0.5)
        self.rig.outputs = None
        self.rig.now_ns += draw.choice((1, 60, 3600)) * 1_000_000_000
        self.invariants.restart()


def main() -> int:
    parser = argparse.ArgumentParser(description="random lives of the plant, checked scan by scan")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scans", type=int, default=20_000, help="per life")
    args = parser.parse_args()
    until = time.monotonic() + 60.0 * args.minutes
    seed, scans = args.seed, 0
    states: set[str] = set()
    while time.monotonic() < until:
        life = Life(seed)
        try:
            life.run(args.scans)
        except BrokenError as broken:
            print(f"seed {seed}, scan {life.invariants.scans}: {broken}; states {life.rig.states[-12:]}")
            print(dataclasses.asdict(life.rig.outputs.status))
            return 1
        scans += life.invariants.scans
        states.update(life.rig.states)
        seed += 1
    print(f"holds in {scans} scans, {seed - args.seed} lives; states {' '.join(sorted(states))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
