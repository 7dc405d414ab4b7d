"""The cycle of the check-out: read, look at the guards, write. Every wait is a run of cycles.

Outputs are on only inside `energised`, which ends with the safe image however it ends. A guard that speaks, a
pause longer than the output watchdog (its outputs have dropped by then) or an unhealthy module ends the test
that was under way, not the check-out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from plc.blocks.core import NS_PER_MS, NS_PER_S, Tick, ns
from plc.blocks.panel import Heartbeat
from plc.checkout import texts
from plc.checkout.texts import Words
from plc.image.process_image import ProcessImage
from plc.plant.interface import SAFE_OUTPUTS, ImageInputs, ImageOutputs
from plc.plant.parameters import Scan
from plc.scan.clock import Clock

Guard = Callable[[ImageInputs], Words | None]
"""Looks at the inputs while outputs are on; the words say why they must go off now, None = go on."""

NEVER_TOGETHER = (("rv1_a", "rv1_b"), ("rv2_a", "rv2_b"), ("m1_enable", "m2_enable"))
"""Both directions of a valve drive burn it; two enables at once are not one thing at a time."""


class Interrupted(Exception):  # noqa: N818 - not a fault of the program: the test under way is over
    """The outputs were taken back in the middle of a test, or the test cannot go on."""

    def __init__(self, cause: Words) -> None:
        super().__init__(cause.en)
        self.cause = cause


class Bench:
    """Scans one image for the check-out.

    key_required: outputs only with the key switch at MAINT (a real cabinet). inputs: as of the last cycle.
    beating: toggles the heartbeat; the proof of the watchdog relay withholds it.
    """

    def __init__(self, image: ProcessImage, clock: Clock, scan: Scan, *, key_required: bool) -> None:
        self.image = image
        self.clock = clock
        self.beating = True
        self.outputs = SAFE_OUTPUTS
        self._scan = scan
        self._key_required = key_required
        self._guards: list[Guard] = []
        self._heartbeat = Heartbeat(scan.heartbeat_half_period_ms * NS_PER_MS / NS_PER_S)
        self._written_ns: int | None = None
        self._read_ns: int | None = None
        self._begin()

    def _begin(self) -> None:
        self.image.write_safe()
        self.image.arm_watchdog(self._scan.watchdog_ms)
        self.inputs: ImageInputs = self.image.read(self.clock.now_ns())
        self.cycle()

    def take(self, image: ProcessImage) -> None:
        """Goes on with an image that was closed and opened again."""
        self.image = image
        self._written_ns = self._read_ns = None
        self._begin()

    def cycle(self) -> None:
        """One scan. Raises Interrupted after the outputs are off, ImageFault when the image is gone."""
        turn = self.clock.next_turn()
        if turn is None:
            raise Interrupted(texts.NO_TIME)
        now_ns = turn.now_ns
        self.inputs = self.image.read(now_ns)
        dt_ns = now_ns - self._read_ns if self._read_ns is not None else 0
        self._read_ns = now_ns
        healthy = self.inputs.dio_healthy and self.inputs.aio_healthy
        beat = self._heartbeat.step(Tick(now_ns, dt_ns), healthy=healthy and self.beating)
        cause = self._objection() if self.outputs != SAFE_OUTPUTS else None
        if cause is not None:
            self.outputs = SAFE_OUTPUTS
        # A withheld heartbeat freezes at 0, as it does in a program that has died.
        self.image.write(self.outputs._replace(heartbeat=beat))
        self._written_ns = self.clock.now_ns()
        if cause is not None:
            raise Interrupted(cause)

    def _objection(self) -> Words | None:
        """Why outputs may not stay on, looked at immediately before they are written."""
        paused_ns = 0 if self._written_ns is None else self.clock.now_ns() - self._written_ns
        if paused_ns > self._scan.watchdog_ms * NS_PER_MS:
            return texts.STOOD_STILL.of(seconds=paused_ns / NS_PER_S)
        if not self.inputs.dio_healthy or not self.inputs.aio_healthy:
            return texts.MODULE.of(what="; ".join(_health(self.image)))
        if self._key_required and not at_maintenance(self.inputs):
            return texts.KEY_LEFT
        found = (guard(self.inputs) for guard in self._guards)
        return next((cause for cause in found if cause is not None), None)

    @contextlib.contextmanager
    def energised(self, *guards: Guard, **outputs: bool | float) -> Iterator[None]:
        """Outputs on for the length of the block; off again, and written so, at its end. Blocks nest.

        Raises ValueError for outputs that exclude each other, Interrupted when there is an objection now.
        """
        before, guarded = self.outputs, list(self._guards)
        wanted = self.outputs._replace(**outputs)  # type: ignore[arg-type]
        for one, other in NEVER_TOGETHER:
            if getattr(wanted, one) and getattr(wanted, other):
                raise ValueError(f"{one} and {other} exclude each other")
        self._guards += guards
        try:
            self.outputs = wanted
            self.cycle()
            yield
        except BaseException:
            before = SAFE_OUTPUTS
            raise
        finally:
            self.outputs, self._guards = before, guarded
            self._off(before)

    def _off(self, outputs: ImageOutputs) -> None:
        """What was on is off before anything else happens."""
        if outputs == SAFE_OUTPUTS:
            self.image.write_safe()
        else:
            self.image.write(outputs._replace(heartbeat=self._heartbeat.out))

    def run(self, seconds: float) -> None:
        """Cycles for so long."""
        self.until(lambda _: False, seconds)

    def until(self, condition: Callable[[ImageInputs], bool], seconds: float) -> float | None:
        """Cycles until the condition holds: seconds it took; None when it did not come in time."""
        start_ns = self.clock.now_ns()
        while not condition(self.inputs):
            if self.clock.now_ns() - start_ns >= ns(seconds):
                return None
            self.cycle()
        return (self.clock.now_ns() - start_ns) / NS_PER_S

    def let_go(self) -> None:
        """Safe image, handle closed: somebody else may use the image. `take` comes back."""
        self.outputs = SAFE_OUTPUTS
        self.image.write_safe()
        self.image.close()


def guarded_by_key(image: ProcessImage) -> bool:
    """Whether outputs need the key at MAINT: all but a plain file do. Ask before arming the watchdog."""
    return image.is_device or image.has_watchdog()


def at_maintenance(inputs: ImageInputs) -> bool:
    """Key switch at MAINT and nowhere else."""
    return inputs.mode_maint and not inputs.mode_auto


def _health(image: ProcessImage) -> tuple[str, ...]:
    health = image.health
    return (*health.bridge, *health.dio, *health.aio)
