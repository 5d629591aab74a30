"""What is drawn where a terminal knows ASCII only."""

from __future__ import annotations

import pytest

from sessionlab.lab.reports.glyphs import ASCII, Glyphs, glyphs_for


@pytest.mark.parametrize(
    ("encoding", "environment", "wide"),
    [
        ("utf-8", {}, True),
        ("UTF-8", {"LANG": "de_DE.UTF-8"}, True),
        ("utf-8", {"LANG": "C.UTF-8"}, True),
        ("utf-8", {"LANG": "C", "LC_ALL": "en_US.UTF-8"}, True),
        ("utf-8", {"LANG": "C"}, False),
        ("utf-8", {"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),  # the latter is Python's own doing
        ("utf-8", {"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, False),
        ("ascii", {"LANG": "en_US.UTF-8"}, False),
        ("iso-8859-1", {}, False),
    ],
)
def test_only_what_can_be_shown_is_drawn(
    encoding: str, environment: dict[str, str], wide: bool
) -> None:
    assert glyphs_for(encoding, environment) == (Glyphs() if wide else ASCII)


def test_nothing_but_ascii_is_left_of_anything() -> None:
    assert ASCII.clean("n1 ×3 … – Zoë \ud800\x1b") == "n1 x3 ... - Zo\\xeb ??"
    assert Glyphs().clean("Zoë ×3\x07") == "Zoë ×3?"
