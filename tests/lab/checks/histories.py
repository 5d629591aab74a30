"""Histories made by hand, and a good long one: of a cluster that does all that it should."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from sessionlab.lab.checks.interface import About
from sessionlab.lab.events import Event
from sessionlab.lab.record.history import Ending, Operation
from sessionlab.lab.record.packed.rows import Encoder
from sessionlab.lab.record.packed.schema import ROW, SEEN
from sessionlab.lab.record.packed.shard import Shard
from sessionlab.lab.record.packed.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessionlab.lab.checks.interface import Check, Finding

METHODS = {"login": "POST", "write": "POST", "logout": "POST"}
PATHS = {"write": "/cart", "read": "/cart"}


@dataclass(frozen=True)
class Step:
    """An operation, and what only a packed history has of it."""

    op: Operation
    credential: int = 0
    late: float = 0.0

    def but(self, **changes: Any) -> Step:
        return replace(self, op=replace(self.op, **changes))


def step(client: str, what: str, at: float, /, **more: Any) -> Step:
    """A request that went well, 10 ms long, at node n1 with a good pin; `more` says otherwise."""
    credential, late = more.pop("credential", 7), more.pop("late", 0.0)
    took, sent = more.pop("took", 0.01), bool(credential)
    status = more.get("status", 200)
    given: dict[str, Any] = {
        "outcome": Ending.OK if status and status < 400 else Ending.FAILED,
        "status": status,
        "node": "n1",
        "credential": 60 if sent else 0,
        "verdict": "VN" if sent else "NI",
        "conversation": what,
        "enters": what == "login",
        "cluster": "c",
    }
    known = what not in ("login", "logout") and sent
    given |= {"who": "user", "user": client} if known and status == 200 else {}
    if what == "login" and status == 200:
        given |= {"who": "", "user": None}
    given |= {"who": "nobody"} if status == 401 else {}
    given |= {"who": "error"} if status is None or status >= 500 else {}
    method, path = METHODS.get(what, "GET"), PATHS.get(what, f"/{what}")
    return Step(Operation(client, method, path, at, at + took, **(given | more)), credential, late)


def login(client: str, at: float, /, **more: Any) -> Step:
    return step(client, "login", at, **({"credential": 0} | more))


def write(client: str, at: float, item: str, /, **more: Any) -> Step:
    return step(client, "write", at, item=item, **more)


def read(client: str, at: float, /, *items: str, **more: Any) -> Step:
    return step(client, "read", at, items=items, **more)


def shard(steps: Iterable[Step]) -> Shard:
    """As it is when it was read from a folder."""
    words, seen = Words(), list[tuple[int, int]]()

    def saw(pairs: list[tuple[int, int]]) -> tuple[int, int]:
        seen.extend(pairs)
        return len(pairs), len(seen) - len(pairs)

    encoder = Encoder(words, lambda kind, text: words.add(kind, text)[0], saw)
    ordered = sorted(steps, key=lambda one: one.op.completed)
    rows = [encoder.row(one.op, one.credential, one.late) for one in ordered]
    return Shard.of(np.array(rows, ROW), np.array(seen, SEEN), words)


def figures(check: Check, steps: Iterable[Step], *events: Event) -> dict[str, Any]:
    """The figures of what a check says of a history."""
    return dict(found(check, steps, *events).figures)


def found(check: Check, steps: Iterable[Step], *events: Event, ended: float = 60.0) -> Finding:
    """What a check says of a history, looked at in two shards."""
    told = about(*events, ended=ended)
    steps = list(steps)
    users = sorted({one.op.client for one in steps})
    halves = [[one for one in steps if users.index(one.op.client) % 2 == half] for half in (0, 1)]
    return check.judge([check.look(shard(half), told) for half in halves], told)


def event(at: float, kind: str, **data: object) -> Event:
    return Event(at, kind, "s", {"cluster": "c", **data})


def about(*events: Event, ended: float = 60.0) -> About:
    return About(0.0, ended, tuple(events), events[0].data if events else {})


STARTING = event(0.0, "cluster.starting", strategies={"app": "redis"}, affinity="cookie")
READY = event(0.1, "cluster.ready", nodes=["n1", "n2", "n3"])


@dataclass
class Good:
    """A cluster with sessions in Redis and an affinity cookie, whose n1 dies at 4 s and is back
    at 6 s; some requests to it fail, two logouts and some writes have no answer."""

    random: Random
    users: int = 12
    seconds: float = 12.0
    steps: list[Step] = field(default_factory=list)

    @property
    def events(self) -> tuple[Event, ...]:
        return (
            STARTING,
            READY,
            event(4.02, "fault.began", fault="kill-node", part="n1", began=4.0),
            event(4.01, "node.killed", node="n1", began=4.0),
            event(6.0, "node.started", node="n1"),
            event(6.01, "fault.ended", fault="kill-node", part="n1"),
        )

    def play(self) -> list[Step]:
        lives = [_Browser(f"u{number}", self) for number in range(self.users)]
        queue = [(self.random.uniform(0, 0.5), number) for number in range(self.users)]
        heapq.heapify(queue)
        while queue:
            now, number = heapq.heappop(queue)
            if now < self.seconds:
                lives[number].act(round(now, 4))
                heapq.heappush(queue, (now + self.random.uniform(0.03, 0.2), number))
        return self.steps


class _Browser:
    """One user; its session is in Redis, so every node knows it."""

    def __init__(self, name: str, cluster: Good) -> None:
        self.name, self.cluster, self.random = name, cluster, cluster.random
        self.credential, self.written, self.tabs = 0, 0, 999
        self.cart: list[str] = []
        self.node = ""

    def act(self, now: float) -> None:
        if not self.credential:
            self._log_in(now)
            return
        weights = {"me": 4, "read": 5, "write": 4, "logout": 1}
        what = self.random.choices(list(weights), list(weights.values()))[0]
        {"me": self._me, "read": self._read, "write": self._write, "logout": self._log_out}[what](
            now
        )

    def _log_in(self, now: float) -> None:
        self.credential, self.cart = self.random.getrandbits(60), []
        self.node = self.random.choice([n for n in ("n1", "n2", "n3") if self._is_up(n, now)])
        self._add(login(self.name, now, node=self.node))

    def _me(self, now: float) -> None:
        tab = int(self.random.random() < 0.2)
        self._ask("me", now, tab=tab)

    def _read(self, now: float) -> None:
        self._ask("read", now, items=tuple(self.cart))

    def _write(self, now: float) -> None:
        self.written += 1
        item = f"{self.name}.{self.written}"
        if self._ask("write", now, item=item, items=(*self.cart, item)):
            self.cart.append(item)

    def _log_out(self, now: float) -> None:
        lost = self.random.random() < 0.1
        no_answer = {"status": None, "outcome": Ending.UNKNOWN, "node": None}
        ended = no_answer if lost else {"status": 204, "node": self.node}
        self._add(step(self.name, "logout", now, credential=self.credential, **ended))
        if lost:
            self._ask("me", now + 0.02)  # it is still there: what was lost was the request
            return
        self.tabs += 1
        again = {"status": 401, "tab": self.tabs, "node": self.node}
        self._add(step(self.name, "me", now + 0.02, credential=self.credential, **again))
        self.credential = 0

    def _ask(self, what: str, now: float, **more: Any) -> bool:
        """Whether it was done; a node that dies under it may have done it or not."""
        pin: dict[str, Any] = {}
        if not self._is_up(self.node, now):
            if self.random.random() < 0.4:
                sent = what == "write"
                failed = {"status": 502, "node": None, "verdict": "DN"}
                outcome = Ending.UNKNOWN if sent else Ending.FAILED
                more |= {"items": None, "outcome": outcome}
                self._add(step(self.name, what, now, credential=self.credential, **(more | failed)))
                return sent and self.random.random() < 0.5
            self.node = self.random.choice(["n2", "n3"])
            pin = {"verdict": "DI", "reason": "backend-down"}
        self._add(
            step(self.name, what, now, credential=self.credential, node=self.node, **(more | pin))
        )
        return True

    def _is_up(self, node: str, now: float) -> bool:
        return node != "n1" or not 4.0 <= now < 6.0

    def _add(self, one: Step) -> None:
        self.cluster.steps.append(one)


def good(seed: int = 1) -> tuple[list[Step], tuple[Event, ...]]:
    """Its operations and its events."""
    cluster = Good(Random(seed))
    return cluster.play(), cluster.events
