"""A table fits where it is shown, whatever is in it."""

from __future__ import annotations

import pytest

from sessionlab.lab.record.tables import Table

NUMBERS = Table(["setting", "kept", "lost"], [["memory, round-robin", "0", "12"]])
WHY = Table([*NUMBERS.columns, "why"], [[*NUMBERS.rows[0], "they were sent to another node"]])


def test_numbers_stand_to_the_right_and_the_why_to_the_left() -> None:
    assert list(NUMBERS.lines()) == [
        "setting              kept  lost",
        "memory, round-robin     0    12",
    ]
    assert list(WHY.lines()) == [
        "setting              kept  lost  why",
        "memory, round-robin     0    12  they were sent to another node",
    ]


def test_a_why_is_wrapped_in_its_column() -> None:
    assert list(WHY.lines(50))[1:] == [
        "memory, round-robin     0    12  they were sent to",
        "                                 another node",
    ]


@pytest.mark.parametrize("table", [NUMBERS, WHY])
def test_where_there_is_no_room_for_columns_a_row_is_a_paragraph(table: Table) -> None:
    lines = list(table.lines(30))
    assert max(map(len, lines)) <= 30
    assert " ".join(line.strip() for line in lines).startswith(
        "memory, round-robin: kept 0, lost 12"
    )
