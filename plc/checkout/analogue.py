"""Check of an analogue input: live value, compared with a reference at two points.

One point finds a wrong channel; only the second finds a wrong span or a wrong sensor type.
"""

from __future__ import annotations

from plc.blocks.core import Quality
from plc.checkout.outputs import number
from plc.checkout.talk import Outcome, Result, Talk
from plc.image.wiring import Sensor, Wire

TOLERANCE_K = 1.5
"""Class B sensor, leads and converter together, compared with an ordinary calibrator or thermometer."""

APART_K = 10.0


def check_analogue(talk: Talk, wire: Wire) -> Outcome:
    """Two references, typed in; the value that the program sees is taken when the person answers."""
    points: list[tuple[float, float]] = []
    measured: dict[str, float] = {}
    for index, key in enumerate(("first", "second"), start=1):
        while True:
            reference = number(talk, f"{wire.name}/{key}", _text(talk, wire, key), "°C", live=wire.name)
            if not points or abs(reference - points[0][0]) >= APART_K:
                break
            talk.say(
                f"die Punkte müssen {APART_K:g} K auseinander liegen",
                f"the points must be {APART_K:g} K apart",
            )
        reading = getattr(talk.bench.inputs, wire.name)
        if reading.value is None or reading.quality is not Quality.GOOD:
            fault = talk.bench.image.faults().get(wire.name)
            found = talk.both("kein gültiger Messwert", "no valid value")
            return Outcome(
                Result.FAIL, f"{found}: {fault.name.lower() if fault else reading.quality.name.lower()}"
            )
        points.append((reference, reading.value))
        measured |= {f"reference_{index}_degc": reference, f"seen_{index}_degc": round(reading.value, 2)}
        if abs(reading.value - reference) > TOLERANCE_K:
            found = talk.both(
                f"zeigt {reading.value:.1f} °C statt {reference:g} °C: Kanal, Spanne oder Fühlertyp",
                f"shows {reading.value:.1f} °C instead of {reference:g} °C: channel, span or sensor type",
            )
            return Outcome(Result.FAIL, found, measured)
    return Outcome(Result.PASS, "; ".join(f"{seen:.1f} / {ref:g} °C" for ref, seen in points), measured)


def _text(talk: Talk, wire: Wire, key: str) -> str:
    source = {
        Sensor.MA_4_20: talk.both(
            "Stromgeber 4-20 mA oder Referenzthermometer", "current source or reference"
        ),
        Sensor.V_0_10: talk.both("Spannungsgeber oder Referenz", "voltage source or reference"),
    }.get(
        wire.sensor or Sensor.PT1000,
        talk.both("Widerstandsgeber oder Referenz", "resistance decade or reference"),
    )
    which = (
        talk.both("erster Punkt", "first point")
        if key == "first"
        else talk.both("zweiter Punkt", "second point")
    )
    return talk.both(
        f"{which}: {source} an {wire.terminal}; was zeigt die Referenz?",
        f"{which}: {source} at {wire.terminal}; what does the reference show?",
    )
