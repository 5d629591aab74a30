"""The plain case of a conversation: one request, and an answer that can mean but one thing.

What answers mean is for `sessionlab.lab.clients` to say. Here only such are read and recorded; any
other is handed over to it, as the answer to its request.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec
from msgspec import UNSET

from sessionlab.lab.clients.speech.conversation import statuses
from sessionlab.lab.clients.speech.heard import NOT_THERE
from sessionlab.lab.clients.speech.takes import in_text, walk
from sessionlab.lab.recipes.model import CONVERSATIONS, Take
from sessionlab.lab.record.history import ENTRIES
from sessionlab.lab.record.packed.schema import ENTERS, OUTCOMES, WHO
from sessionlab.lab.workload.kept import Plain
from sessionlab.lab.workload.notes import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.engine.head import Head
    from sessionlab.lab.recipes.model import Node, Recipe, Step
    from sessionlab.lab.workload.kept import Kept, Requests
    from sessionlab.lab.workload.notes import Notes
    from sessionlab.lab.workload.recording import Recorder

PLAIN = ("login", "me", "read", "write", "logout")
OF_SUCCESS, UNAUTHORIZED = range(200, 300), 401
MALFORMED = object()
_decode = msgspec.json.decode


class Meaning(NamedTuple):
    """What an answer says of who asks; `listed` is what a read has found."""

    who: int = WHO.index("")
    outcome: int = OUTCOMES.index("ok")
    found: int = 0
    listed: Sequence[Any] | None = None


SERVED, NOBODY = Meaning(), Meaning(WHO.index("nobody"), OUTCOMES.index("failed"))


class Asker(Protocol):
    """Who has sent what it has `used`, and holds what the answer gives; see `VirtualUser`."""

    client: Client
    requests: Requests
    used: Kept
    recognised: Meaning
    word: int
    cluster: int
    item: int
    invoked: float
    due: float

    def was(self, *, is_nobody: bool) -> None: ...


class Quick(Plain):
    """One conversation of a recipe, for all users of a process; see `quicks`."""

    def __init__(self, name: str, step: Step, recipe: Recipe, reader: Reader) -> None:
        super().__init__(name, step, recipe)
        recorder = self._recorder = reader.recorder
        rule, expected = step.nobody if name == "me" else None, step.expect
        self._expected = OF_SUCCESS if expected is UNSET else statuses(expected)
        known = recipe.connect or name in ENTRIES or (name != "me" and expected is not UNSET)
        nobody = rule.status if rule and rule.status is not UNSET else UNAUTHORIZED
        self._nobody = () if known else statuses(nobody)
        self._takes = [(key, _finder(take)) for key, take in step.take.items()]
        self._user = _finder(step.user) if step.user and name == "me" else None
        self._items = _finder(step.items) if step.items and name == "read" else None
        self._node = _finder(recipe.node) if recipe.node and recipe.node.json else None
        self._changes = name in ("login", "logout")
        self._flags = ENTERS if name == "login" else 0
        self._notes, self._add, self._saw = reader.notes, recorder.writer.add, recorder.writer.saw
        self._word = recorder.writer.word
        self._number = self._word("conversation", name)
        self._request = self._word("request", f"{step.method} {step.path}")
        self._latencies = recorder.latencies[name]

    def judge(self, user: Asker, head: Head, body: bytes, now: float) -> bool:
        """Record what that means; False, and nothing is recorded, where it is not plain."""
        notes: Notes = head.notes or self._notes(head)
        if not notes.plain:
            return False
        said = _parsed(body)
        meaning = self._meaning(user, head.status, said, body)
        if meaning is None:
            return False
        gives = notes.cookies and notes.cookies != user.requests.cookies
        if (gives or self._takes or self._changes) and not self._accept(user, notes, said, body):
            return False
        user.was(is_nobody=meaning is NOBODY)
        node = notes.node if self._node is None else self._named(said, body)
        self._record(user, head.status, notes, node, meaning, said, now)
        return True

    def _record(
        self,
        user: Asker,
        status: int,
        notes: Notes,
        node: int,
        meaning: Meaning,
        said: Any,
        now: float,
    ) -> None:
        who, outcome, found, listed = meaning
        items, seen = -1, 0
        if listed is not None:
            item = self._recorder.item
            items, seen = self._saw([item(in_text(one)) for one in listed])
        kept, invoked, late = user.used, user.invoked, max(user.invoked - user.due, 0.0)
        took = now - invoked
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
            kept.tab,
            self._request,
            status,
            node,
            self._text(said, "version"),
            0,
            self._text(said, "code") if notes.problem else 0,
            notes.pin,
            user.cluster,
            0,
            self._number,
            outcome,
            who,
            kept.flags | self._flags,
            kept.token_end - time.time(),
        )

    def _meaning(self, user: Asker, status: int, said: Any, body: bytes) -> Meaning | None:
        if status in self._nobody:
            return NOBODY
        if status not in OF_SUCCESS or status not in self._expected or said is MALFORMED:
            return None
        if self._user:
            is_user = self._user(said, body) == user.used.named
            return user.recognised if is_user else None
        if self._items:
            listed = self._items(said, body)
            return Meaning(listed=listed) if type(listed) is list else None
        return SERVED

    def _accept(self, user: Asker, notes: Notes, said: Any, body: bytes) -> bool:
        """Have the user hold what the answer gives; False where it lacks what is needed."""
        if user.used.is_lent:
            return False  # another holds it
        client, new = user.client, {}
        for key, find in self._takes:
            value = find(said, body)
            if value is NOT_THERE and self.name in ENTRIES:
                return False
            if value is not NOT_THERE and value is not None:
                text = in_text(value)
                if client.taken.get(key) != text:
                    new[key] = text
        if new or notes.cookies or self._changes:
            lines = [line.decode("utf-8", "surrogateescape") for line in notes.cookies]
            client.accept(self.name, user.used.url, lines, new)
            user.requests.changed(notes.cookies)
        return True

    def _text(self, said: Any, key: str) -> int:
        """The word that a field of the answer is; its name is the kind of word, too."""
        text = said.get(key) if type(said) is dict else None
        return self._word(key, text) if type(text) is str else 0

    def _named(self, said: Any, body: bytes) -> int:
        node = self._node(said, body) if self._node else None
        return 0 if node is None or node is NOT_THERE else self._word("node", in_text(node))


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
        if not (name == "login" and recipe.connect)  # it connects before, where it must
        and len(recipe.steps(name)) == 1
        and _is_plain(step := recipe.steps(name)[0])
    }


def _is_plain(step: Step) -> bool:
    takes = [*step.take.values(), *filter(None, (step.user, step.items))]
    return not step.events and all(take.json or take.regex for take in takes)


def _parsed(body: bytes) -> Any:
    """JSON; `MALFORMED` for what the clients' own parser may yet take for it."""
    try:
        return _decode(body) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return MALFORMED if body.lstrip()[:1] in (b"{", b"[") else None


def _finder(take: Take | Node) -> Callable[[Any, bytes], Any]:
    """What `takes.find` finds; most ways through JSON are one key."""
    if isinstance(take, Take) and take.regex:
        pattern = re.compile(take.regex)
        group = min(pattern.groups, 1)

        def search(_: Any, body: bytes) -> Any:
            found = pattern.search(body.decode("utf-8", "replace"))
            return found[group] if found else NOT_THERE

        return search
    path = take.json
    if not path.isidentifier():
        return lambda said, _: walk(said, path)
    return lambda said, _: said.get(path, NOT_THERE) if type(said) is dict else NOT_THERE
