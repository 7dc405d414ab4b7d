"""One module per sub-command of `python -m plc`.

A module here offers `add_parser(subparsers)`, which registers its arguments and sets the default `handler`, a
function of the parsed arguments that returns an exit code. What a command needs beyond argparse is imported
inside its handler: `run` must not load what only `export` needs.
"""
