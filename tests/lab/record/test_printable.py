"""What somebody else has written does nothing to a terminal."""

from __future__ import annotations

from sessionlab.lab.record.printable import printable


def test_words_are_left_and_what_moves_a_cursor_is_not() -> None:
    said = "\x1b[31mred\x1b[0m \x1b]0;title\x07on\x1b]8;;x\x1b\\e\x1bc \x00\x07\x7f\x9btab\tü\nline"
    assert printable(said) == "red one tab\tü\nline"
