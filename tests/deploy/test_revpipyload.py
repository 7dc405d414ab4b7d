"""The whole way in: bundle, upload as Commander does it, the real RevPiPyLoad daemon, crashes, updates.

The daemon's own zeroing is what is proven here for a file as process image; the output watchdog of the
driver, which is faster, has tests of its own.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from tests.deploy.revpi import ROOT, SITE, RevPi
from tools import bundler
from tools.demo_app import demo_site
from tools.twin import scenarios

BASE_PYTHON = os.path.realpath(sys.executable)
"""The interpreter without our virtual environment: the wheels of the bundle have to do."""

SCENARIO = "winter-day"

pytestmark = [pytest.mark.peer, pytest.mark.slow]


@pytest.fixture(scope="module")
def simulated_site(tmp_path_factory) -> Path:
    """The site with everything that could reach a real house replaced."""
    return demo_site.make(SITE, tmp_path_factory.mktemp("site") / "walda", scenarios.get(SCENARIO))


@pytest.fixture(scope="module")
def bundle(simulated_site, tmp_path_factory) -> Path:
    return bundler.build(simulated_site, tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def device():
    """Makes a RevPi; everything that was started ends with the test."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="thermiq-")))
        folder.chmod(0o755)  # the unprivileged account has to reach its files

        def make(*, uid: int = os.getuid(), interpreter: str = BASE_PYTHON, **environment: str) -> RevPi:
            revpi = RevPi(folder, uid=uid, interpreter=interpreter, environment=environment)
            stack.callback(revpi.shut_down)
            revpi.boot()
            return revpi

        yield make


class House:
    """The virtual plant on the image of a device, in virtual time."""

    def __init__(self, device: RevPi, speed: str = "80") -> None:
        self.socket = device.folder / "clock"
        self.arguments = f"run @site --image {device.image} --pictory {device.pictory} --clock {self.socket}"
        command = [
            sys.executable,
            "-m",
            "tools.twin",
            "--image",
            str(device.image),
            "--pictory",
            str(device.pictory),
        ]
        command += ["--wiring", str(SITE / "wiring.yaml"), "--clock", str(self.socket), "--persist"]
        command += ["--scenario", SCENARIO, "--speed", speed]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        device.until(self.socket.exists, 30, "the virtual plant does not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def state_of(device: RevPi) -> str:
    return device.status().get("status", {}).get("state", "")


def scans_of(device: RevPi) -> int:
    return device.status().get("scan", {}).get("scans", 0)


def enables(device: RevPi) -> bool:
    outputs = device.status().get("outputs", {})
    return bool(outputs.get("m1_enable") or outputs.get("m2_enable"))


def with_defect(bundle: Path, target: Path, name: str, content: bytes) -> Path:
    """A copy of a bundle with one file replaced, its manifest still the old one."""
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(target, "w") as copy:
        for member in source.namelist():
            copy.writestr(member, content if member == name else source.read(member))
    return target


def test_uploaded_controlling_killed_and_back_only_after_the_minimum_off_time(device, bundle):
    revpi = device()
    revpi.upload(bundle)
    with House(revpi) as house:
        revpi.configure(house.arguments)
        assert revpi.client.plcstart() in (0, -1)
        revpi.until(
            lambda: state_of(revpi) == "HEAT_BUFFER" and enables(revpi), 120, "the plant does not heat"
        )
        assert any(revpi.outputs())

        os.kill(revpi.pid(), signal.SIGKILL)
        revpi.until(lambda: not any(revpi.outputs()), 5, "the daemon does not zero the outputs")

        killed_at = revpi.status()["now_ns"]
        revpi.until(
            lambda: revpi.status().get("now_ns", 0) > killed_at and enables(revpi), 180, "no heat again"
        )
        off_s = (revpi.status()["now_ns"] - killed_at) / 1e9
        assert off_s >= 900, f"the miners came back after {off_s:.0f} s of simulated time"
        assert revpi.client.plcstop() is not None
        revpi.until(lambda: not any(revpi.outputs()), 10, "outputs are on after a stop")
    log = revpi.program_log()
    assert "Traceback" not in log, log[-3000:]


def test_update_broken_update_and_roll_back(device, bundle, simulated_site, tmp_path):
    revpi = device()
    revpi.upload(bundle)
    with House(revpi) as house:
        revpi.configure(house.arguments)
        revpi.client.plcstart()
        revpi.until(lambda: state_of(revpi) == "STANDBY", 90, "the first release does not run")
        first = json.loads((revpi.state / "releases.json").read_text())["current_release"]

        # A running program does not notice an upload, not even a broken one.
        running = revpi.pid()
        revpi.upload(with_defect(bundle, tmp_path / "broken.zip", "thermiq/plc/app.py", b"broken = True\n"))
        assert revpi.pid() == running
        os.kill(running, signal.SIGKILL)
        revpi.until(lambda: revpi.pid() not in (None, running), 60, "no restart")
        revpi.until(lambda: state_of(revpi) == "STANDBY", 90, "the old release does not continue")
        assert json.loads((revpi.state / "releases.json").read_text())["current_release"] == first

        # A whole release that dies at every start is rolled back. First the old one must have been good.
        book = json.loads((revpi.state / "releases.json").read_text())
        book["good"] = [first]
        revpi.client.plcstop()
        (revpi.state / "releases.json").write_text(json.dumps(book))
        sources = tmp_path / "sources"
        shutil.copytree(bundler.ROOT / "plc", sources / "plc", ignore=shutil.ignore_patterns("__pycache__"))
        app = sources / "plc" / "app.py"
        app.write_text(app.read_text() + '\n\ndef run(options):\n    raise RuntimeError("made to fail")\n')
        bad = bundler.build(simulated_site, tmp_path / "bad", program=sources)
        revpi.upload(bad)
        revpi.client.plcstart()
        revpi.until(
            lambda: "rolled back" in json.loads((revpi.state / "releases.json").read_text())["notice"],
            120,
            "no roll back",
        )
        revpi.until(lambda: state_of(revpi) == "STANDBY", 90, "the earlier release does not run again")
        assert json.loads((revpi.state / "releases.json").read_text())["current_release"] == first
        revpi.client.plcstop()


def test_the_unprivileged_account_starts_it_and_secrets_leave_the_working_directory(device, bundle):
    if os.getuid() != 0:
        pytest.skip("only root can start a daemon that changes its account")
    revpi = device(uid=65534)
    revpi.upload(bundle)
    revpi.send(b"hunter2", "secrets/miner1")
    revpi.configure(f"run @site --image {revpi.image} --pictory {revpi.pictory}")
    revpi.client.plcstart()
    revpi.until(lambda: scans_of(revpi) > 20, 90, "it does not scan")
    assert os.stat(f"/proc/{revpi.pid()}").st_uid == 65534
    secret = revpi.state / "secrets" / "miner1"
    assert secret.read_text() == "hunter2"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert not (revpi.work / "secrets").exists()
    assert "hunter2" not in revpi.program_log()
    revpi.client.plcstop()
    revpi.until(lambda: not any(revpi.outputs()), 10, "outputs are on after a stop")


def test_a_second_supervisor_beside_a_running_instance_moves_no_output(device, bundle):
    revpi = device()
    revpi.upload(bundle)
    with House(revpi) as house:
        revpi.configure(house.arguments)
        revpi.client.plcstart()
        revpi.until(
            lambda: state_of(revpi) == "HEAT_BUFFER" and enables(revpi), 120, "the plant does not heat"
        )
        scans = scans_of(revpi)
        release = next((revpi.state / "releases").iterdir())
        second = subprocess.Popen(
            [BASE_PYTHON, "-P", "-m", "plc", *house.arguments.replace("@site", str(site_of(revpi))).split()],
            env={**os.environ, **revpi.environment, "PYTHONPATH": f"{release}:{release / 'lib'}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            revpi.until(lambda: scans_of(revpi) > scans + 2000, 60, "the first instance stands still")
            assert second.poll() is None, "the second instance waits, it does not end"
            assert enables(revpi)
        finally:
            second.kill()
            second.communicate()
        revpi.client.plcstop()


def site_of(revpi: RevPi) -> Path:
    return next((revpi.state / "sites").iterdir())


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_the_bundle_starts_on_every_supported_python(device, bundle, version):
    interpreter = find_python(version)
    if interpreter is None:
        pytest.skip(f"no Python {version} on this machine")
    revpi = device(interpreter=interpreter)
    revpi.upload(bundle)
    revpi.configure(f"run @site --image {revpi.image} --pictory {revpi.pictory}")
    revpi.client.plcstart()
    revpi.until(lambda: scans_of(revpi) > 20, 90, "it does not scan")
    assert "Traceback" not in revpi.program_log()
    revpi.client.plcstop()


def find_python(version: str) -> str | None:
    """A real interpreter of this version, not a wrapper that only knows where one could be."""
    candidates = [
        shutil.which(f"python{version}"),
        *map(str, Path("/root/.pyenv/versions").glob(f"{version}.*/bin/python3")),
    ]
    for path in filter(None, candidates):
        words = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.stdout.startswith(f"{version} "):
            return os.path.realpath(done.stdout.split()[1])
    return None
