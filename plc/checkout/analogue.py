"""Check of an analogue input: live value, compared with a reference at two points.

One point finds a wrong channel; only the second finds a wrong span or a wrong sensor type.
"""

from __future__ import annotations

from plc.blocks.core import Quality
from plc.checkout import texts
from plc.checkout.outputs import number
from plc.checkout.talk import Outcome, Result, Talk
from plc.image.wiring import Sensor, Wire

TOLERANCE_K = 1.5
"""Class B sensor, leads and converter together, compared with an ordinary calibrator or thermometer."""

APART_K = 10.0

SOURCES = {Sensor.MA_4_20: texts.SOURCE_MA, Sensor.V_0_10: texts.SOURCE_V}


def check_analogue(talk: Talk, wire: Wire) -> Outcome:
    """Two references, typed in; the value that the program sees is taken when the person answers."""
    points: list[tuple[float, float]] = []
    measured: dict[str, float] = {}
    for index, key in enumerate(("first", "second"), start=1):
        while True:
            reference = number(talk, f"{wire.name}/{key}", _text(talk, wire, key), "°C", live=wire.name)
            if not points or abs(reference - points[0][0]) >= APART_K:
                break
            talk.say(texts.TOO_CLOSE.of(k=APART_K))
        reading = getattr(talk.bench.inputs, wire.name)
        if reading.value is None or reading.quality is not Quality.GOOD:
            fault = talk.bench.image.faults().get(wire.name)
            why = fault.name if fault else reading.quality.name
            return talk.failed(texts.NO_VALUE.of(why=why.lower()))
        points.append((reference, reading.value))
        measured |= {f"reference_{index}_degc": reference, f"seen_{index}_degc": round(reading.value, 2)}
        if abs(reading.value - reference) > TOLERANCE_K:
            return talk.failed(texts.WRONG_VALUE.of(seen=reading.value, reference=reference), measured)
    return Outcome(Result.PASS, "; ".join(f"{seen:.1f} / {ref:g} °C" for ref, seen in points), measured)


def _text(talk: Talk, wire: Wire, key: str) -> str:
    source = SOURCES.get(wire.sensor or Sensor.PT1000, texts.SOURCE_OHM)
    point = texts.FIRST_POINT if key == "first" else texts.SECOND_POINT
    return talk.words(texts.REFERENCE.of(point=point, source=source, terminal=wire.terminal))
