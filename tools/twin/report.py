"""What the twin says about itself: one JSON line now and then, one with the summary at the end."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from tools.twin.physics.defaults import JOULE_PER_KWH
from tools.twin.rig import Rig

LINES_PER_S = 5.0


def snapshot(rig: Rig) -> dict[str, Any]:
    """The house and the cabinet now; every value is simulated."""
    model, cabinet = rig.model, rig.cabinet
    oil, electricity, heat_pump = model.oil, model.electricity, model.heat_pump
    return {
        "sim": True,
        "t_s": round(rig.t_s, 3),
        "scenario": rig.scenario.name,
        "t_oil_degc": round(oil.t_oil_degc, 2),
        "t_body_degc": [round(oil.t_body1_degc, 1), round(oil.t_body2_degc, 1)],
        "t_buffer_degc": [round(t, 2) for t in model.buffer.t_degc],
        "t_charge_degc": round(model.water.t_charge_degc, 2),
        "t_return_degc": round(model.water.t_return_degc, 2),
        "t_glycol_degc": round(model.cooler.t_glycol_degc, 2),
        "t_dhw_degc": round(model.dhw.t_degc, 2),
        "t_outdoor_degc": round(model.sky.t_out_degc, 2),
        "t_room_degc": round(model.building.t_room_degc, 2),
        "miner_w": [round(miner.power_w) for miner in model.miners],
        "miner_state": [str(miner.state) for miner in model.miners],
        "miner_target_w": [round(miner.target_w) for miner in model.miners],
        "hashrate_ths": [round(miner.hashrate_ths, 1) for miner in model.miners],
        "flow_share": {"p3": model.p3.flow, "p4": round(model.p4.flow, 3), "p5": round(model.p5.flow, 3)},
        "valve_position": {"rv1": round(model.rv1.position, 3), "rv2": round(model.rv2.position, 3)},
        "fan_speed": round(model.cooler.fan, 2),
        "contactor": [cabinet.k10_fb, cabinet.k11_fb],
        "safety_ok": cabinet.safety_ok,
        "flow_ok": cabinet.flow_ok,
        "temp_max_ok": cabinet.temp_max_ok,
        "k12": cabinet.k12,
        "key": "maint" if cabinet.mode_maint else "auto" if cabinet.mode_auto else "off",
        "grid_block": cabinet.grid_block,
        "heat_w": {
            "w1": round(model.q_w1_w),
            "w2": round(model.q_w2_w),
            "load": round(model.q_load_w),
            "heat_pump": round(heat_pump.q_buffer_w + heat_pump.q_dhw_w),
            "air": round(model.cooler.q_air_w),
        },
        "heat_pump": {
            "on": heat_pump.on,
            "blocked": heat_pump.blocked,
            "power_w": round(heat_pump.power_w),
            "cop": round(heat_pump.cop, 2),
        },
        "pv_w": round(electricity.pv_w),
        "load_w": round(electricity.load_w),
        "battery_w": round(electricity.battery_w),
        "grid_w": round(electricity.grid_w),
        "soc_pct": round(100.0 * electricity.soc, 1),
        "events": [[round(t, 1), event.what, event.value] for t, event in rig.applied[-5:]],
    }


class Reporter:
    """Prints snapshots, at most five a second of wall time, and remembers the extremes."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._due_s = 0.0
        self._top_start = rig.model.buffer.t_degc[0]
        self.turns = 0
        self.oil_max_degc = 0.0

    def turn(self) -> None:
        """After each turn."""
        self.turns += 1
        oil = self._rig.model.oil.t_oil_degc
        if oil > self.oil_max_degc:
            self.oil_max_degc = oil
        if self.turns & 0x0F == 0 or self.turns == 1:  # no clock call in most turns
            now = time.monotonic()
            if now >= self._due_s:
                self._due_s = now + 1.0 / LINES_PER_S
                _print(snapshot(self._rig))

    def final(self) -> None:
        """The last line."""
        rig, model = self._rig, self._rig.model
        book = model.book
        _print(
            {
                **snapshot(rig),
                "final": True,
                "simulated_s": round(rig.t_s, 3),
                "turns": self.turns,
                "buffer_top_degc_start": round(self._top_start, 2),
                "buffer_top_degc_end": round(model.buffer.t_degc[0], 2),
                "oil_max_degc": round(self.oil_max_degc, 2),
                "body_max_degc": round(model.oil.body_max_degc, 2),
                "miner_energy_kwh": round(book.miners / JOULE_PER_KWH, 4),
                "heat_pump_heat_kwh": round((book.hp_buffer + book.hp_dhw) / JOULE_PER_KWH, 4),
                "dumped_kwh": round(book.dumped / JOULE_PER_KWH, 4),
                "load_kwh": round(book.load / JOULE_PER_KWH, 4),
                "grid_import_kwh": round(model.electricity.import_j / JOULE_PER_KWH, 4),
                "grid_export_kwh": round(model.electricity.export_j / JOULE_PER_KWH, 4),
                "energy_residual": model.residual(),
                "both_valve_directions_seen": model.rv1.both_seen or model.rv2.both_seen,
                "operator_resets": rig.operator.pressed_resets,
            }
        )


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()
