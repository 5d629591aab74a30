"""Standard output that is written from a thread."""

from __future__ import annotations

import os

import pytest

from sessionlab.lab.cli import screen
from sessionlab.lab.cli.screen import Printer, ScreenGone


def test_what_was_written_is_there_in_the_end_in_its_order() -> None:
    read, write = os.pipe()
    with Printer(write) as printing:
        for number in range(100):
            assert printing.write(f"{number}\n")
        printing.check()
    os.close(write)
    with os.fdopen(read) as reader:
        assert reader.read().split() == [str(number) for number in range(100)]


def test_what_has_no_room_is_refused_and_a_reader_who_left_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(screen, "MOST", 2)
    read, write = os.pipe()
    with Printer(write) as printing:
        while printing.write("x" * 100_000):
            pass
        printing.check()
        os.close(read)
        with pytest.raises(ScreenGone):
            printing.check()
    os.close(write)
