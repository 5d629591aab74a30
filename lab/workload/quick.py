"""The plain case of a conversation: one request that is the same each time, and its usual answer.

What a request is, and what an answer means, is for `sessionlab.lab.clients` to say. Here is kept
what it would send, as long as what the user holds stays as it is; and of the answers only those
are read that mean but one thing. Any other is handed over to it, as the answer to its request.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from sessionlab.lab.clients.records import EXPLAINED, explained
from sessionlab.lab.clients.speech.heard import NOT_THERE
from sessionlab.lab.clients.speech.takes import in_text, walk
from sessionlab.lab.recipes.model import CONVERSATIONS
from sessionlab.lab.record.packed.schema import OUTCOMES, WHO

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sessionlab.lab.clients.speaker import Foreseen
    from sessionlab.lab.engine.head import Head
    from sessionlab.lab.engine.origin import Origin
    from sessionlab.lab.recipes.model import Recipe, Status, Step
    from sessionlab.lab.workload.recording import Recorder
    from sessionlab.lab.workload.user import VirtualUser

PLAIN = ("me", "read", "write")
"""The conversations that there are most of."""
NUMBER = b"90817263544536271"
"""Stands for an item's number in a request that is kept."""
REFUSED, SERVED, UNAUTHORIZED = 300, 200, 401
_OK, _FAILED = OUTCOMES.index("ok"), OUTCOMES.index("failed")
_NOTHING, _USER, _NOBODY = (WHO.index(who) for who in ("", "user", "nobody"))
_TYPES = ("", "application/json", "application/problem+json", "text/html", "text/plain")
_CHARSETS = ("", "charset=utf-8")
_decode = msgspec.json.decode


class Kept:
    """A request that a user can send again until `until`, and what is known of it before."""

    __slots__ = (
        *("_body", "_head", "_line", "credential", "flags", "hashed", "named", "origin", "size"),
        *("token_end", "until", "url", "within"),
    )

    def __init__(
        self,
        seen: Foreseen,
        origin: Origin,
        within: float,
        flags: int,
        hashed: int,
        token_end: float,
        until: float,
    ) -> None:
        self.url, self.named = seen.url, seen.named
        self.origin, self.within, self.flags = origin, within, flags
        self.hashed, self.token_end, self.until = hashed, token_end, until
        self.credential, self.size = seen.credential, seen.credential + seen.size
        self._head, self._body, self._line = seen.request, b"", b""
        if NUMBER in seen.request:
            head, end, self._body = seen.request.partition(b"\r\n\r\n")
            self._head = head + end
            self._line = _length(self._body)

    def request(self, number: int) -> bytes:
        """With that item's number, where it has one."""
        if not self._line:
            return self._head
        said = b"%d" % number
        body = self._body.replace(NUMBER, said)
        head = self._head.replace(NUMBER, said).replace(self._line, _length(body))
        return head + body


def _length(body: bytes) -> bytes:
    return b"\r\nContent-Length: %d\r\n" % len(body)


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


class Quick:
    """One conversation of a recipe, for all users of a process; see `quicks`."""

    def __init__(self, name: str, step: Step, recipe: Recipe, reader: Reader) -> None:
        self.name = name
        self.step = step
        recorder = self._recorder = reader.recorder
        rule = step.nobody if name == "me" else None
        expected = step.expect
        self._expected = range(SERVED, REFUSED) if expected is UNSET else _statuses(expected)
        knows_nobody = name == "me" or expected is UNSET
        statuses = rule.status if rule and rule.status is not UNSET else UNAUTHORIZED
        self._nobody = _statuses(statuses) if knows_nobody and not recipe.connect else []
        self._takes = [(key, _finder(take.json)) for key, take in step.take.items()]
        self._user = _finder(step.user.json) if step.user and name == "me" else None
        self._items = _finder(step.items.json) if step.items and name == "read" else None
        self._node = _finder(recipe.node.json) if recipe.node and recipe.node.json else None
        self._notes, self._add, self._saw = reader.notes, recorder.writer.add, recorder.writer.saw
        self._word = recorder.writer.word
        self._texts: dict[tuple[str, str], int] = {}
        self._number = self._word("conversation", name)
        self._request = self._word("request", f"{step.method} {step.path}")
        self._latencies = recorder.latencies[name]

    def judge(self, user: VirtualUser, head: Head, body: bytes, now: float) -> bool:
        """Record what that means; False, and nothing is recorded, where it is not plain."""
        notes: Notes = head.notes or self._notes(head)
        if not notes.plain or (notes.cookies and notes.cookies != user.cookies):
            return False
        kept, status = user.kept[self.name], head.status
        try:
            said = _decode(body) if body else None
        except msgspec.DecodeError:
            if body.lstrip()[:1] in (b"{", b"["):
                return False  # what the clients' own parser takes for JSON
            said = None
        found, listed, who, outcome, code = 0, None, 0, _OK, 0
        if status in self._nobody:
            who, outcome = _NOBODY, _FAILED
            code = self._text(said, "code") if notes.problem else 0
        elif not SERVED <= status < REFUSED or status not in self._expected:
            return False
        elif self._user:
            if self._user(said) != kept.named:
                return False
            found, who = user.word, _USER
        elif self._items:
            listed = self._items(said)
            if type(listed) is not list:
                return False
        if self._takes and not self._holds(user, said):
            return False
        items, seen = -1, 0
        if listed is not None:
            item = self._recorder.item
            items, seen = self._saw([item(in_text(one)) for one in listed])
        invoked, late = user.invoked, max(user.invoked - user.due, 0.0)
        took = now - invoked
        user.is_nobody = who == _NOBODY
        self._latencies.append(took + late)
        self._add(
            int((invoked - self._recorder.began) * 1e6),
            int(took * 1e6),
            int(late * 1e6),
            kept.hashed,
            kept.size,
            user.word,
            found,
            user.item if self.name == "write" else 0,
            items,
            seen,
            user.tab,
            self._request,
            status,
            notes.node if self._node is None else self._named(said),
            self._text(said, "version"),
            0,
            code,
            notes.pin,
            user.cluster,
            0,
            self._number,
            outcome,
            who,
            kept.flags,
            kept.token_end - time.time(),
        )
        return True

    def _text(self, said: Any, key: str) -> int:
        """The word that a field of the answer is; its name is the kind of word, too."""
        text = said.get(key) if type(said) is dict else None
        return self._word(key, text) if type(text) is str else 0

    def _named(self, said: Any) -> int:
        node = self._node(said) if self._node else None
        return 0 if node is None or node is NOT_THERE else self._word("node", in_text(node))

    def _holds(self, user: VirtualUser, said: Any) -> bool:
        """Whether the answer gives nothing that the user does not have already."""
        taken = user.client.taken
        return all(
            (value := find(said)) is NOT_THERE or value is None or taken.get(key) == in_text(value)
            for key, find in self._takes
        )


def quicks(recipe: Recipe, recorder: Recorder) -> dict[str, Quick]:
    """Those of its conversations that have a plain case."""
    by_cookie = recipe.node is not None and bool(recipe.node.cookie)
    rules = [step.nobody for step in recipe.steps("me") if step.nobody]
    steps = [step for name in CONVERSATIONS for step in recipe.steps(name)]
    if (
        recipe.client.kind == "browser"  # says which page it comes from
        or by_cookie
        or any(rule.path or rule.body for rule in rules)
        or any(step.ws or step.script for step in steps)
    ):
        return {}
    reader = Reader(recipe, recorder)
    return {
        name: Quick(name, step, recipe, reader)
        for name in PLAIN
        if len(recipe.steps(name)) == 1 and _is_plain(step := recipe.steps(name)[0])
    }


def _is_plain(step: Step) -> bool:
    takes = [*step.take.values(), *filter(None, (step.user, step.items))]
    return not step.events and all(take.json for take in takes)


def _finder(path: str) -> Callable[[Any], Any]:
    """What `walk` finds there; most paths are one key."""
    if not path.isidentifier():
        return lambda said: walk(said, path)
    return lambda said: said.get(path, NOT_THERE) if type(said) is dict else NOT_THERE


def _statuses(said: Status) -> Collection[int]:
    return (said,) if isinstance(said, int) else said
