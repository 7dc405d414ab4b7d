"""Site files that change under a running program are judged before the next start finds out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from plc.exits import Exit
from plc.site_watch import SiteWatch, check

WALDA = Path(__file__).resolve().parent.parent / "io_map" / "walda"


class Judge:
    def __init__(self) -> None:
        self.code = 0
        self.asked = 0

    def __call__(self, folder: Path) -> int:
        self.asked += 1
        return self.code


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WALDA, tmp_path / "site"))


def touch(site: Path, nanoseconds: int) -> None:
    os.utime(site / "site.yaml", ns=(nanoseconds, nanoseconds))


@pytest.mark.parametrize("code", [Exit.SITE_INVALID, Exit.WIRING_DIFFERS])
def test_a_change_is_judged_once_when_it_has_settled_and_again_when_it_is_mended(
    site: Path, code: Exit
) -> None:
    judge = Judge()
    watch = SiteWatch(site, judge=judge)
    watch.turn()
    assert (watch.ok(), judge.asked) == (True, 0), "unchanged files were judged at the start"
    judge.code = int(code)
    touch(site, 1)
    watch.turn()
    assert (watch.ok(), judge.asked) == (True, 0), "somebody may be writing"
    for _ in range(3):
        watch.turn()
    assert (watch.ok(), judge.asked) == (False, 1)
    assert watch.health() == {"ok": False, "changed": True, "exit_code": int(code)}
    judge.code = 0
    touch(site, 2)
    watch.turn()
    watch.turn()
    assert (watch.ok(), judge.asked) == (True, 2)


def test_the_old_files_put_back_are_good_without_asking(site: Path) -> None:
    judge = Judge()
    original = (site / "site.yaml").stat().st_mtime_ns
    watch = SiteWatch(site, judge=judge)
    judge.code = int(Exit.SITE_INVALID)
    for stamp, good in ((1, False), (original, True), (1, False)):
        touch(site, stamp)
        watch.turn()
        watch.turn()
        assert watch.ok() is good


def test_a_check_that_fails_for_another_reason_accuses_nobody(site: Path) -> None:
    judge = Judge()
    watch = SiteWatch(site, judge=judge)
    judge.code = int(Exit.INTERNAL)
    touch(site, 1)
    watch.turn()
    watch.turn()
    assert watch.ok()


def test_a_file_that_is_gone_is_a_change(site: Path) -> None:
    judge = Judge()
    watch = SiteWatch(site, judge=judge)
    judge.code = int(Exit.SITE_INVALID)
    (site / "wiring.yaml").unlink()
    watch.turn()
    watch.turn()
    assert not watch.ok()


def test_the_real_check_tells_a_good_folder_from_a_spoiled_one(site: Path) -> None:
    assert check(site) == int(Exit.OK)
    (site / "site.yaml").write_text("site: {id: [", encoding="utf-8")
    assert check(site) == int(Exit.SITE_INVALID)


def test_the_service_ends_when_asked(site: Path) -> None:
    watch = SiteWatch(site)
    watch.start()
    watch.stop()
    assert watch.join(5.0)
