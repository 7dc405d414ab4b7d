"""The real controller as a process on the virtual piControl, with short periods so that tests stay fast."""

import os
from collections.abc import Iterator

import pytest

from tools.twin.picontrol.process import why_not_available

PERIOD_MS, WATCHDOG_MS, HEARTBEAT_MS = 50, 800, 100  # a busy machine is late by hundreds of milliseconds


@pytest.fixture(scope="session")
def _mounted() -> Iterator["CrashRig"]:  # noqa: F821 - imported late: the rig needs what a skipped machine lacks
    reason = why_not_available()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"FUSE is required in CI: {reason}")
        pytest.skip(f"FUSE is not available here: {reason}")
    from tools.twin.crash_rig import CrashRig

    with CrashRig(
        period_ms=PERIOD_MS, watchdog_ms=WATCHDOG_MS, heartbeat_half_period_ms=HEARTBEAT_MS
    ) as started:
        yield started


@pytest.fixture
def rig(_mounted: "CrashRig") -> "CrashRig":  # noqa: F821
    """One mount for all tests; everything else is new for each of them."""
    _mounted.fresh()
    return _mounted
