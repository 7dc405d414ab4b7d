"""Every scenario against its recorded trace. A changed trace is a reviewed change:
`python -m tests.scenarios.record`, then read the difference.
"""

import json

import pytest

from tests.scenarios.record import FOLDER, names, trace

SAME_TIME_S = 3.0
SAME_TEMPERATURE_K = 0.5
"""Another processor may round a sine differently in its last bit; a threshold is then met a scan earlier."""


@pytest.mark.parametrize("name", names())
def test_a_scenario_does_what_its_recorded_trace_says(name):
    path = FOLDER / f"{name}.json"
    assert path.exists(), f"no recorded trace; python -m tests.scenarios.record {name}"
    recorded = json.loads(path.read_text(encoding="utf-8"))
    found = json.loads(json.dumps(trace(name)))
    assert [event[1:] for event in found["events"]] == [event[1:] for event in recorded["events"]]
    for now, then in zip(found["events"], recorded["events"], strict=True):
        assert now[0] == pytest.approx(then[0], abs=SAME_TIME_S), now
    for key, value in recorded.items():
        if key.endswith("_degc"):
            assert found[key] == pytest.approx(value, abs=SAME_TEMPERATURE_K), key
        elif key.endswith("off_s"):
            assert found[key] == pytest.approx(value, abs=SAME_TIME_S), key
        elif key != "events":
            assert found[key] == value, key


def test_no_trace_is_left_of_a_scenario_that_is_gone():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(names())
