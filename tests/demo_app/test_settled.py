"""Which samples of a run count as settled."""

from tools.demo_app.settled import SETTLED_S, Settled


def status(t_s, state="mining", target=3200.0, metered=3180.0, quality="good"):
    miner = {
        "state": state,
        "power_requested_w": {"value": target},
        "power_metered_w": {"value": metered, "quality": quality},
    }
    return {"now_ns": int(t_s * 1e9), "inputs": {"miners": [miner]}}


def fed(*statuses):
    settled = Settled()
    for one in statuses:
        settled.add(one)
    return settled.figures()


def test_a_run_that_never_settles_has_no_figure():
    found = fed(*(status(t, target=1200.0 + 100 * t) for t in range(0, 900, 30)))
    assert found["miner_requested_w"] is None
    assert found["miner_power_deviation_pct"] is None
    assert found["miners"][0]["samples"] == 0


def test_only_what_comes_after_the_settling_time_counts():
    found = fed(status(0), status(100, metered=900.0), status(SETTLED_S), status(SETTLED_S + 30))
    assert found["miners"] == [
        {"samples": 2, "requested_w": 3200.0, "metered_w": 3180.0, "deviation_pct": 0.62}
    ]
    assert found["miner_metered_w"] == 3180.0


def test_a_new_target_or_a_pause_begins_anew():
    again = fed(status(0), status(SETTLED_S, target=2700.0), status(SETTLED_S + 30, target=2700.0))
    assert again["miners"][0]["samples"] == 0
    paused = fed(status(0), status(SETTLED_S, state="paused"), status(SETTLED_S + 30))
    assert paused["miners"][0]["samples"] == 0


def test_a_value_nobody_believes_is_no_sample_and_a_status_counts_once():
    twice = status(SETTLED_S)
    found = fed(status(0), status(SETTLED_S - 1), twice, twice, status(SETTLED_S + 9, quality="stale"))
    assert found["miners"][0]["samples"] == 1
