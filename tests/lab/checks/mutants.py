"""A good history, changed in one place: what share of the changes do the checks catch?

`python -m benchmarks.mutants` prints it. A mutant is caught when a check that held holds no more,
or when a figure breaks the bound that the good history just meets (errors, the longest latency).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from sessionlab.lab.checks import CHECKS
from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.record.history import Ending
from tests.lab.checks.histories import Step, found, good, login

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sessionlab.lab.checks.interface import Finding
    from sessionlab.lab.events import Event

BOUNDED = ("errors", "max_ms")
AWAY = (3.6, 7.0)  # n1 was killed and came back, and its users came back from it later
EQUIVALENT = 0.0


@dataclass
class Kind:
    """One way to change a history: which operations can be, to what, how many must be caught."""

    floor: float
    can: Callable[[Step, History], bool]
    change: Callable[[Step, History, Random], Sequence[Step]]
    why: str = ""


@dataclass
class History:
    steps: list[Step]
    events: tuple[Event, ...]
    after: dict[Step, list[Step]] = field(default_factory=dict)
    before: dict[Step, list[Step]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Who comes after and before each in its session."""
        sessions: dict[tuple[str, int], list[Step]] = {}
        number: Counter[str] = Counter()
        for one in sorted(self.steps, key=lambda one: one.op.invoked):
            number[one.op.client] += one.op.conversation == "login"
            sessions.setdefault((one.op.client, number[one.op.client]), []).append(one)
        for own in sessions.values():
            for place, it in enumerate(own):
                self.before[it], self.after[it] = own[:place], own[place + 1 :]

    def read_later(self, one: Step) -> bool:
        return any(
            one.op.item in (it.op.items or ()) and it.op.invoked >= one.op.completed
            for it in self.after[one]
        )

    def looked_for_later(self, one: Step) -> bool:
        return any(
            it.op.items is not None and it.op.invoked >= one.op.completed for it in self.after[one]
        )


def is_ok(one: Step, *whats: str) -> bool:
    return one.op.conversation in whats and one.op.outcome is Ending.OK and one.op.tab < 1000


def in_session(one: Step) -> bool:
    return is_ok(one, "me", "read", "write")


def other(name: str, random: Random) -> str:
    return random.choice([one for one in (f"u{n}" for n in range(12)) if one != name])


def logged_out(history: History, before: float) -> list[Step]:
    outs = (one for one in history.steps if one.op.conversation == "logout")
    return [one for one in outs if one.op.status == 204 and one.op.completed < before]


def read_too_early(one: Step, history: History, _: Random) -> Sequence[Step]:
    """A read is told of as if it had come before the write that it shows."""
    wrote = next(
        it
        for it in history.before[one]
        if it.op.item in (one.op.items or ()) and is_ok(it, "write")
    )
    at = wrote.op.invoked - 0.015
    return [one.but(invoked=at, completed=at + 0.01)]


def others_credential(one: Step, history: History, random: Random) -> Sequence[Step]:
    own = [it for it in logged_out(history, one.op.invoked) if it.op.client == one.op.client]
    return [replace(one, credential=random.choice(own).credential)]


def items(one: Step) -> tuple[str, ...]:
    return one.op.items or ()


NOTHING_TELLS = "nothing else tells of it: the history without it is as good"
IDEMPOTENT = "it changes nothing, and it was answered the same way twice"
KINDS: dict[str, Kind] = {
    "drop an acknowledged write, read later": Kind(
        1, lambda one, h: is_ok(one, "write") and h.read_later(one), lambda *_: []
    ),
    "drop a write that nobody reads": Kind(
        EQUIVALENT,
        lambda one, h: one.op.conversation == "write" and not h.read_later(one),
        lambda one, *_: [],
        NOTHING_TELLS,
    ),
    "drop a read, a me, a replay": Kind(
        EQUIVALENT,
        lambda one, _: one.op.conversation in ("me", "read"),
        lambda *_: [],
        NOTHING_TELLS,
    ),
    "drop a login": Kind(
        EQUIVALENT,
        lambda one, _: one.op.conversation == "login",
        lambda *_: [],
        "what follows is then after the logout before, or was never entitled: no promise was made",
    ),
    "drop a logout": Kind(
        EQUIVALENT,
        lambda one, _: one.op.conversation == "logout",
        lambda *_: [],
        "who comes back with the old credential is a client of its own that never logged in",
    ),
    "duplicate an acknowledged write, read later": Kind(
        1, lambda one, h: is_ok(one, "write") and h.read_later(one), lambda one, *_: [one, one]
    ),
    "duplicate anything else": Kind(
        EQUIVALENT,
        lambda one, _: one.op.conversation != "write" and one.op.status not in (None, 502),
        lambda one, *_: [one, one],
        IDEMPOTENT,
    ),
    "reorder: a read before the write it shows": Kind(
        1,
        lambda one, h: (
            is_ok(one, "read")
            and any(is_ok(it, "write") and it.op.item in items(one) for it in h.before[one])
        ),
        read_too_early,
    ),
    "reorder: a me a little later": Kind(
        EQUIVALENT,
        lambda one, _: is_ok(one, "me"),
        lambda one, *_: [
            one.but(invoked=one.op.invoked + 0.001, completed=one.op.completed + 0.001)
        ],
        "it says the same at both moments",
    ),
    "user: an answer names another": Kind(
        1, lambda one, _: in_session(one), lambda one, _, r: [one.but(user=other(one.op.client, r))]
    ),
    "user: an operation is another's": Kind(
        1,
        lambda one, _: in_session(one),
        lambda one, _, r: [one.but(client=other(one.op.client, r))],
    ),
    "item: one is missing": Kind(
        0.9,
        lambda one, _: is_ok(one, "read") and bool(items(one)),
        lambda one, _, r: [one.but(items=tuple(r.sample(items(one), len(items(one)) - 1)))],
        "the one that is missing is of a write whose outcome nobody knows",
    ),
    "item: another user's": Kind(
        1,
        lambda one, _: is_ok(one, "read"),
        lambda one, _, r: [one.but(items=(*items(one), f"{other(one.op.client, r)}.1"))],
    ),
    "item: one of the user's own, of another session or never written": Kind(
        0.6,
        lambda one, _: is_ok(one, "read"),
        lambda one, _, r: [one.but(items=(*items(one), f"{one.op.client}.{r.randint(1, 99)}"))],
        "it was written in a session before, which a cart may outlive",
    ),
    "item: one twice": Kind(
        1,
        lambda one, _: is_ok(one, "read") and bool(items(one)),
        lambda one, _, r: [one.but(items=(*items(one), r.choice(items(one))))],
    ),
    "item: a write's, read later": Kind(
        1,
        lambda one, h: is_ok(one, "write") and h.read_later(one),
        lambda one, *_: [one.but(item="a book")],
    ),
    "node: a pinned request elsewhere": Kind(
        1,
        lambda one, h: (
            in_session(one) and bool(h.before[one]) and not AWAY[0] < one.op.invoked < AWAY[1]
        ),
        lambda one, _, r: [
            one.but(node=r.choice(sorted({"n1", "n2", "n3"} - {one.op.node or ""})))
        ],
    ),
    "node: the same while a node is away": Kind(
        0.8,
        lambda one, h: (
            in_session(one) and bool(h.before[one]) and AWAY[0] < one.op.invoked < AWAY[1]
        ),
        lambda one, _, r: [
            one.but(node=r.choice(sorted({"n1", "n2", "n3"} - {one.op.node or ""})))
        ],
        "it moved from n1, which was down",
    ),
    "credential: one that was logged out": Kind(
        1,
        lambda one, h: (
            in_session(one)
            and any(it.op.client == one.op.client for it in logged_out(h, one.op.invoked))
        ),
        others_credential,
    ),
    "credential: a replay's is another": Kind(
        EQUIVALENT,
        lambda one, _: one.op.tab >= 1000,
        lambda one, _, r: [replace(one, credential=r.getrandbits(60))],
        "somebody with an unknown credential was refused",
    ),
    "status: a replay is accepted": Kind(
        1,
        lambda one, _: one.op.tab >= 1000,
        lambda one, *_: [one.but(status=200, outcome=Ending.OK, who="user", user=one.op.client)],
    ),
    "status: refused in mid-session": Kind(
        1,
        lambda one, h: in_session(one) and one.op.tab == 0,
        lambda one, *_: [
            one.but(status=401, outcome=Ending.FAILED, who="nobody", user=None, items=None)
        ],
    ),
    "status: an error in mid-session": Kind(
        1,
        lambda one, _: in_session(one),
        lambda one, *_: [
            one.but(status=503, outcome=Ending.FAILED, who="error", user=None, items=None)
        ],
    ),
    "status: a lost write was acknowledged": Kind(
        1,
        lambda one, h: (
            one.op.conversation == "write"
            and one.op.outcome is Ending.UNKNOWN
            and h.looked_for_later(one)
            and not h.read_later(one)
        ),
        lambda one, *_: [one.but(status=200, outcome=Ending.OK, who="user", user=one.op.client)],
    ),
    "status: nobody knows of a write": Kind(
        EQUIVALENT,
        lambda one, _: is_ok(one, "write"),
        lambda one, *_: [one.but(outcome=Ending.UNKNOWN, items=None)],
        "an unknown outcome may be either",
    ),
    "status: a refused write was done all the same": Kind(
        1,
        lambda one, h: is_ok(one, "write") and h.read_later(one),
        lambda one, *_: [one.but(status=409, outcome=Ending.FAILED, who="", user=None, items=None)],
    ),
    "time: 200 times as long": Kind(
        1,
        lambda one, _: in_session(one),
        lambda one, *_: [one.but(completed=one.op.invoked + 2)],
    ),
    "login: with another user's name": Kind(
        1,
        lambda one, _: is_ok(one, "login"),
        lambda one, _, r: [login(one.op.client, one.op.invoked, user=other(one.op.client, r))],
    ),
}


@dataclass
class Score:
    """How many mutants of a kind, and which checks have caught how many."""

    mutants: int = 0
    caught: int = 0
    by: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        return self.caught / max(self.mutants, 1)


@cache
def original(seed: int) -> History:
    return History(*good(seed))


@cache
def findings_of(seed: int) -> dict[str, Finding]:
    return judged(original(seed), original(seed).steps)


def judged(history: History, steps: Sequence[Step]) -> dict[str, Finding]:
    return {name: found(check, steps, *history.events) for name, check in CHECKS.items()}


def mutants(kind: Kind, history: History, random: Random, most: int) -> Iterator[list[Step]]:
    can = [one for one in history.steps if kind.can(one, history)]
    for one in random.sample(can, min(most, len(can))):
        place = history.steps.index(one)
        changed = kind.change(one, history, random)
        yield [*history.steps[:place], *changed, *history.steps[place + 1 :]]


def caught(before: dict[str, Finding], after: dict[str, Finding]) -> list[str]:
    """The checks that see a difference to a good history."""
    return [
        name
        for name, finding in after.items()
        if (before[name].verdict is Verdict.HOLDS and finding.verdict is not Verdict.HOLDS)
        or any(
            float(str(finding.figures[figure])) > float(str(before[name].figures[figure]))
            for figure in BOUNDED
            if figure in finding.figures
        )
    ]


def score(kind: Kind, seeds: Sequence[int], most: int) -> Score:
    total = Score()
    for seed in seeds:
        history = original(seed)
        for steps in mutants(kind, history, Random(seed), most):
            by = caught(findings_of(seed), judged(history, steps))
            total.mutants += 1
            total.caught += bool(by)
            total.by.update(by)
    return total
