"""The mutation runner: what it damages, and that a damaged module is noticed by its tests."""

from __future__ import annotations

import types

import pytest

from tools.bench_parts import _mutants, _mutation_kept, mutation
from tools.bench_parts._mutants import Mutant, Source
from tools.bench_parts._mutation_run import outer_functions

MODULE = '''"""A module."""
from x import Alarm, Rules, TON

A, B = 1, 2
TABLE = (Alarm("a", 1, 2, lambda f: f.hot and not f.cold, 5.0), Alarm("b", 1, 2, lambda f: f.b))
NAMES = {"one", "two"}


class Thing:
    __slots__ = ("a", "b")
    STATE = ("a", "b")
    count: int = 1 + 1

    def __init__(self):
        self.a = 0
        self.b = 0

    def step(self, x: int | None = None) -> bool:
        """Says."""
        if x is None:
            return False
        self.a += x
        self.look()
        del x
        return self.a > 3
'''


@pytest.fixture
def source(tmp_path, monkeypatch):
    (tmp_path / "plc" / "plant").mkdir(parents=True)
    (tmp_path / "plc" / "plant" / "thing.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.setattr(_mutants, "ROOT", tmp_path)
    return Source("plant/thing")


def test_every_kind_of_damage_is_done_once_and_described(source: Source) -> None:
    found = [(mutant.line, mutant.kind, mutant.inside) for mutant in source.mutants()]
    assert found == [
        *[(5, "entry", False)] * 2,
        (5, "argument", False),
        *[(5, kind, True) for kind in ("bool", "operand", "operand", "not")],
        *[(6, "entry", False)] * 2,
        (12, "arithmetic", False),
        (20, "compare", True),
        (21, "statement", True),
        (21, "constant", True),
        (22, "statement", True),
        (22, "arithmetic", True),
        (23, "statement", True),
        (25, "statement", True),
        (25, "compare", True),
    ]
    texts = [mutant.what for mutant in source.mutants()]
    assert texts[3] == "f.hot and (not f.cold) -> f.hot or not f.cold"
    assert texts[4] == "f.hot and (not f.cold) -> True and (not f.cold)"
    assert texts[-1] == "self.a > 3 -> self.a <= 3"


def test_a_damage_changes_one_thing_and_leaves_the_source_whole(source: Source) -> None:
    whole = source.whole()
    for mutant in source.mutants():
        spoiled = source.spoiled(mutant.number)
        assert spoiled != whole
        changed = [
            old.co_qualname
            for old, new in zip(outer_functions(whole), outer_functions(spoiled), strict=False)
            if old != new
        ]
        assert not mutant.inside or len(changed) == 1
    assert source.whole() == whole


def test_what_is_known_is_kept_while_the_module_is_unchanged(tmp_path, monkeypatch) -> None:
    kept = mutation.Kept(tmp_path)
    mutant = Mutant("plant/modes", 3, 40, "not", "x -> not x", inside=True)
    kept.book(mutant, "tests/a.py::b")
    again = mutation.Kept(tmp_path)
    assert again.verdict(mutant) == kept.verdict(mutant)
    monkeypatch.setattr(_mutation_kept, "source_key", lambda module: "another")
    assert again.verdict(mutant) is None


def test_the_score_counts_survivors_and_leaves_out_what_is_the_same_code(tmp_path, capsys) -> None:
    kept = mutation.Kept(tmp_path)
    verdicts = ("tests/a.py::b", "", mutation.SAME, mutation.TOO_LONG)
    tried = [Mutant("plant/modes", n, n, "not", "x", inside=True) for n in range(len(verdicts))]
    for mutant, by in zip(tried, verdicts, strict=True):
        kept.book(mutant, by)
    found = mutation.judge(tried, kept)
    assert found["figures"]["plant/modes mutants"] == 3
    assert found["figures"]["plant/modes noticed"] == 2
    assert found["figures"]["score_pct"] == 66.7
    assert not found["ok"]
    assert capsys.readouterr().out == "survived plc/plant/modes.py:1: not: x\n"


def test_every_module_with_rules_belongs_to_a_part() -> None:
    parts = {module for name in ("rules", "plant", "blocks") for module in mutation.group(name)}
    assert {"plant/interlocks", "plant/trips", "plant/alarms", "plant/hp_block", "blocks/valve"} <= parts
    for part in ("rules", "plant", "blocks"):
        assert mutation.test_files(part)
    assert all((mutation.ROOT / file).exists() for file in mutation.RULE_TESTS)


def test_a_run_on_the_sequence_notices_what_is_damaged(tmp_path, monkeypatch) -> None:
    """Two mutants with all that belongs to it: forks, tracing, damage put into the living function."""
    monkeypatch.setattr(mutation, "RULE_TESTS", ("tests/plant/test_transitions.py",))
    arguments = types.SimpleNamespace(
        short=False, parts=["rules"], modules=["plant/sequence"], every=8, jobs=1, longest=0.2, keep=tmp_path
    )
    found = mutation.run(arguments)  # type: ignore[arg-type]
    assert found["figures"]["mutants"] == 2
    assert found["figures"]["noticed"] == 2
    assert (tmp_path / "verdicts.jsonl").read_text(encoding="utf-8").count("tests/") == 2
