"""Retained data survives torn, foreign and future files, and a disk that says no."""

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.store.directories import state_directories, usable_directory
from plc.store.retained import GENERATIONS, BadRecordError, RetainedStore, decode, encode, load

PLAIN = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**60), 2**60)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=5,
)


def store(path: Path, **options) -> RetainedStore:
    clock = iter(range(1000, 10**9, 10))
    return RetainedStore(
        (path,), "walda", layout=options.pop("layout", 1), wall=lambda: next(clock), **options
    )


@given(PLAIN, st.booleans(), st.integers(0, 2**40))
def test_what_is_written_is_read_back(state, clean, sequence):
    data = encode(state, layout=1, sequence=sequence, clean_stop=clean, written_unix_s=5.0)
    record = decode(Path("x"), data, layout=1, migrations={})
    assert (record.state, record.clean_stop, record.sequence) == (state, clean, sequence)


@given(PLAIN, st.data())
def test_any_flipped_byte_is_refused(state, data):
    good = bytearray(encode(state, layout=1, sequence=1, clean_stop=True, written_unix_s=5.0))
    at = data.draw(st.integers(0, len(good) - 2))
    good[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        record = decode(Path("x"), bytes(good), layout=1, migrations={})
    except BadRecordError:
        return
    # A flip may hit insignificant white space of the header; then nothing of the content has changed.
    assert record.state == state
    assert record.clean_stop


@given(st.binary(max_size=200))
def test_garbage_is_refused_without_a_traceback(data):
    with pytest.raises(BadRecordError):
        decode(Path("x"), data, layout=1, migrations={})


def test_two_generations_alternate_and_the_older_serves_when_the_newer_is_torn(tmp_path):
    writer = store(tmp_path)
    assert writer.mark_running({"n": 1})
    assert writer.mark_running({"n": 2})
    files = [tmp_path / "walda" / name for name in GENERATIONS]
    assert all(file.exists() for file in files)
    newest = max(files, key=lambda file: json.loads(file.read_bytes().partition(b"\n")[0])["sequence"])
    newest.write_bytes(newest.read_bytes()[:-7])
    loaded = store(tmp_path).load()
    assert loaded.state == {"n": 1}
    assert any("torn" in problem for problem in loaded.problems)


def test_a_restart_continues_the_sequence_so_the_newest_is_never_overwritten_first(tmp_path):
    for n in range(5):
        writer = store(tmp_path)
        writer.load()
        writer.mark_running({"n": n})
    sequences = sorted(
        json.loads((tmp_path / "walda" / name).read_bytes().partition(b"\n")[0])["sequence"]
        for name in GENERATIONS
    )
    assert sequences == [4, 5]


def test_death_leaves_no_clean_stop_mark_and_a_stop_does(tmp_path):
    writer = store(tmp_path)
    writer.mark_running({"n": 1})
    assert not store(tmp_path).load().clean_stop
    writer.stop({"n": 2}, clean=True)
    loaded = store(tmp_path).load()
    assert loaded.clean_stop
    assert loaded.state == {"n": 2}


def test_no_memory_is_not_a_clean_stop(tmp_path):
    loaded = store(tmp_path).load()
    assert loaded.state is None
    assert not loaded.clean_stop


def test_layouts_migrate_step_by_step_and_newer_ones_are_refused(tmp_path):
    store(tmp_path, layout=1).mark_running({"hours": 3})
    steps = {1: lambda s: {"hours_s": s["hours"] * 3600}, 2: lambda s: {**s, "starts": 0}}
    assert store(tmp_path, layout=3, migrations=steps).load().state == {"hours_s": 10800, "starts": 0}
    store(tmp_path, layout=9).mark_running({"x": 1})
    loaded = store(tmp_path, layout=1).load()
    assert any("newer program" in problem for problem in loaded.problems)


def test_a_missing_migration_is_named(tmp_path):
    store(tmp_path, layout=1).mark_running({"x": 1})
    loaded = store(tmp_path, layout=3).load()
    assert loaded.state is None
    assert "no way from 1 to 2" in loaded.problems[0]


def test_the_newest_of_several_directories_wins_and_is_named(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    RetainedStore((old,), "walda", layout=1, wall=lambda: 100.0).mark_running({"n": "old"})
    RetainedStore((new,), "walda", layout=1, wall=lambda: 200.0).mark_running({"n": "new"})
    loaded = load((old, new), "walda", layout=1, migrations={})
    assert loaded.state == {"n": "new"}
    assert any("using the newest" in problem for problem in loaded.problems)


def test_a_disk_that_refuses_shows_in_health_and_recovers(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    writer = store(blocked)
    assert not writer.mark_running({"n": 1})
    assert "no writable state directory" in writer.health()
    blocked.unlink()
    assert writer.mark_running({"n": 1})
    assert writer.health() == ""


def test_not_a_number_is_refused_and_the_old_generation_stays(tmp_path):
    writer = store(tmp_path)
    writer.mark_running({"n": 1})
    assert not writer.mark_running({"n": float("nan")})
    assert writer.health()
    assert store(tmp_path).load().state == {"n": 1}


def test_an_urgent_offer_reaches_the_disk_from_the_writers_own_thread(tmp_path):
    done = threading.Event()

    def wall() -> float:
        if threading.current_thread().name == "retained":
            done.set()
        return 1.0

    writer = RetainedStore((tmp_path,), "walda", layout=1, wall=wall, interval_s=3600)
    writer.start()
    writer.offer({"n": 1}, urgent=True)
    assert done.wait(10)
    assert writer.stop(None, clean=False)
    assert store(tmp_path).load().state == {"n": 1}


def test_directories_prefer_the_supervisor_then_the_system_then_the_user(tmp_path):
    environment = {"STATE_DIRECTORY": "/run/a:/run/b", "HOME": "/root"}
    assert [str(d) for d in state_directories(environment, home=Path("/home/pi"))] == [
        "/run/a",
        "/var/lib/thermiq",
        "/home/pi/.local/state/thermiq",
    ]
    assert state_directories({"THERMIQ_STATE_DIR": "/x", "HOME": "/h"}) == (Path("/x"),)


def test_a_directory_that_cannot_be_made_is_passed_over(tmp_path):
    blocked, opened = tmp_path / "file", tmp_path / "open"
    blocked.write_text("not a directory")
    assert usable_directory((blocked / "x", opened)) == opened
