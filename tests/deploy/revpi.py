"""A RevPi without hardware: the real RevPiPyLoad daemon on an image file, and the upload of Commander."""

import ast
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import xmlrpc.client
import zipfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "io_map" / "walda"


def commander_rules():
    """`check_replacedir` and `create_filelist` out of the installed RevPi Commander, without its windows."""
    source = Path(find_spec("revpicommander").origin).parent / "revpiprogram.py"
    wanted = {"check_replacedir", "create_filelist"}
    found = [
        node
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name in wanted
    ]
    space = {"os": os}
    exec(compile(ast.Module(found, []), str(source), "exec"), space)  # its own words, not our memory of them
    return space["check_replacedir"], space["create_filelist"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RevPi:
    """The daemon, its files, and what a person does with RevPi Commander."""

    def __init__(self, folder: Path, *, uid: int, interpreter: str, environment: dict[str, str]) -> None:
        self.folder, self.work = folder, folder / "work"
        self.image, self.pictory = folder / "image", folder / "config.rsc"
        self.state, self.runtime = folder / "state", folder / "run"
        self.log = folder / "daemon.log"
        for directory in (self.work, self.state, self.runtime):
            directory.mkdir()
            os.chown(directory, uid, -1)
        self.image.write_bytes(bytes(4096))
        os.chown(self.image, uid, -1)
        shutil.copy(SITE / "config.rsc", self.pictory)
        programs = folder / "bin"
        programs.mkdir()
        (programs / "python3").symlink_to(interpreter)
        self.port = free_port()
        self._write_configuration(uid)
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "THERMIQ_STATE_DIR": str(self.state),
            "THERMIQ_RUNTIME_DIR": str(self.runtime),
            **environment,
        }
        self.daemon: subprocess.Popen | None = None
        self.client = xmlrpc.client.ServerProxy(f"http://127.0.0.1:{self.port}", allow_none=True)

    def _write_configuration(self, uid: int) -> None:
        recommended = (ROOT / "deploy" / "revpi" / "revpipyload.conf").read_text(encoding="utf-8")
        settings = "\n".join(line for line in recommended.splitlines() if not line.startswith(";"))
        settings = settings.replace("autoreloaddelay = 15", "autoreloaddelay = 5").replace(
            "autostart = 1", "autostart = 0"
        )
        acl = self.folder / "acl"
        acl.write_text("127.0.0.1,4\n")
        (self.folder / "revpipyload.conf").write_text(
            f"{settings}\nplcworkdir = {self.work}\nplcuid = {uid}\nplcgid = {uid}\nreplace_ios =\n"
            f"[XMLRPC]\nxmlrpc = 1\nbindip = 127.0.0.1\nport = {self.port}\naclfile = {acl}\n"
            f"[PLCSERVER]\nplcserver = 0\naclfile = {acl}\nbindip = 127.0.0.1\nport = {free_port()}\n"
            f"[MQTT]\nmqtt = 0\n"
        )

    def boot(self) -> None:
        command = [
            str(Path(sys.executable).parent / "revpipyloadd"),
            *("--procimg", str(self.image), "--pictory", str(self.pictory)),
            *("-c", str(self.folder / "revpipyload.conf"), "-f", str(self.log), "-v"),
        ]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        with (self.folder / "program.log").open("ab") as output:
            self.daemon = subprocess.Popen(
                command, cwd=self.folder, env={**inherited, **self.environment}, stdout=output, stderr=output
            )
        self.until(lambda: self.client.version() is not None, 30, "the daemon does not answer")

    def shut_down(self) -> None:
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            try:
                self.daemon.wait(20)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait(10)

    def upload(self, bundle: Path) -> None:
        """Exactly as Commander does: unpack, strip the single root, clean, send each file."""
        check_replacedir, create_filelist = commander_rules()
        temporary = self.folder / "commander"
        shutil.rmtree(temporary, ignore_errors=True)
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(temporary)
        files = create_filelist(None, str(temporary))
        root, rsc = check_replacedir(None, str(temporary))
        assert rsc is None, "Commander takes a file of the bundle for a PiCtory configuration"
        assert self.client.plcuploadclean()
        for path in sorted(files):
            self.send(Path(path).read_bytes(), path.replace(root, "")[1:])

    def send(self, data: bytes, name: str) -> None:
        assert self.client.plcupload(xmlrpc.client.Binary(gzip.compress(data)), name), name

    def configure(self, arguments: str) -> None:
        settings = self.client.get_config()
        settings.update(plcprogram="program.py", plcarguments=arguments)
        assert self.client.set_config(settings, True)
        time.sleep(2.5)  # the daemon reopens its own server; it offers no way to see when it is done
        self.until(lambda: self.client.version() is not None, 30, "the daemon does not come back")

    def status(self) -> dict:
        """What the running controller says about itself; empty while it has said nothing."""
        found = sorted(self.runtime.rglob("status.json"))
        try:
            return json.loads(found[0].read_text()) if found else {}
        except ValueError:
            return {}

    def pid(self) -> int | None:
        """Process id of the program that the daemon started."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    words = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if int(words[1]) == self.daemon.pid:
                    return int(entry.name)
        return None

    def outputs(self) -> bytes:
        """All output blocks of the image, one after the other."""
        data, found = self.image.read_bytes(), b""
        for device in json.loads(self.pictory.read_text())["Devices"]:
            for entry in device["out"].values():
                first = int(device["offset"]) + int(entry[3])
                found += data[first : first + max(1, int(entry[2]) // 8)]
        return found

    def program_log(self) -> str:
        return (self.folder / "program.log").read_text(errors="replace") + self.log.read_text(
            errors="replace"
        )

    def until(self, condition, seconds: float, why: str) -> None:
        """Waits for a condition; fails with the program's own words. Refused connections mean: not yet."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except (OSError, xmlrpc.client.Error):
                pass
            time.sleep(0.1)
        raise AssertionError(f"{why} within {seconds} s; the log ends:\n{self.program_log()[-3000:]}")
