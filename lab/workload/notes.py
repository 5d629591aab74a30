"""What an answer's head says to a recipe; most of its lines came before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.clients.records import EXPLAINED, explained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.engine.head import Head
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.workload.recording import Recorder

MOST_LINES, MOST_NOTES = 2000, 1000
_TYPES = ("", "application/json", "application/problem+json", "text/html", "text/plain")
_CHARSETS = ("", "charset=utf-8")


class Notes:
    """What a head says: `plain` is False where there is more in it than is read here."""

    plain = True
    problem = False
    node = pin = 0
    cookies: tuple[bytes, ...] = ()


class Reader:
    """Reads heads for a recipe. Those that differ in other headers only have the same notes."""

    def __init__(self, recipe: Recipe, recorder: Recorder) -> None:
        node = recipe.node
        self.recorder = recorder
        self._named = node.header.lower() if node else ""
        self._explains = node is None
        self._word = recorder.writer.word
        said = ("content-type", "content-encoding", "set-cookie", EXPLAINED.lower(), self._named)
        self._wanted = frozenset(said)
        self._lines: dict[bytes, bool] = {}
        """Whether a line is wanted, of those that came."""
        self._names: dict[bytes, bool] = {}
        self._notes: dict[bytes, Notes] = {}

    def notes(self, head: Head) -> Notes:
        """Keep them with the head, too."""
        known, wanted = self._lines, []
        for line in head.raw.split(b"\r\n")[1:-2]:
            is_wanted = known.get(line)
            if is_wanted is None:
                is_wanted = self._look(line)
            if is_wanted:
                wanted.append(line)
        key = b"\n".join(wanted)
        notes = head.notes = self._notes.get(key) or self._read(key, wanted)
        return notes

    def _look(self, line: bytes) -> bool:
        name = line.partition(b":")[0]
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = name.decode("latin-1").lower() in self._wanted
        if len(self._lines) >= MOST_LINES:
            self._lines.clear()
        self._lines[line] = found
        return found

    def _read(self, key: bytes, lines: Sequence[bytes]) -> Notes:
        notes = Notes()
        for line in lines:
            name, _, value = line.decode("utf-8", "surrogateescape").partition(":")
            name, value = name.lower(), value.strip(" \t")
            if name == "content-type":
                kind, _, charset = value.lower().partition(";")
                notes.plain &= kind.strip() in _TYPES and charset.strip() in _CHARSETS
                notes.problem = "problem" in kind
            elif name == "content-encoding":
                notes.plain = False
            elif name == "set-cookie":
                notes.cookies = (*notes.cookies, line.partition(b":")[2].strip(b" \t"))
            if name == self._named:
                notes.node = notes.node or self._word("node", value)
            elif name == EXPLAINED.lower():
                self._explain(value, notes)
        if len(self._notes) >= MOST_NOTES:
            self._notes.clear()
        self._notes[key] = notes
        return notes

    def _explain(self, said: str, notes: Notes) -> None:
        found = explained(said)
        verdict, reason = found.get("affinity", ""), found.get("reason", "")
        notes.pin = self._word("pin", f"{verdict};{reason}" if reason else verdict)
        backend = found.get("backend", "-")
        if self._explains and backend != "-":
            notes.node = self._word("node", backend)
