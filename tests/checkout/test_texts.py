"""Both languages say everything, about the same things."""

from __future__ import annotations

import string

import pytest

from plc.checkout import instructions, texts
from plc.checkout.texts import Words


def every(module: object) -> list[Words]:
    """All words of a module, also those inside its tables."""
    found: list[Words] = []

    def look(value: object) -> None:
        if isinstance(value, Words):
            found.append(value)
        elif isinstance(value, dict):
            for item in value.values():
                look(item)
        elif isinstance(value, tuple):
            for item in value:
                look(item)

    for name, value in vars(module).items():
        if not name.startswith("__"):
            look(value)
    return found


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("words", [*every(texts), *every(instructions)], ids=lambda words: words.en[:30])
def test_every_text_stands_in_both_languages_with_the_same_values(words: Words) -> None:
    assert words.de.strip()
    assert words.en.strip()
    assert names(words.de) == names(words.en)
    assert words.de != words.en or not any(letter.isalpha() for letter in _without_names(words.de))


def _without_names(text: str) -> str:
    return "".join(literal for literal, *_ in string.Formatter().parse(text))


def test_a_reason_inside_a_sentence_speaks_the_language_of_the_sentence() -> None:
    whole = texts.INTERRUPTED.of(cause=texts.IS_ZERO.of(name="flow_ok"))
    assert whole.said(german=True) == "abgebrochen: flow_ok ist 0"
    assert whole.said(german=False) == "interrupted: flow_ok is 0"
