"""A real Node-RED 4.1, headless, for tests: installed once into the cache folder, started with a flow."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.peers.mqtt_rig import need, until
from tools.demo_app.demo_site import free_ports

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache/node_red"
VERSION = "4.1.1"
INSTALL_S = 300
START_S = 60.0

SETTINGS = """module.exports = {
  uiHost: "127.0.0.1", uiPort: %(port)d, userDir: %(folder)s, flowFile: "flows.json",
  credentialSecret: "of this test", httpAdminRoot: "/admin", httpNodeRoot: "/",
  editorTheme: { tours: false }, telemetry: { enabled: false, updateNotification: false },
  runtimeState: { enabled: true, ui: false }, contextStorage: { default: { module: "memory" } },
  externalModules: { autoInstall: false, palette: { allowInstall: false }, modules: { allowInstall: false } },
  logging: { console: { level: "warn" } },
};
"""


def installed() -> Path:
    """red.js of the pinned version; installs it with npm the first time."""
    program = CACHE / "node_modules/node-red"
    found = program / "package.json"
    if not found.exists() or json.loads(found.read_text())["version"] != VERSION:
        npm = need(shutil.which("npm"), "npm")
        CACHE.mkdir(parents=True, exist_ok=True)
        options = ["--prefix", str(CACHE), "--no-audit", "--no-fund", "--no-save"]
        subprocess.run(
            [npm, "install", *options, f"node-red@{VERSION}"],
            check=True, capture_output=True, timeout=INSTALL_S, cwd=CACHE,
        )  # fmt: skip
    return program / "red.js"


class NodeRed:
    """One process; its admin interface is the way in."""

    def __init__(self, folder: Path, **environment: str) -> None:
        node = need(shutil.which("node"), "nodejs")
        red = installed()
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_ports(1)[0]
        settings = folder / "settings.js"
        settings.write_text(SETTINGS % {"port": self.port, "folder": json.dumps(str(folder))})
        self.log = folder / "node-red.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [node, str(red), "-s", str(settings)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environment},
            )  # fmt: skip
        until(self._answers, f"Node-RED: {self.log.read_text()[-500:]}", START_S)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        try:
            return bool(self.get("settings"))
        except (OSError, urllib.error.URLError):
            return False

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/admin/{path}", timeout=10) as answer:
            return json.loads(answer.read())

    def post(self, path: str, content: Any) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/admin/{path}",
            data=json.dumps(content).encode(),
            headers={"Content-Type": "application/json", "Node-RED-Deployment-Type": "full"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def press(self, node: str, payload: Any = None) -> None:
        """An inject node; payload replaces its own."""
        if payload is None:
            self.post(f"inject/{node}", {})
            return
        value = {"p": "payload", "v": json.dumps(payload), "vt": "json"}
        self.post(f"inject/{node}", {"__user_inject_props__": [value]})

    def flow(self, tab: str, key: str) -> Any:
        """A value of the flow context of a tab, None when there is none."""
        found = self.get(f"context/flow/{tab}/{key}")
        text, kind = found.get("msg"), found.get("format", "")
        if text is None or kind == "undefined" or text == "(undefined)":
            return None
        if kind == "Object" or kind.startswith(("array", "object")):
            return json.loads(text)
        return {"true": True, "false": False}.get(text, text)

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
