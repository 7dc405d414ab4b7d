"""The command line: finds the sub-commands, runs one, and turns failures into exit codes.

A failure that a person can act on is one line (or one line per fault) on standard error without a traceback;
anything else is a fault of the program, keeps its traceback and ends with exit code 1.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Sequence

import plc.commands
from plc import __version__
from plc.exits import Exit, ExitError


def parser() -> argparse.ArgumentParser:
    """The parser with all sub-commands, in alphabetical order."""
    top = argparse.ArgumentParser(prog="python -m plc", description="ThermIQ PLC")
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for module in sorted(pkgutil.iter_modules(plc.commands.__path__), key=lambda found: found.name):
        importlib.import_module(f"plc.commands.{module.name}").add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an umlaut on a terminal without one costs the umlaut only
    try:
        parsed = parser().parse_args(arguments)
        code = int(parsed.handler(parsed))
        sys.stdout.flush()
        return code
    except ExitError as error:
        print(error, file=sys.stderr)
        return int(error.code)
    except BrokenPipeError:  # `... | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.OK)
    except KeyboardInterrupt:
        return 130
