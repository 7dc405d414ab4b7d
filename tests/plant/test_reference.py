"""The reference pages are made from the tables; a rule cannot change without its page.

To write them anew: python -m tests.plant.test_reference
"""

from pathlib import Path

import pytest

from plc.plant import reference

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_page_is_what_the_tables_say(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == reference.PAGES[name](), (
        "write it anew with: python -m tests.plant.test_reference"
    )


def test_every_actuator_has_rows_and_every_row_a_text():
    rows = reference.cause_rows()
    assert {"p3", "p4", "p5", "cooler", "m1", "m2", "hp_block"} <= {row["actuator"] for row in rows}
    assert all(all(row.values()) for row in rows)


def test_no_cause_is_listed_twice_for_one_actuator():
    rows = [(row["actuator"], row["effect"], row["cause"]) for row in reference.cause_rows()]
    assert len(rows) == len(set(rows))


if __name__ == "__main__":
    for file, make in reference.PAGES.items():
        (FOLDER / file).write_text(make(), encoding="utf-8")
