"""Names for people, German and English, of everything that is published and has no label in the cabinet.

Signals of the cabinet are named by wiring.yaml. What is missing here is named after itself, readable if not
beautiful; a test lists those.
"""

from __future__ import annotations

UNIT_SUFFIXES = ("degc", "pct", "kwh", "ths", "w", "s", "h", "ms", "k", "ct_per_kwh", "eur_per_h", "eur")

TEXTS: dict[str, tuple[str, str]] = {
    "plc/state": ("Zustand", "state"),
    "plc/mode": ("Betriebsart", "mode"),
    "plc/reason": ("Grund des Zustands", "reason of the state"),
    "plc/season": ("Jahreszeit", "season"),
    "plc/route": ("Wärmeweg", "route"),
    "plc/limited_by": ("Begrenzt durch", "limited by"),
    "plc/first_alarm": ("Erster Alarm", "first alarm"),
    "plc/power_source": ("Quelle der Leistungsvorgabe", "source of the power request"),
    "plc/hp_block_ground": ("Grund der WP-Sperre", "ground of the heat pump block"),
    "plc/hp_block_status": ("Zustand der WP-Sperre", "state of the heat pump block"),
    "plc/hp_block_wish": ("WP-Vorgabe", "heat pump request"),
    "plc/hp_block_source": ("Quelle der WP-Vorgabe", "source of the heat pump request"),
    "plc/hp_block_limited_by": ("WP-Vorgabe begrenzt durch", "heat pump request limited by"),
    "plc/requested_power_w": ("Angeforderte Leistung", "requested power"),
    "plc/granted_power_w": ("Freigegebene Leistung", "granted power"),
    "plc/forced": ("Hand und Zwang", "manual and forced"),
    "plc/version": ("Programmversion", "program version"),
    "plc/unconfirmed": ("Unbestätigte Fakten", "unconfirmed facts"),
    "plc/wall_clock_ok": ("Uhr synchron", "clock synchronised"),
    "alarm/active": ("Anstehende Alarme", "active alarms"),
    "alarm/unacknowledged": ("Unquittierte Alarme", "unacknowledged alarms"),
    "alarm/list": ("Alarmliste", "list of alarms"),
    "alarm/shelved": ("Zurückgestellte Alarme", "shelved alarms"),
    "module/dio_ok": ("DIO gesund", "DIO healthy"),
    "module/aio_ok": ("AIO gesund", "AIO healthy"),
    "energy/online": ("Energiedaten aktuell", "energy data fresh"),
    "energy/pv_w": ("PV-Leistung", "PV power"),
    "energy/battery_soc_pct": ("Batterie-Ladezustand", "battery state of charge"),
    "energy/battery_w": ("Batterieleistung (Entladen +)", "battery power (discharge +)"),
    "energy/grid_w": ("Netzleistung (Bezug +)", "grid power (import +)"),
    "energy/load_w": ("Hausverbrauch", "house load"),
    "energy/grid_meter_w": ("Netzleistung am Zähler", "grid power at the meter"),
    "scan/lost_cycles": ("Verlorene Zyklen", "lost cycles"),
    "scan/late_scans": ("Späte Zyklen", "late scans"),
    "scan/late_cause": ("Ursache des letzten späten Zyklus", "cause of the last late scan"),
    "scan/restarts": ("Neuanläufe der Anlage", "restarts of the plant"),
    "scan/execution_p50_ms": ("Zykluszeit Median", "scan time median"),
    "scan/execution_p99_ms": ("Zykluszeit p99", "scan time p99"),
    "scan/execution_max_ms": ("Zykluszeit längste", "scan time longest"),
    "scan/lateness_p50_ms": ("Verspätung Median", "lateness median"),
    "scan/lateness_p99_ms": ("Verspätung p99", "lateness p99"),
    "scan/lateness_max_ms": ("Verspätung größte", "lateness longest"),
    "scan/share_read_pct": ("Anteil Lesen", "share of reading"),
    "scan/share_logic_pct": ("Anteil Logik", "share of logic"),
    "scan/share_write_pct": ("Anteil Schreiben", "share of writing"),
    "scan/share_handover_pct": ("Anteil Übergabe", "share of handing over"),
    "link/connects": ("MQTT Verbindungen", "MQTT connections"),
    "link/denied": ("MQTT abgelehnte Nachrichten", "MQTT messages refused"),
    "link/unacknowledged": ("MQTT unbestätigt", "MQTT unacknowledged"),
    "link/certificate_days": ("Zertifikat endet in", "certificate ends in"),
    "link/certificate": ("Zertifikat, das zuerst endet", "certificate that ends first"),
    "link/problem": ("MQTT Problem", "MQTT problem"),
    "scan/period_ms": ("Zyklus", "scan period"),
    "temperature/t_dhw_degc": ("Warmwasserspeicher", "hot water tank"),
    "process/oil_degc": ("Öltemperatur (Regelung)", "oil temperature (control)"),
    "process/power_w": ("Leistung der Miner", "power of the miners"),
    "process/heat_w": ("Wärme ins Wasser", "heat into the water"),
    "process/load_w": ("Heizlast", "heat load"),
    "process/thermal_limit_w": ("Thermische Grenze", "thermal limit"),
    "process/rv1_position_pct": ("RV1 Stellung", "RV1 position"),
    "process/rv2_position_pct": ("RV2 Stellung", "RV2 position"),
    "process/outdoor_mean_degc": ("Außentemperatur 24-h-Mittel", "outdoor temperature, 24 h mean"),
    "process/buffer_target_degc": ("Pufferziel", "buffer target"),
    "process/hp_blocked_s": ("Wärmepumpe gesperrt (24 h)", "heat pump blocked (24 h)"),
    "decision/wanted_power_w": ("Gewünschte Leistung (Entscheidung)", "wanted power (decision)"),
    "decision/marginal_power_w": ("Wirtschaftliche Leistung", "economical power"),
    "decision/revenue_ct_per_kwh": ("Ertrag der letzten kWh", "revenue of the last kWh"),
    "decision/heat_value_ct_per_kwh": ("Wärmewert der letzten kWh", "value of heat of the last kWh"),
    "decision/cost_ct_per_kwh": ("Kosten der letzten kWh", "cost of the last kWh"),
    "decision/net_benefit_ct_per_kwh": ("Nettonutzen der letzten kWh", "net benefit of the last kWh"),
    "decision/break_even_ct_per_kwh": ("Grenzpreis", "break-even price"),
    "decision/import_ct_per_kwh": ("Bezugspreis", "import price"),
    "decision/feed_in_ct_per_kwh": ("Einspeisevergütung", "feed-in payment"),
    "decision/stored_ct_per_kwh": ("Wert einer gespeicherten kWh", "value of a stored kWh"),
    "decision/surplus_w": ("Überschuss", "surplus"),
    "decision/benefit_eur_per_h": ("Nutzen der Miner", "benefit of the miners"),
    "decision/choice_eur_per_h": ("Preis der gewählten Strategie", "price of the chosen policy"),
    "decision/day_cost_with_eur": ("Kosten mit ThermIQ, heute", "cost with ThermIQ, today"),
    "decision/day_cost_without_eur": ("Kosten ohne ThermIQ, heute", "cost without ThermIQ, today"),
    "decision/day_mined_eur": ("Ertrag der Miner, heute", "mining revenue, today"),
    "decision/day_heat_kwh": ("Wärme der Miner, heute", "heat of the miners, today"),
    "decision/day_choice_eur": ("Preis der Strategie, heute", "price of the policy, today"),
    "decision/last_day_cost_with_eur": ("Kosten mit ThermIQ, gestern", "cost with ThermIQ, yesterday"),
    "decision/last_day_cost_without_eur": ("Kosten ohne ThermIQ, gestern", "cost without ThermIQ, yesterday"),
    "decision/last_day_mined_eur": ("Ertrag der Miner, gestern", "mining revenue, yesterday"),
    "decision/last_day_heat_kwh": ("Wärme der Miner, gestern", "heat of the miners, yesterday"),
    "decision/last_day_choice_eur": ("Preis der Strategie, gestern", "price of the policy, yesterday"),
    "decision/month_cost_with_eur": ("Kosten mit ThermIQ, dieser Monat", "cost with ThermIQ, this month"),
    "decision/month_cost_without_eur": (
        "Kosten ohne ThermIQ, dieser Monat",
        "cost without ThermIQ, this month",
    ),
    "decision/month_mined_eur": ("Ertrag der Miner, dieser Monat", "mining revenue, this month"),
    "decision/month_heat_kwh": ("Wärme der Miner, dieser Monat", "heat of the miners, this month"),
    "decision/month_choice_eur": ("Preis der Strategie, dieser Monat", "price of the policy, this month"),
    "decision/last_month_cost_with_eur": (
        "Kosten mit ThermIQ, voriger Monat",
        "cost with ThermIQ, last month",
    ),
    "decision/last_month_cost_without_eur": (
        "Kosten ohne ThermIQ, voriger Monat",
        "cost without ThermIQ, last month",
    ),
    "decision/last_month_mined_eur": ("Ertrag der Miner, voriger Monat", "mining revenue, last month"),
    "decision/last_month_heat_kwh": ("Wärme der Miner, voriger Monat", "heat of the miners, last month"),
    "decision/last_month_choice_eur": (
        "Preis der Strategie, voriger Monat",
        "price of the policy, last month",
    ),
    "decision/policy": ("Strategie", "policy"),
    "decision/source": ("Strom der letzten kWh", "electricity of the last kWh"),
    "decision/limited_by": ("Entscheidung begrenzt durch", "decision limited by"),
    "decision/prices": ("Preise aus", "prices from"),
    "decision/import_source": ("Quelle des Bezugspreises", "source of the import price"),
    "decision/house": ("Kenntnis des Hauses", "knowledge of the house"),
    "decision/hold_back": ("WP soll warten wegen", "heat pump should wait because of"),
    "counter/grid_import_kwh": ("Netzbezug", "grid import"),
    "counter/grid_export_kwh": ("Netzeinspeisung", "grid export"),
    "counter/pv_kwh": ("PV-Ertrag", "PV yield"),
    "counter/battery_charge_kwh": ("Batterie geladen", "battery charged"),
    "counter/battery_discharge_kwh": ("Batterie entladen", "battery discharged"),
    "counter/load_kwh": ("Stromverbrauch des Hauses", "house consumption"),
    "counter/miner_kwh": ("Stromverbrauch der Miner", "electricity of the miners"),
    "counter/miner1_kwh": ("Stromverbrauch Miner 1", "electricity of miner 1"),
    "counter/miner2_kwh": ("Stromverbrauch Miner 2", "electricity of miner 2"),
    "counter/miner_grid_kwh": ("Strom der Miner aus dem Netz", "electricity of the miners from the grid"),
    "counter/heat_kwh": ("Wärme der Miner", "heat of the miners"),
    "counter/heat_used_kwh": ("Wärme der Miner in Puffer und Wasser", "heat of the miners, used"),
    "counter/heat_dumped_kwh": ("Wärme der Miner über den Rückkühler", "heat of the miners, dumped"),
}

MINER_TEXTS: dict[str, tuple[str, str]] = {
    "online": ("erreichbar", "online"),
    "state": ("Zustand", "state"),
    "power_estimated_w": ("Leistung", "power"),
    "power_metered_w": ("Leistung (Zähler)", "power (meter)"),
    "power_active_w": ("Leistungsziel", "power target"),
    "power_requested_w": ("Leistungsziel geschrieben", "power target written"),
    "hashrate_ths": ("Hashrate", "hash rate"),
    "t_chip_degc": ("Chiptemperatur", "chip temperature"),
    "t_outlet_degc": ("Austrittstemperatur", "outlet temperature"),
    "wish_power_w": ("Leistungswunsch", "wished power"),
    "writes_24h": ("Sollwerte geschrieben in 24 h", "targets written in 24 h"),
    "writes_left": ("Sollwerte noch frei", "target writes left"),
    "starts_24h": ("Starts in 24 h", "starts in 24 h"),
    "wish_run": ("soll laufen", "shall run"),
    "curve_source": ("Kennlinie aus", "efficiency curve from"),
    "conditions": ("Befund", "conditions"),
}

ACTUATORS: dict[str, tuple[str, str]] = {
    "p3": ("P3", "P3"),
    "p4": ("P4", "P4"),
    "p5": ("P5", "P5"),
    "cooler": ("Rückkühler", "dry cooler"),
    "m1": ("Miner 1", "miner 1"),
    "m2": ("Miner 2", "miner 2"),
    "hp_block": ("Sperre durch Minerwärme", "block by miner heat"),
    "hp_block_value": ("Sperre durch Wert", "block by value"),
    "hp_block_request": ("Sperre durch Vorgabe", "block by request"),
}


def plain_name(name: str) -> str:
    """A name without its unit, as words."""
    for suffix in UNIT_SUFFIXES:
        if name.endswith(f"_{suffix}"):
            name = name[: -len(suffix) - 1]
            break
    return name.replace("_", " ").replace(".", " ").strip()


def is_named(group: str, name: str) -> bool:
    """Whether somebody has given this topic a name."""
    prefix = group.rstrip("12")
    special = (prefix == "miner" and name in MINER_TEXTS) or group in ("blocked", "first_out", "hand")
    return special or f"{group}/{name}" in TEXTS


def text_for(group: str, name: str) -> tuple[str, str]:
    """German and English name of a topic that is no signal of the cabinet."""
    if group in ("miner1", "miner2") and name in MINER_TEXTS:
        de, en = MINER_TEXTS[name]
        return f"Miner {group[-1]} {de}", f"miner {group[-1]} {en}"
    if group == "blocked":
        de, en = ACTUATORS.get(name, (name, name))
        return f"{de} verriegelt durch", f"{en} blocked by"
    if group == "first_out":
        de, en = ACTUATORS.get(name, (name, name))
        return f"{de} Erstursache", f"{en} first cause"
    if group == "hand":
        de, en = ACTUATORS.get(name, (name, name))
        return f"{de} Handbetrieb", f"{en} manual"
    plain = plain_name(name)
    return TEXTS.get(f"{group}/{name}", (plain, plain))
