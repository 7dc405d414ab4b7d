"""What a person does at each terminal and what must be seen there: German and English.

Order of the plan: input by input and output by output as the modules stand on the rail; then what needs
other parts proven first: safety chain, enables, watchdog relay, death of the process.
"""

from __future__ import annotations

from typing import NamedTuple

from plc.checkout.texts import Words


class Move(NamedTuple):
    """One action at an input and the bit that must follow. key: last part of the question's name."""

    key: str
    words: Words
    bit: bool


class Pulse(NamedTuple):
    """How an output is shown: for so long at most, after this warning, with this to be seen."""

    seconds: float
    ready: Words
    see: Words


REST: dict[str, bool] = {
    "estop1_ok": True,
    "estop2_ok": True,
    "flow_ok": False,
    "temp_max_ok": True,
    "k10_fb": False,
    "k11_fb": False,
    "cooler_ok": True,
    "p4_ssm_ok": True,
    "p5_ssm_ok": True,
    "ack_pb": False,
    "mode_maint": True,
    "mode_auto": False,
    "grid_block": False,
}
"""Each input before anybody touches anything: outputs off, key at MAINT. safety_ok depends on the chain."""

COMPANIONS: dict[str, frozenset[str]] = {
    "estop1_ok": frozenset({"safety_ok"}),
    "estop2_ok": frozenset({"safety_ok"}),
    "temp_max_ok": frozenset({"safety_ok"}),
    "flow_ok": frozenset({"safety_ok"}),
    "safety_ok": frozenset({"estop1_ok", "estop2_ok", "temp_max_ok", "flow_ok"}),
    "mode_maint": frozenset({"mode_auto"}),
    "mode_auto": frozenset({"mode_maint"}),
}
"""Inputs that move together because the cabinet couples them; any other companion is a crossed wire."""

_WIRE = Words(
    "Ader an der Klemme abziehen: muss 0 werden (drahtbruchsicher)",
    "pull the wire off the terminal: must become 0 (wire-break safe)",
)
_BACK = Words("Ader wieder anschließen", "connect the wire again")
_TRIP_LIMITER = Move(
    "trip",
    Words(
        "Temperaturbegrenzer auslösen (Prüftaste, sonst Ader abziehen)",
        "trip the temperature limiter (test button, or pull the wire)",
    ),
    bit=False,
)

MOVES: dict[str, tuple[Move, ...]] = {
    # Every contact of the chain by itself: one that shows its bit but opens nothing is found here only.
    "safety_ok": (
        Move("press", Words("Not-Halt 1 drücken", "press E-stop 1"), bit=False),
        Move(
            "reset",
            Words(
                "Not-Halt 1 lösen, dann den Leuchttaster Reset drücken",
                "release E-stop 1, then press the lit reset button",
            ),
            bit=True,
        ),
        Move("press2", Words("Not-Halt 2 drücken", "press E-stop 2"), bit=False),
        Move(
            "reset2",
            Words(
                "Not-Halt 2 lösen, dann den Leuchttaster Reset drücken",
                "release E-stop 2, then press the lit reset button",
            ),
            bit=True,
        ),
        _TRIP_LIMITER,
        Move(
            "reset3",
            Words(
                "Begrenzer am Gerät entriegeln, dann den Leuchttaster Reset drücken",
                "reset the limiter at the device, then press the lit reset button",
            ),
            bit=True,
        ),
    ),
    "estop1_ok": (
        Move("press", Words("Not-Halt 1 drücken", "press E-stop 1"), bit=False),
        Move("release", Words("Not-Halt 1 lösen", "release E-stop 1"), bit=True),
    ),
    "estop2_ok": (
        Move("press", Words("Not-Halt 2 drücken", "press E-stop 2"), bit=False),
        Move("release", Words("Not-Halt 2 lösen", "release E-stop 2"), bit=True),
    ),
    "flow_ok": (
        Move("close", Words("Kontakt des Strömungswächters schließen", "close the flow contact"), bit=True),
        Move("open", Words("Kontakt wieder öffnen", "open it again"), bit=False),
    ),
    "temp_max_ok": (
        _TRIP_LIMITER,
        Move("release", Words("am Gerät entriegeln", "reset it at the device"), bit=True),
    ),
    "cooler_ok": (Move("open", _WIRE, bit=False), Move("close", _BACK, bit=True)),
    "p4_ssm_ok": (Move("open", _WIRE, bit=False), Move("close", _BACK, bit=True)),
    "p5_ssm_ok": (Move("open", _WIRE, bit=False), Move("close", _BACK, bit=True)),
    "ack_pb": (
        Move("press", Words("Quittiertaster gedrückt halten", "press and hold acknowledge"), bit=True),
        Move("release", Words("Taster loslassen", "release it"), bit=False),
    ),
    "mode_auto": (
        Move("auto", Words("Schlüsselschalter auf AUTO", "key switch to AUTO"), bit=True),
        Move("maint", Words("Schlüsselschalter zurück auf WARTUNG", "key switch back to MAINT"), bit=False),
    ),
    "mode_maint": (
        Move("off", Words("Schlüsselschalter auf AUS", "key switch to OFF"), bit=False),
        Move("maint", Words("Schlüsselschalter zurück auf WARTUNG", "key switch back to MAINT"), bit=True),
    ),
    "grid_block": (
        Move(
            "close",
            Words("Kontakt der Steuerbox schließen oder an der Klemme brücken",
                  "close the contact of the control box, or bridge it at the terminal"),
            bit=True,
        ),
        Move("open", Words("wieder öffnen", "open it again"), bit=False),
    ),
}  # fmt: skip

_DRIVE = Words("Antrieb frei beweglich, niemand greift hinein", "drive free to move, hands off")
_PANEL = Words("Tür offen, Anzeige im Blick", "watch the panel")

PULSES: dict[str, Pulse] = {
    "p3_on": Pulse(
        20.0,
        Words("Minerkreis gefüllt und entlüftet, Absperrungen offen", "miner loop filled, vented and open"),
        Words("läuft P3, in der richtigen Richtung?", "does P3 run, in the right direction?"),
    ),
    "cooler_on": Pulse(
        5.0,
        Words("niemand am Lüfter", "nobody at the fan"),
        Words("läuft der Lüfter an, Drehrichtung richtig?", "does the fan start, direction right?"),
    ),
    "rv1_a": Pulse(8.0, _DRIVE, Words("dreht RV1 Richtung Puffer?", "does RV1 turn towards the buffer?")),
    "rv1_b": Pulse(8.0, _DRIVE, Words("dreht RV1 Richtung Rückkühler?", "does RV1 turn towards the cooler?")),
    "rv2_a": Pulse(8.0, _DRIVE, Words("dreht RV2 Richtung Puffer?", "does RV2 turn towards the buffer?")),
    "rv2_b": Pulse(8.0, _DRIVE, Words("dreht RV2 Richtung Warmwasser?", "does RV2 turn towards hot water?")),
    "hp_block": Pulse(
        60.0,
        Words(
            "K7 nur potentialfrei an I1: mit dem Messgerät geprüft; Anzeige der Wärmepumpe im Blick",
            "K7 potential-free at I1: checked with a meter; watch the display of the heat pump",
        ),
        Words("zeigt die Wärmepumpe die EVU-Sperre?", "does the heat pump show the EVU block?"),
    ),
    "heartbeat": Pulse(
        3.0,
        Words("K12 im Blick", "watch relay K12"),
        Words("ist K12 angezogen und blinkt sein Eingang?", "is K12 pulled in, its input blinking?"),
    ),
    "horn": Pulse(2.0, _PANEL, Words("war die Hupe zu hören?", "did the horn sound?")),
    "lamp_fault": Pulse(3.0, _PANEL, Words("hat die ROTE Lampe geleuchtet?", "did the RED lamp light?")),
    "lamp_run": Pulse(3.0, _PANEL, Words("hat die GRÜNE Lampe geleuchtet?", "did the GREEN lamp light?")),
    "reset_lamp": Pulse(
        3.0, _PANEL, Words("hat der Leuchttaster Reset geleuchtet?", "did the reset button light?")
    ),
}

FILLED = Words("Wasserkreis gefüllt und offen", "water circuit filled and open")
