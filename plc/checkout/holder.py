"""The victim of the last proof: holds one enable until it is killed.

    python -m plc.checkout.holder SITE --image IMAGE --pictory FILE --enable m1_enable

Started by the check-out, which has confirmed breakers and silence before, and killed by it with SIGKILL.
Says on standard output what it waits for, one word a line: reset, closed, or `no REASON`. When nobody reads
or the pipe to its standard input ends (the check-out has died) it lets go of everything by itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from plc.blocks.core import NS_PER_MS
from plc.checkout import texts
from plc.checkout.bench import Bench, Interrupted, guarded_by_key
from plc.checkout.dialog import Console, Question, Quit
from plc.checkout.enables import ENABLE_MAX_S, FEEDBACK, circulation, deadline, permissives
from plc.checkout.talk import Talk, Verdict, speaks_german
from plc.exits import Exit, ExitError
from plc.image.process_image import ProcessImage
from plc.opening import Options, open_image
from plc.scan.clock import MonotonicClock
from plc.site import Site, load_site


class Pipe(Console):
    """Tells the check-out what to show the person."""

    def say(self, text: str) -> None:
        sys.stdout.write(text.splitlines()[0] + "\n")
        sys.stdout.flush()

    def ask(self, question: Question) -> None:
        self.say(question.key.rpartition("/")[2])


def main() -> int:
    """Holds the enable; returns an exit code when it was not killed in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("--image", required=True)
    parser.add_argument("--pictory", type=Path, required=True)
    parser.add_argument("--enable", choices=sorted(FEEDBACK), required=True)
    arguments = parser.parse_args()
    try:
        site = load_site(arguments.site)
        image = open_image(Options(arguments.site, arguments.image, arguments.pictory), site)
        if not image.lock():
            raise ExitError(Exit.ANOTHER_INSTANCE, f"{arguments.image} is in use")
    except ExitError as error:
        sys.stdout.write("no " + str(error).splitlines()[0] + "\n")
        return error.code
    try:
        hold(site, image, arguments.enable)
    except Interrupted as error:
        Pipe().say("no " + error.cause.said(german=speaks_german(site)))
        return Exit.CHECKOUT_FAILED
    except (Verdict, Quit, ExitError, BrokenPipeError) as error:
        Pipe().say(f"no {error or type(error).__name__}")
        return Exit.CHECKOUT_FAILED
    finally:
        image.write_safe()
        image.close()
    return Exit.CHECKOUT_FAILED


def hold(site: Site, image: ProcessImage, enable: str) -> None:
    """Circulation, enable, `closed`; then waits for its end, at most as long as a pulse may last."""
    scan = site.parameters.scan
    clock = MonotonicClock(scan.period_ms * NS_PER_MS)
    bench = Bench(image, clock, scan, key_required=guarded_by_key(image))
    talk = Talk(bench, Pipe(), german=speaks_german(site))
    feedback = FEEDBACK[enable]
    with circulation(talk, site.parameters):
        guards = (permissives(site.parameters, but=feedback), deadline(bench, ENABLE_MAX_S))
        with bench.energised(*guards, **{enable: True}):
            if bench.until(lambda inputs: getattr(inputs, feedback), ENABLE_MAX_S) is None:
                raise Interrupted(texts.NO_ANSWER_OF.of(name=feedback))
            talk.terminal.say("closed")
            while True:
                bench.cycle()
                talk.terminal.poll()  # the end of the pipe is the end of the test


if __name__ == "__main__":
    sys.exit(main())
