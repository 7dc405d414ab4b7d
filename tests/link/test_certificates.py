"""When certificates end: read from real ones and refused in anything else."""

from __future__ import annotations

import random
import shutil
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plc.link.certificates import DAY_S, Ending, ends_of, first_of, last_of_file, of_file

OPENSSL = shutil.which("openssl")


def made(folder: Path, days: int) -> Path:
    """A certificate of our own that lasts for so many days."""
    if OPENSSL is None:
        pytest.skip("openssl is missing")
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", folder / "key", "-out", folder / "crt", "-days", str(days), "-subj", "/CN=x"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "crt"


@pytest.mark.peer
@pytest.mark.parametrize("days", [1, 825, 3650, 20000])  # the last one beyond 2050: another form of time
def test_the_end_is_the_one_that_openssl_says(tmp_path: Path, days: int) -> None:
    path = made(tmp_path, days)
    said = subprocess.run(
        [str(OPENSSL), "x509", "-in", path, "-noout", "-enddate"], check=True, capture_output=True, text=True
    ).stdout
    expected = ssl.cert_time_to_seconds(said.partition("=")[2].strip())
    assert of_file("own", str(path)) == [Ending("own", expected)]


@pytest.mark.peer
def test_a_chain_has_an_end_for_each_of_its_certificates(tmp_path: Path) -> None:
    text = made(tmp_path, 10).read_text()
    path = tmp_path / "chain"
    path.write_text("subject=CN = x\n" + text + text)
    assert len(of_file("broker", str(path))) == 2


@pytest.mark.peer
def test_an_authority_that_ends_beside_its_successor_is_no_warning(tmp_path: Path) -> None:
    (tmp_path / "bundle").write_text(made(tmp_path, 900).read_text() + made(tmp_path, 3).read_text())
    [last] = last_of_file("authority", str(tmp_path / "bundle"))
    assert last == max(of_file("authority", str(tmp_path / "bundle")))
    assert last_of_file("authority", "") == []


@pytest.mark.parametrize(
    "content", ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_ends_nowhere(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    assert of_file("own", str(path)) == []
    assert of_file("own", str(tmp_path / "missing")) == []
    assert of_file("own", "") == []


@pytest.mark.peer
def test_a_damaged_one_is_refused_and_never_read_forever(tmp_path: Path) -> None:
    der = ssl.PEM_cert_to_DER_cert(made(tmp_path, 10).read_text())
    noise = random.Random(7)
    for _ in range(500):
        broken = bytearray(der[: noise.randrange(1, len(der))] if noise.random() < 0.3 else der)
        for _ in range(noise.randrange(1, 4)):
            broken[noise.randrange(len(broken))] = noise.randrange(256)
        try:
            ends_of(bytes(broken))
        except ValueError:
            continue


def test_the_first_end_counts_and_without_a_clock_nothing_is_told() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
    endings = [Ending("authority", now + 900 * DAY_S), Ending("broker", now + 29.5 * DAY_S)]
    assert first_of(endings, now) == ("broker", 29.5)
    assert first_of(endings, None) is None
    assert first_of([], now) is None
