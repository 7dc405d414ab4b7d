"""What the soak counts, without running it."""

import os
from types import SimpleNamespace

from tools.bench_parts import soak
from tools.bench_parts._process import sizes
from tools.bench_parts._stepped_day import Faults, Silence


def status(soc, quality="good"):
    return {"inputs": {"energy": {"battery_soc_pct": {"value": soc, "quality": quality}}}}


def test_a_value_that_the_plant_never_had_is_wrong_only_when_it_is_called_good():
    twin = SimpleNamespace(latest={"t_s": 10.0, "soc_pct": 50.0}, recent_soc=lambda: [46.0, 48.0, 50.0])
    assert not soak._wrong(status(51.0), twin)
    assert not soak._wrong(status(44.0), twin)  # of some minutes ago
    assert soak._wrong(status(42.0), twin)
    assert soak._wrong(status(0.0), twin)
    assert not soak._wrong(status(0.0, "stale"), twin)
    assert not soak._wrong({}, twin)


def test_hangs_take_one_percent_of_the_time():
    orders = []
    twin = SimpleNamespace(t_s=0.0, order=lambda text: orders.append((twin.t_s, text)))
    faults = Faults()
    for second in range(0, 2_000_000, 10):
        twin.t_s = float(second)
        faults.step(twin)
    began = [t for t, text in orders if text == "m1 network hang"]
    ended = [t for t, text in orders if text == "m1 network pass"]
    hung_s = sum(end - start for start, end in zip(began, ended, strict=False))
    assert 0.007 < hung_s / 2_000_000 < 0.013
    assert faults.count > 400


def test_disk_writes_of_a_day_hold_what_the_wall_clock_causes(tmp_path):
    (tmp_path / "retain.a").write_bytes(bytes(5000))
    found = soak._disk_per_day(tmp_path, {"written_pages_mb": 0.0, "simulated_h": 1.0})
    assert found == round(1440 * 3 * 4096 / 1e6, 2)
    (tmp_path / "decisions.jsonl").write_text("{}\n{}\n")
    more = soak._disk_per_day(tmp_path, {"written_pages_mb": 0.1, "simulated_h": 12.0})
    assert more == round((2 * (100_000 + 2 * 4096) + 1440 * 3 * 4096) / 1e6, 2)


def test_the_kernel_tells_the_sizes_of_a_process():
    found = sizes(os.getpid())
    assert found["rss_kb"] > 1000
    assert found["threads"] >= 1
    assert found["descriptors"] >= 3


def test_connections_that_come_and_go_are_no_leak():
    assert soak._growth([22, 24, 22, 23, 24, 22, 24, 22, 24]) == 0
    assert soak._growth([22, 24, 22, 23, 24, 25, 25, 24, 26]) == 2
    assert soak._growth([24, 20, 24, 24, 24, 24, 24, 24, 25]) == 0, "an outage at the beginning is no growth"
    assert soak._growth([]) == 0


def test_a_line_that_stays_silent_after_its_hour_is_counted():
    def meters(state):
        devices = [{"name": "m1_meter", "state": state}, {"name": "grid", "state": "answering"}]
        return {"services": {"rs485": {"ports": [{"port": "/x/ttyMeters", "devices": devices}]}}}

    orders = []
    twin = SimpleNamespace(t_s=0.0, order=orders.append)
    silence = Silence(3600.0)
    for t_s, state in ((0.0, "answering"), (400.0, "answering"), (2000.0, "silent"), (4001.0, "silent")):
        twin.t_s = t_s
        silence.step(twin, meters(state))
    assert [order.split()[-1] for order in orders] == ["1.0", "0.0025"]
    assert silence.missing == {"m1_meter"}
    assert not silence.judged(4001.0)
    assert silence.judged(4001.0 + 900.0)
    silence.step(twin, meters("answering"))
    assert not silence.missing


def test_what_is_judged_on_a_slow_machine_are_counts_alone():
    clean = dict.fromkeys(
        ("ended_early", "silent_for_good", "threads_died", "driver_crashes", "wrong_values", "lost_cycles"), 0
    )
    assert all(entry["ok"] for entry in soak._counted(clean).values())
    assert not soak._counted({**clean, "wrong_values": 1})["wrong_values"]["ok"]
