"""Small bundles with the real launcher and a stand-in program whose behaviour each test chooses."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "revpi"))

from launcher.manifest import NAME, Manifest  # noqa: E402

STAND_IN = """
import json, os, signal, sys
from pathlib import Path
import helper_library
from plc.store.attempt import Attempt

behaviour = json.loads((Path(__file__).parent / "behaviour.json").read_text())
site = Path(sys.argv[2]) if len(sys.argv) > 2 else None
if sys.argv[1] == "check":
    wanted = behaviour.get("site", "")
    text = (site / "wiring.yaml").read_text()
    print("check by", behaviour["name"])
    sys.exit(behaviour["check"] if wanted in text else 3)
attempt = Attempt.from_environment(os.environ)
seen = {"name": behaviour["name"], "site": str(site), "arguments": sys.argv[1:],
        "notice": os.environ.get("THERMIQ_RELEASE_NOTICE", ""), "secrets": os.environ["THERMIQ_SECRETS_DIR"],
        "library": helper_library.__file__, "program": __file__}
Path(os.environ["SEEN"]).write_text(json.dumps(seen))
if behaviour.get("healthy"):
    attempt.mark_healthy()
if behaviour["run"] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
attempt.mark_exit(behaviour["run"], asked=behaviour.get("asked", False))
sys.exit(behaviour["run"])
"""


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Device:
    """A RevPi as the launcher sees it: a working directory that uploads replace, and a state directory."""

    def __init__(self, folder: Path) -> None:
        self.work, self.state, self.seen_file = folder / "work", folder / "state", folder / "seen.json"

    def upload(self, *, site: str = "plant: walda\n", version: str = "1.0", **behaviour) -> None:
        """Replaces the whole working directory, as RevPi Commander does."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        behaviour = {"name": "one", "check": 0, "run": 0, **behaviour}
        files = {
            "plc/__init__.py": b"",
            "plc/__main__.py": STAND_IN.encode(),
            "plc/behaviour.json": json.dumps(behaviour, sort_keys=True).encode(),
            "plc/store/__init__.py": b"",
        }
        for name in ("atomic", "directories", "attempt"):
            files[f"plc/store/{name}.py"] = (ROOT / "plc" / "store" / f"{name}.py").read_bytes()
        site_files = {"io_map/walda/wiring.yaml": site.encode()}
        wheel = self.work / "wheels" / "helper_library-1.0-py3-none-any.whl"
        wheel.parent.mkdir()
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(zipfile.ZipInfo("helper_library.py"), "")
        for name, data in {**files, **site_files}.items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).write_bytes(data)
        launcher = ROOT / "deploy" / "revpi"
        shutil.copy(launcher / "program.py", self.work)
        shutil.copytree(
            launcher / "launcher", self.work / "launcher", ignore=shutil.ignore_patterns("__pycache__")
        )
        manifest = Manifest(
            version=version,
            site_name="walda",
            program={name: sha(data) for name, data in files.items()},
            site={name: sha(data) for name, data in site_files.items()},
            wheels={f"wheels/{wheel.name}": sha(wheel.read_bytes())},
        )
        (self.work / NAME).write_text(manifest.to_json())

    def start(self, *arguments: str) -> subprocess.CompletedProcess:
        self.seen_file.unlink(missing_ok=True)
        return subprocess.run(
            [sys.executable, "-u", str(self.work / "program.py"), *arguments],
            cwd=self.work,
            env={**os.environ, "THERMIQ_STATE_DIR": str(self.state), "SEEN": str(self.seen_file)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def seen(self) -> dict | None:
        """What the program that really ran reports, None if none ran."""
        return json.loads(self.seen_file.read_text()) if self.seen_file.exists() else None


@pytest.fixture
def device(tmp_path):
    return Device(tmp_path)
