"""Proof that a dead controller opens the contactors: a process holds an enable and is killed.

The image changes hands twice, with the safe image in between. After the kill nothing is written until the
contactor has opened: on a device the driver zeroes the outputs of the dead handle; everywhere else (a
simulation) the outputs stay and K12 alone must do it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import plc
from plc.checkout import texts
from plc.checkout.enables import DROP_MAX_S, ENABLE_MAX_S, FEEDBACK, RESET_WAIT_S
from plc.checkout.talk import Outcome, Result, Talk
from plc.image.process_image import ProcessImage

START_S = 30.0
"""A RevPi imports slowly; then flow has to be proven and the relay reset."""


def kill_proof(
    talk: Talk, command: list[str], reopen: Callable[[], ProcessImage], enable: str = "m1_enable"
) -> Outcome:
    """command: arguments of the holder. reopen: the image again, locked; may raise ImageFault."""
    bench = talk.bench
    bench.let_go()
    try:
        words, child = _hold(talk, [*command, "--enable", enable])
    except BaseException:
        bench.take(reopen())
        raise
    killed_ns = bench.clock.now_ns()
    image = reopen()
    drop_s: float | None = None
    if words == "closed":
        drop_s = _drop(talk, image, FEEDBACK[enable], killed_ns)
    del child
    bench.take(image)
    if words != "closed":
        return talk.failed(texts.DID_NOT_CLOSE.of(why=words))
    if drop_s is None:
        return talk.failed(texts.KILLED_STILL_CLOSED.of(seconds=DROP_MAX_S))
    found = talk.words(texts.KILLED_OPEN.of(drop_s=drop_s))
    return Outcome(Result.PASS, found, {"drop_s": round(drop_s, 2)})


def _hold(talk: Talk, command: list[str]) -> tuple[str, int]:
    """Runs the holder until its contactor is closed, kills it; the last thing it said, and its exit code."""
    root = str(Path(plc.__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    child = subprocess.Popen(
        # -P: the working directory of a RevPi holds the last upload, which may be another program.
        [sys.executable, "-P", "-m", "plc.checkout.holder", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        words = _listen(talk, child)
    finally:
        child.send_signal(signal.SIGKILL)
        code = child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
    return words, code


def _listen(talk: Talk, child: subprocess.Popen[bytes]) -> str:
    """What the holder says, until it is closed or over. The image is his: no cycle of ours."""
    assert child.stdout is not None
    descriptor = child.stdout.fileno()
    os.set_blocking(descriptor, False)
    clock, rest = talk.bench.clock, b""
    end_ns = clock.now_ns() + round((START_S + RESET_WAIT_S + ENABLE_MAX_S) * 1e9)
    while clock.now_ns() < end_ns:
        clock.next_turn()
        if (talk.terminal.poll() or "").lower() in ("q", "s", "f"):
            return talk.words(texts.ABORTED)
        try:
            chunk = os.read(descriptor, 4096)
        except BlockingIOError:
            continue
        if not chunk:
            return talk.words(texts.ENDED_EARLY)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            words = line.decode("utf-8", "replace")
            if words == "reset":
                talk.say(texts.RESET)
            elif words == "closed" or words.startswith("no "):
                return words.removeprefix("no ")
    return talk.words(texts.NO_ANSWER)


def _drop(talk: Talk, image: ProcessImage, feedback: str, killed_ns: int) -> float | None:
    """Reads, and only reads, until the contactor is open."""
    clock = talk.bench.clock
    while True:
        now_ns = clock.now_ns()
        inputs = image.read(now_ns)
        if inputs.dio_healthy and not getattr(inputs, feedback):
            return (now_ns - killed_ns) / 1e9
        if now_ns - killed_ns > DROP_MAX_S * 1e9:
            return None
        clock.next_turn()
