"""What a bundle must contain, byte for byte.

An upload sends file by file and may break off anywhere; the manifest is how a half-arrived bundle is
told from a whole one. It is no signature: whoever may upload may also run programs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

NAME = "MANIFEST.json"
FORMAT = 1


class BrokenBundleError(Exception):
    """The bundle is incomplete or altered."""


@dataclass(frozen=True)
class Manifest:
    """files: path below the bundle -> sha256. The site folder is listed apart, it has a life of its own."""

    version: str
    site_name: str
    program: dict[str, str]
    site: dict[str, str]
    wheels: dict[str, str]

    @property
    def release_id(self) -> str:
        """Names the program: equal content, equal name, wherever and whenever it was built."""
        return f"{self.version}-{_digest({**self.program, **self.wheels})[:12]}"

    @property
    def site_id(self) -> str:
        """Names the site folder by its content."""
        return f"{self.site_name}-{_digest(self.site)[:12]}"

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **self.__dict__}, indent=1, sort_keys=True) + "\n"


def read(root: Path) -> Manifest:
    """The manifest of an uploaded bundle. Raises BrokenBundleError."""
    try:
        data = json.loads((root / NAME).read_text(encoding="utf-8"))
        if data.pop("format") != FORMAT:
            raise BrokenBundleError(f"{NAME}: made for another launcher")
        return Manifest(**data)
    except FileNotFoundError as error:
        raise BrokenBundleError(f"{NAME} is missing: the upload is incomplete") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenBundleError(f"{NAME} is damaged ({type(error).__name__})") from error


def verify(root: Path, files: dict[str, str]) -> None:
    """Compares files with their checksums. Raises BrokenBundleError with the first few differences."""
    wrong = [name for name, digest in sorted(files.items()) if file_digest(root / name) != digest]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise BrokenBundleError(f"missing or altered: {', '.join(wrong[:3])}{more}")


def file_digest(path: Path) -> str:
    """sha256 of a file, empty when there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ""


def _digest(files: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
