"""The page of behaviours says what the tests hold."""

from __future__ import annotations

from tests.field import AREAS, PAGE, page, rows


def test_the_page_is_made_from_the_tests() -> None:
    assert PAGE.read_text() == page(), "python -m tests.field writes it anew"


def test_every_row_has_an_area_and_a_source() -> None:
    for row in rows():
        assert row.area in AREAS, row
        assert row.sources, row
