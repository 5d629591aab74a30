"""docs/history.md names every column as it is."""

from __future__ import annotations

import re
from pathlib import Path

from sessionlab.lab.record.packed import schema
from sessionlab.lab.record.packed.words import MORE

PAGE = (Path(__file__).parents[4] / "docs" / "history.md").read_text()


def test_the_columns_are_those_of_a_row() -> None:
    told = re.findall(r"^\| `(\w+)` \| ([uif]\d) \|", PAGE, re.MULTILINE)
    assert told == [(name, schema.ROW[name].str[1:]) for name in schema.ROW.names or ()]


def test_what_a_number_stands_for_is_told() -> None:
    for number, word in enumerate(schema.FIXED["conversation"], 1):
        assert f"{word} {number}" in PAGE
    for number, word in enumerate(schema.OUTCOMES):
        assert f"{word} {number}" in PAGE
    assert f"`{MORE}`" in PAGE
    assert f'"schema": {schema.SCHEMA}' in PAGE
