"""The documentation is true: links lead somewhere, commands exist, tables are the program's.

To write the generated parts (alarms of the operator guide, reference of commands) anew:
python -m tests.docs.test_docs
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from plc import cli
from plc.plant.alarm_table import ALARMS
from plc.plant.alarm_texts import TEXTS

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS]
GUIDE = ROOT / "docs/howto/bedienung.md"
BEGIN, END = "<!-- alarms: begin -->\n", "<!-- alarms: end -->\n"

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"```.*?```", re.S)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(text: str) -> set[str]:
    """The anchors that the headings of a page get on GitHub."""
    found = set()
    for line in _FENCE.sub("", text).splitlines():
        if line.startswith("#"):
            plain = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            found.add(plain.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists() or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            dead.append(target)
    assert not dead


def commands(page: Path) -> Iterator[str]:
    """Everything that is shown as a command line of this project, in blocks and in running text."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for code in [
        *re.findall(r"```\w*\n(.*?)```", text, re.S),
        *re.findall(r"`([^`\n]+)`", _FENCE.sub("", text)),
    ]:
        for line in code.splitlines():
            line = re.sub(r"\$\([^)]*\)|<[^>]*>", "X", line)
            found = re.search(r"(?:-m plc |tools/(?:demo|test|bench|bundle)\b).*", line)
            if found:
                yield found[0].split("#")[0].split(" | ")[0].split(" && ")[0].strip().rstrip(".,;")


COMMANDS = [(page, line) for page in PAGES for line in commands(page)]


def sub_parsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{name(page)}: {line}" for page, line in COMMANDS])
def test_commands_exist_with_their_options(page: Path, line: str) -> None:
    words = shlex.split(line)
    if words[0] == "-m":
        parser, words = cli.parser(), words[2:]
        while words and sub_parsers(parser) and re.fullmatch(r"[a-z-]+", words[0]):
            assert words[0] in sub_parsers(parser), f"{name(page)}: no command {words[0]}"
            parser, words = sub_parsers(parser)[words[0]], words[1:]
        known = set(parser._option_string_actions)
        choices = [set(a.choices) for a in parser._actions if a.choices and not a.option_strings]
        for allowed in choices:
            plain = [word for word in words if re.fullmatch(r"[a-z]+", word)]
            assert not plain or plain[0] in allowed, f"{name(page)}: {plain[0]} is none of {sorted(allowed)}"
    else:
        source = {
            "tools/demo": "tools/demo_app/__main__.py",
            "tools/bundle": "tools/bundler.py",
            "tools/bench": "tools/bench_parts/**/*.py",
            "tools/test": "tools/test",
        }[words[0]]
        assert (ROOT / words[0]).exists()
        text = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob(source))
        known = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", text))
    used = {word.split("=")[0] for word in words if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word)}
    assert used <= known | {"-k"}, f"{name(page)}: {line}: no option {sorted(used - known)}"


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [command for command in sub_parsers(cli.parser()) if f"plc {command}" not in text]
    assert not missing


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    missing = [name(page) for page in DOCS if page.name != "README.md" and f"/{page.name})" not in index]
    assert not missing


def alarm_table() -> str:
    """The table of the operator guide, most urgent first."""
    priority = {alarm.id: alarm.priority for alarm in ALARMS}
    rows = [
        "| Meldung | Stufe | Was passiert ist | Was die Anlage tut | Was zu tun ist |",
        "|---|---|---|---|---|",
    ]
    for alarm in sorted(TEXTS, key=lambda alarm: (priority.get(alarm, 9), alarm)):
        text, level = TEXTS[alarm], priority.get(alarm)
        if level is not None:
            rows.append(f"| {alarm} | {level} | {text.cause_de} | {text.effect_de} | {text.action_de} |")
    return "\n".join(rows) + "\n"


def test_the_operator_guide_has_every_alarm_with_the_program_s_own_words() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    table = text.partition(BEGIN)[2].partition(END)[0]
    assert table == alarm_table(), "write it anew with: python -m tests.docs.test_docs"


def commands_page() -> str:
    """Every command with its arguments, from the parsers themselves."""
    parts = ["# Commands\n\n<!-- generated from the parsers of the commands; do not edit -->\n"]
    for command, parser in sub_parsers(cli.parser()).items():
        parts += _command(f"python -m plc {command}", parser)
        for action, inner in sub_parsers(parser).items():
            parts += _command(f"python -m plc {command} {action}", inner)
    return "\n".join(parts)


def _command(title: str, parser: argparse.ArgumentParser) -> list[str]:
    rows = []
    for action in parser._actions:
        if action.dest == "help" or isinstance(action, argparse._SubParsersAction):
            continue
        place = action.metavar or action.dest.upper() if action.nargs != 0 else ""
        shown = ", ".join(action.option_strings) if action.option_strings else ""
        helped = (action.help or "").replace("%(default)s", str(action.default))
        choices = f" ({', '.join(map(str, action.choices))})" if action.choices else ""
        rows.append(f"| `{f'{shown} {place}'.strip()}` | {helped}{choices} |".replace("%%", "%"))
    table = ["| argument | meaning |", "|---|---|", *rows, ""] if rows else []
    return [f"## {title}\n", f"{(parser.description or '').strip()}\n", *table]


COMMANDS_PAGE = ROOT / "docs/reference/commands.md"


def test_the_reference_of_commands_is_what_the_parsers_say() -> None:
    found = COMMANDS_PAGE.read_text(encoding="utf-8")
    assert found == commands_page(), "write it anew with: python -m tests.docs.test_docs"


if __name__ == "__main__":
    COMMANDS_PAGE.write_text(commands_page(), encoding="utf-8")
    head, _, rest = GUIDE.read_text(encoding="utf-8").partition(BEGIN)
    GUIDE.write_text(head + BEGIN + alarm_table() + END + rest.partition(END)[2], encoding="utf-8")
