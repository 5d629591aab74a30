"""Lines and a prompt, where they can be written and where they can't."""

from __future__ import annotations

from rich.text import Text

from sessionlab.lab.bench.terminal import Terminal


def test_lines_that_nobody_takes_are_counted_and_that_is_said_with_the_next_one() -> None:
    written: list[str] = []
    room = [True]

    def write(text: str) -> bool:
        if room[0]:
            written.append(text)
        return room[0]

    terminal = Terminal(lambda line: f"{line.plain}\n", write)
    terminal.show(Text("one"))
    room[0] = False
    for _ in range(3):
        terminal.show(Text("lost"))
    room[0] = True
    terminal.show(Text("two"))
    terminal.show(Text("three"))
    assert written == ["one\n", "… 3 more, not read in time\ntwo\n", "three\n"]
