"""What an answer's head says to a recipe, read once for each head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.clients.records import EXPLAINED, explained

if TYPE_CHECKING:
    from sessionlab.lab.engine.head import Head
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.workload.recording import Recorder

_TYPES = ("", "application/json", "application/problem+json", "text/html", "text/plain")
_CHARSETS = ("", "charset=utf-8")


@dataclass(slots=True)
class Notes:
    """What an answer's head says: `plain` is False where there is more in it than is read here."""

    plain: bool = True
    problem: bool = False
    node: int = 0
    pin: int = 0
    cookies: tuple[bytes, ...] = ()


class Reader:
    """Reads heads for a recipe; each is read once."""

    def __init__(self, recipe: Recipe, recorder: Recorder) -> None:
        node = recipe.node
        self._named = node.header.lower() if node else ""
        self._explains = node is None
        self.recorder = recorder
        self._word = recorder.writer.word

    def notes(self, head: Head) -> Notes:
        """Keep them with the head, too."""
        notes = head.notes = Notes()
        cookies = []
        for raw_name, raw in head.lines:
            name = raw_name.decode("latin-1").lower()
            if name == "content-type":
                kind, _, charset = raw.decode("latin-1").lower().partition(";")
                notes.plain &= kind.strip() in _TYPES and charset.strip() in _CHARSETS
                notes.problem = "problem" in kind
            elif name == "content-encoding":
                notes.plain = False
            elif name == "set-cookie":
                cookies.append(raw)
            if name == self._named and not notes.node:
                notes.node = self._word("node", raw.decode("utf-8", "surrogateescape"))
            elif name == EXPLAINED.lower():
                self._explain(raw.decode("utf-8", "surrogateescape"), notes)
        notes.cookies = tuple(cookies)
        return notes

    def _explain(self, said: str, notes: Notes) -> None:
        found = explained(said)
        verdict, reason = found.get("affinity", ""), found.get("reason", "")
        notes.pin = self._word("pin", f"{verdict};{reason}" if reason else verdict)
        backend = found.get("backend", "-")
        if self._explains and backend != "-":
            notes.node = self._word("node", backend)
