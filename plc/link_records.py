"""Files of the MQTT link: its small records, the audit log of commands, and where its password comes from."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plc.field.miner.secret import SecretError, load
from plc.link.settings import Mqtt
from plc.store.atomic import write_atomic

log = logging.getLogger(__name__)

AUDIT_BYTES = 1_000_000
"""The audit log is turned over at this size; one older generation is kept."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Small records of the link in a folder of the state directory; without a folder nothing is kept."""

    folder: Path | None

    def load(self, name: str) -> dict[str, Any]:
        """A record, {} when there is none or it cannot be read."""
        if self.folder is None:
            return {}
        try:
            found = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("mqtt: record %s not used: %s", name, error)
            return {}
        return found if isinstance(found, dict) else {}

    def save(self, name: str, content: Mapping[str, Any]) -> bool:
        """Replaces a record, if it differs; False when it is not stored. A full disk costs nothing else."""
        if self.folder is None:
            return False
        data = json.dumps(content, sort_keys=True).encode()
        path = self.folder / f"{name}.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != data:
                write_atomic(path, data)
        except OSError as error:
            log.warning("mqtt: record %s not kept: %s", name, error)
            return False
        return True

    def audit(self, entry: Mapping[str, Any]) -> None:
        """One line per command, with source and outcome."""
        if self.folder is None:
            return
        path = self.folder / "audit.jsonl"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > AUDIT_BYTES:
                path.replace(path.with_suffix(".1.jsonl"))
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        except OSError as error:
            log.warning("mqtt: audit log: %s", error)


def password_of(settings: Mqtt, environment: Mapping[str, str]) -> str:
    """The broker's password. Raises OSError with what to do, so that it shows as a connection problem."""
    try:
        return load(settings.secret, dict(environment)).reveal()
    except SecretError as error:
        raise OSError(str(error)) from None
