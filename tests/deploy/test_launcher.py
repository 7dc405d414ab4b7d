"""Releases on the device: take over, refuse, continue, roll back, and never a half of anything."""

import stat

import pytest
from launcher.wheels import Machine, NoWheelError, choose, fits

ARM_11 = Machine((3, 11), "aarch64", 64, (2, 36))
X86_13 = Machine((3, 13), "x86_64", 64, (2, 41))


def test_a_new_bundle_runs_from_its_own_folder_and_not_from_the_working_directory(device):
    device.upload()
    done = device.start()
    assert done.returncode == 0, done.stdout + done.stderr
    seen = device.seen()
    assert seen["program"].startswith(str(device.state / "releases"))
    assert seen["library"].startswith(str(device.state / "releases"))
    assert seen["site"].startswith(str(device.state / "sites"))


def test_arguments_reach_the_program_and_the_site_mark_is_replaced(device):
    device.upload()
    device.start("run", "@site", "--image", "/x", "--pictory", "/y")
    seen = device.seen()
    assert seen["arguments"] == ["run", seen["site"], "--image", "/x", "--pictory", "/y"]


def test_a_second_upload_takes_over_at_the_next_start(device):
    device.upload()
    device.start()
    device.upload(name="two", version="2.0")
    device.start()
    assert device.seen()["name"] == "two"


@pytest.mark.parametrize(
    "damage", ["missing file", "altered file", "no manifest", "damaged manifest", "wheel"]
)
def test_a_broken_upload_leaves_the_old_release_running(device, damage):
    device.upload()
    device.start()
    device.upload(name="two", version="2.0")
    if damage == "missing file":
        (device.work / "plc" / "behaviour.json").unlink()
    elif damage == "altered file":
        (device.work / "plc" / "__main__.py").write_text("raise SystemExit(0)")
    elif damage == "no manifest":
        (device.work / "MANIFEST.json").unlink()
    elif damage == "damaged manifest":
        (device.work / "MANIFEST.json").write_text('{"format": 1')
    else:
        next((device.work / "wheels").iterdir()).write_bytes(b"PK")
    done = device.start()
    assert device.seen()["name"] == "one"
    assert "cannot be used" in done.stdout
    assert device.seen()["notice"]


def test_a_broken_first_upload_starts_nothing(device):
    device.upload()
    (device.work / "plc" / "behaviour.json").unlink()
    done = device.start()
    assert done.returncode == 1
    assert device.seen() is None
    assert "all outputs stay 0" in done.stdout
    assert not list((device.state / "releases").glob("*"))


def test_a_release_whose_check_fails_is_not_activated_and_says_why(device):
    device.upload()
    device.start()
    device.upload(name="two", version="2.0", check=4)
    done = device.start()
    assert device.seen()["name"] == "one"
    assert "check by two" in done.stdout


def test_a_first_release_whose_check_fails_ends_with_the_code_of_the_check(device):
    device.upload(check=4)
    for _ in range(2):  # the supervisor tries again: it must say the same reason again
        done = device.start()
        assert done.returncode == 4
        assert "check by one" in done.stdout
        assert device.seen() is None


def test_a_new_site_folder_alone_is_taken_over_too(device):
    device.upload()
    device.start()
    first = device.seen()["site"]
    device.upload(site="plant: walda\nmore: 1\n")
    device.start()
    assert device.seen()["site"] != first
    assert device.seen()["name"] == "one"


@pytest.mark.parametrize("end", ["kill", 1])
def test_three_failures_roll_the_program_back_and_say_so(device, end):
    device.upload(healthy=True, asked=True)
    device.start()
    device.upload(name="two", version="2.0", run=end)
    for _ in range(3):
        device.start()
        assert device.seen()["name"] == "two"
    done = device.start()
    assert device.seen()["name"] == "one"
    assert "rolled back" in device.seen()["notice"]
    assert "rolled back" in done.stdout
    device.start()
    assert device.seen()["name"] == "one", "a rolled-back release must not come back by itself"


@pytest.mark.parametrize("code", [3, 4, 5, 6])
def test_exits_that_speak_of_the_site_never_count_against_a_release(device, code):
    device.upload(healthy=True, asked=True)
    device.start()
    device.upload(name="two", version="2.0", run=code)
    for _ in range(4):
        device.start()
    assert device.seen()["name"] == "two"


def test_an_end_that_nobody_asked_for_before_health_counts(device):
    device.upload(healthy=True, asked=True)
    device.start()
    device.upload(name="two", version="2.0", run=0, asked=False)
    for _ in range(4):
        device.start()
    assert device.seen()["name"] == "one"


def test_stopping_a_young_release_on_purpose_does_not_count(device):
    device.upload(healthy=True, asked=True)
    device.start()
    device.upload(name="two", version="2.0", run=0, asked=True)
    for _ in range(5):
        device.start()
    assert device.seen()["name"] == "two"


def test_without_an_earlier_release_a_failing_one_is_tried_again(device):
    device.upload(run=1)
    for _ in range(5):
        device.start()
    assert device.seen()["name"] == "one"


def test_roll_back_never_changes_the_site_and_stops_when_the_old_program_refuses_it(device):
    device.upload(healthy=True, asked=True, site="format 1\n")
    device.start()
    device.upload(name="old", version="0.9", healthy=True, asked=True, site="format 1\n")
    device.start()
    device.upload(name="two", version="2.0", run=1, site="other\n")
    # Both older programs read only the old format; make their own checks insist on it.
    for behaviour in device.state.glob("releases/*/plc/behaviour.json"):
        behaviour.write_text(behaviour.read_text().replace('"check": 0', '"check": 0, "site": "format 1"'))
    for _ in range(3):
        device.start()
        assert device.seen()["name"] == "two"
    done = device.start()
    assert done.returncode == 3
    assert device.seen() is None
    assert "all outputs stay 0" in done.stdout


def test_the_two_last_good_releases_are_kept_and_older_ones_go(device):
    for number in range(5):
        device.upload(name=str(number), version=f"{number}.0", healthy=True, asked=True)
        device.start()
    device.start()
    kept = sorted(path.name.split("-")[0] for path in (device.state / "releases").iterdir())
    assert kept == ["2.0", "3.0", "4.0"]


def test_secrets_move_to_the_state_directory_and_leave_the_working_directory(device):
    device.upload()
    (device.work / "secrets").mkdir()
    (device.work / "secrets" / "miner1").write_text("hunter2")
    done = device.start()
    secret = device.state / "secrets" / "miner1"
    assert secret.read_text() == "hunter2"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert not (device.work / "secrets").exists()
    assert "hunter2" not in done.stdout + done.stderr
    device.upload(name="two", version="2.0")
    device.start()
    assert secret.exists(), "the next upload must not lose them"


def test_a_damaged_ledger_starts_a_new_one(device):
    device.upload()
    device.start()
    (device.state / "releases.json").write_text("{")
    assert device.start().returncode == 0
    assert device.seen()["name"] == "one"


@pytest.mark.parametrize(
    ("name", "machine", "expected"),
    [
        ("a-1-py3-none-any.whl", ARM_11, True),
        ("pyserial-3.5-py2.py3-none-any.whl", X86_13, True),
        ("g-1-cp311-cp311-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", ARM_11, True),
        ("g-1-cp311-cp311-manylinux2014_x86_64.whl", ARM_11, False),
        ("g-1-cp313-cp313-manylinux2014_aarch64.whl", ARM_11, False),
        ("p-7-cp310-abi3-manylinux2014_aarch64.whl", ARM_11, True),
        ("p-7-cp310-abi3-manylinux2014_x86_64.whl", X86_13, True),
        ("p-7-cp312-abi3-manylinux2014_aarch64.whl", ARM_11, False),
        ("n-1-cp311-cp311-manylinux_2_40_aarch64.whl", ARM_11, False),
        ("n-1-cp313-cp313t-manylinux_2_28_x86_64.whl", X86_13, False),
        ("m-1-cp311-cp311-musllinux_1_2_aarch64.whl", ARM_11, False),
        ("w-1-cp311-cp311-win_amd64.whl", ARM_11, False),
    ],
)
def test_wheel_tags(name, machine, expected):
    assert fits(name, machine) is expected


def test_a_32_bit_user_land_is_named_as_the_reason():
    machine = Machine((3, 11), "aarch64", 32, (2, 36))
    with pytest.raises(NoWheelError, match="64-bit image"):
        choose(["g-1-cp311-cp311-manylinux2014_aarch64.whl", "a-1-py3-none-any.whl"], machine)


def test_a_pure_wheel_gives_way_to_the_one_made_for_the_machine():
    names = ["y-6-py3-none-any.whl", "y-6-cp311-cp311-manylinux2014_aarch64.whl"]
    assert choose(names, ARM_11) == [names[1]]
