"""Traces of the scenario library: what the plant did, in few lines, to be compared with the next version.

    python -m tests.scenarios.record            writes the traces of all scenarios
    python -m tests.scenarios.record p3-stops   writes this one

A trace holds every change of state with its reason, every switching of an enable, every trip and alarm with
its time, and the extremes of the physics. A change of the program that changes a trace is looked at in the
review like any other change: record again, and read the difference of the JSON file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.scenarios.language import Story, given
from tools.twin.scenarios import SCENARIOS

FOLDER = Path(__file__).parent / "traces"
CHAIN = "flow latches"
AFTER_CAUSE_S = 900.0
WITHOUT_CAUSE_S = 4200.0
LONGER = {
    "valve-stuck": 5400.0,
    "summer-hot-buffer": 10_800.0,
    "recool-minus-12": 5400.0,
    "sensor-drift": 4200.0,
    "estop-reset": 4800.0,
    "sensor-silent-tank": 3900.0,
    "buffer-held": 9000.0,
    "valve-stuck-tank": 5400.0,
}
"""Stories whose point comes late."""

LEFT_OUT = {"year"}  # `tools/bench year` has its own judgement


def names() -> list[str]:
    """Every scenario that has a trace."""
    return sorted(set(SCENARIOS) - LEFT_OUT)


def trace(name: str) -> dict[str, Any]:
    """Runs a scenario and tells what happened."""
    story = given(name, CHAIN)
    causes = [event.at_s for event in story.loop.rig.scenario.events if event.cause]
    end_s = LONGER.get(name, causes[0] + AFTER_CAUSE_S if causes else WITHOUT_CAUSE_S)
    end_s = min(end_s, story.loop.rig.scenario.duration_s)
    story.leap(end_s - story.loop.t_s, "to the end of the trace")
    return _tell(story)


def _tell(story: Story) -> dict[str, Any]:
    loop = story.loop
    metrics = loop.metrics
    events = []
    for event in loop.events:
        at_s = round(event.now_ns / 1e9, 1)
        if event.subject == "sequence":
            events.append([at_s, f"{event.before} -> {event.after}", event.reason])
        elif event.subject.endswith("_enable") or event.subject == "trip":
            events.append([at_s, f"{event.subject} {event.code}", event.reason])
        elif event.subject.startswith("A-") and event.code == "raised":
            events.append([at_s, event.subject, "raised"])
    return {
        "scenario": story.name,
        "seconds": round(loop.t_s),
        "ends_in": loop.state,
        "alarms_at_end": list(story.alarms),
        "enables_off_s": metrics.enables_off_s and round(metrics.enables_off_s, 1),
        "contactors_off_s": metrics.contactors_off_s and round(metrics.contactors_off_s, 1),
        "oil_max_degc": round(metrics.oil_max_degc, 1),
        "body_max_degc": round(metrics.body_max_degc, 1),
        "w2_out_min_degc": round(metrics.w2_out_min_degc, 1),
        "events": events,
    }


def write(name: str) -> Path:
    """Records one trace: one event a line, so that a difference can be read."""
    FOLDER.mkdir(exist_ok=True)
    found = trace(name)
    events = found.pop("events")
    head = json.dumps(found, indent=1)[:-2]
    lines = ",\n  ".join(json.dumps(event) for event in events)
    path = FOLDER / f"{name}.json"
    path.write_text(f'{head},\n "events": [\n  {lines}\n ]\n}}\n', encoding="utf-8")
    return path


def main() -> int:
    for name in sys.argv[1:] or names():
        print(write(name).name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
