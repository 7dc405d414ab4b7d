"""Every number of the virtual plant, once, with its unit.

Source, if not said otherwise: plant reference, topic simulator (equations and defaults). A scenario
replaces single numbers with `dataclasses.replace`; nothing else in the twin writes a process number.
"""

from __future__ import annotations

from dataclasses import dataclass

CP_WATER_J_PER_KG_K = 4186.0
JOULE_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class Defaults:
    """The house at Walda as far as anybody knows it today."""

    # miners and oil
    miner_nominal_w: float = 3200.0
    miner_min_w: float = 1200.0
    miner_standby_w: float = 15.0
    miner_boot_s: float = 180.0
    miner_api_up_s: float = 60.0  # its interface answers before it mines
    miner_tuning_s: float = 300.0
    miner_tuning_share: float = 0.3  # of nominal power while tuning
    miner_resume_s: float = 15.0  # boards are initialised again after a pause
    miner_tau_up_s: float = 60.0
    miner_tau_down_s: float = 5.0
    miner_hashrate_ths: float = 92.0  # at nominal power
    body_j_per_k: float = 9_000.0  # each of two
    body_ua_w_per_k: float = 130.0  # each of two, with full oil flow
    body_ua_still: float = 0.35  # share of it without flow
    board_below_chip_k: float = 15.0  # the firmware reports board = chip - 15 (miner reference)
    oil_j_per_k: float = 160.0 * 0.83 * 2150.0
    oil_loss_w_per_k: float = 4.0
    oil_flow_w_per_k: float = 0.45 * 0.83 * 2150.0  # heat capacity flow of P3
    # exchangers and circuits
    w1_ua_w_per_k: float = 1500.0
    w2_ua_w_per_k: float = 1500.0
    return_kg: float = 15.0  # circuit B before W1 ...
    charge_kg: float = 10.0  # ... and after it: 25 l together
    pipe_loss_w_per_k: float = 0.2
    p4_kg_per_s: float = 1.0 / 3.6
    p5_kg_per_s: float = 1.2 * 1.04 / 3.6
    glycol_kg: float = 35.0 * 1.04
    glycol_cp: float = 3650.0
    cooler_ua_fan_w_per_k: float = 900.0
    cooler_ua_still_w_per_k: float = 25.0
    fan_run_up_s: float = 5.0
    # buffer, hot water
    buffer_kg: float = 1000.0
    buffer_nodes: int = 6
    buffer_loss_w_per_k: float = 2.8
    buffer_mixing_w_per_k: float = 4.0
    dhw_kg: float = 200.0
    dhw_loss_w_per_k: float = 1.9  # 1.5 kWh/d at 33 K over the room
    dhw_coil_ua_w_per_k: float = 600.0
    dhw_draw_w: float = 20_000.0
    dhw_on_degc: float = 46.0
    dhw_off_degc: float = 51.0
    # pumps, valves, flow switch
    pump_ramp_s: float = 2.0
    pump_min_flow: float = 0.10  # share of nominal at the lowest running speed
    valve_run_s: float = 75.0
    p3_w: float = 80.0
    p4_min_w: float = 8.0
    p4_max_w: float = 45.0
    fan_w: float = 200.0
    # house
    room_degc: float = 18.0  # cellar; gives the reference 2.1 K/d of an idle buffer at 55 degC
    building_ua_w_per_k: float = 291.0
    heating_limit_degc: float = 15.5
    load_return_degc: float = 30.0
    load_max_kg_per_s: float = 0.40
    building_j_per_k: float = 60.0e6  # RC model of the comfort indicator
    # heat pump
    hp_curve_base_degc: float = 35.0
    hp_curve_slope: float = 0.55
    hp_eta_carnot: float = 0.42
    hp_min_modulation: float = 0.30
    hp_min_run_s: float = 600.0
    hp_min_off_s: float = 600.0
    hp_block_delay_s: float = 10.0
    # electricity
    pv_kwp: float = 12.0
    household_kwh_per_a: float = 4000.0
    battery_kwh: float = 10.0
    battery_w: float = 5000.0
    battery_efficiency: float = 0.95  # each way
