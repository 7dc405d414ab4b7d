"""Questions and waiting while the cycle goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from plc.checkout.bench import Bench
from plc.checkout.dialog import Question, Quit, Terminal
from plc.checkout.texts import GO, HELP, JUDGED, NOTED, SEEN_OR_AGAIN, Words
from plc.site import Site


class Result(StrEnum):
    """What came out of a step."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Outcome:
    """found: what was seen, for the protocol. measured: figures with units in their names."""

    result: Result
    found: str
    measured: dict[str, float] = field(default_factory=dict)


class Verdict(Exception):  # noqa: N818 - the person has decided, the step ends
    """pass, fail or skip by the person; carries the outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.found)
        self.outcome = outcome


ANSWERS = {"f": Result.FAIL, "s": Result.SKIP}


def speaks_german(site: Site) -> bool:
    """The language of the people at this cabinet."""
    return site.language.value == "de"


class Talk:
    """Bench and terminal together. comments: remarks of the person in the present step."""

    def __init__(self, bench: Bench, terminal: Terminal, *, german: bool) -> None:
        self.bench = bench
        self.terminal = terminal
        self.german = german
        self.comments: list[str] = []

    def words(self, words: Words) -> str:
        """In the language of the site."""
        return words.said(german=self.german)

    def say(self, words: Words) -> None:
        self.terminal.say(self.words(words))

    def failed(self, words: Words, measured: dict[str, float] | None = None) -> Outcome:
        """Outcome of a step that went wrong."""
        return Outcome(Result.FAIL, self.words(words), measured or {})

    def ask(
        self,
        key: str,
        text: str,
        choices: str,
        accept: Callable[[str], bool],
        *,
        watch: Callable[[], bool] = lambda: False,
        show: Callable[[], str] = lambda: "",
    ) -> str:
        """Cycles until an accepted answer came, or `watch` says that none is needed any more ("").

        The answer in small letters. Comments are kept and the question stays. Raises Verdict for fail and
        skip, Quit for q.
        """
        self.terminal.ask(Question(key, text, choices))
        while True:
            self.bench.cycle()
            if watch():
                return ""
            if shown := show():
                self.terminal.live(shown)
            answer = self.terminal.poll()
            if answer is None:
                continue
            if accept(answer.lower()):
                return answer.lower()
            self._other(answer)

    def _other(self, answer: str) -> None:
        """Answers that every question understands."""
        letter, _, rest = answer.partition(" ")
        letter = letter.lower()
        if letter == "c" and rest.strip():
            self.comments.append(rest.strip())
            self.say(NOTED)
        elif letter == "q":
            raise Quit
        elif letter in ANSWERS:
            found = rest.strip() or self.words(JUDGED)
            raise Verdict(Outcome(ANSWERS[letter], found))
        else:
            self.say(HELP)

    def ready(self, key: str, words: Words) -> None:
        """Nothing moves before the person has said so."""
        self.ask(f"{key}/ready", self.words(words), self.words(GO), lambda answer: answer == "")

    def seen(self, key: str, words: Words) -> str:
        """p: seen. r: show it once more."""
        prompt = self.words(SEEN_OR_AGAIN)
        return self.ask(f"{key}/seen", self.words(words), prompt, lambda answer: answer in ("p", "r"))
