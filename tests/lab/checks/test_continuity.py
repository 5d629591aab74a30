"""The check says what the replay says, of any history, and replays what it need not seldom."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionlab.lab.checks.continuity import CONTINUITY
from sessionlab.lab.checks.interface import About, Verdict
from sessionlab.lab.checks.plain import Plain
from sessionlab.lab.events import Event
from sessionlab.lab.record.history import Ending, Operation
from sessionlab.lab.record.packed.reader import of_operations
from sessionlab.lab.reports.stored import read
from sessionlab.lab.verdicts.story_time import in_story_time
from sessionlab.lab.verdicts.users import Users
from tests.lab.lives import Life, lives, merged

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDED = Path(__file__).parent.parent / "verdicts" / "recorded"
EVENTS = (
    Event(0.0, "cluster.starting", "s", {"cluster": "c", "strategies": {"app": "memory"}}),
    Event(0.000_020, "node.killed", "s", {"cluster": "c", "node": "n1"}),
)
NODES = ("n1", "n2", None)
ERROR: dict[str, Any] = {"who": "error", "status": 503, "outcome": Ending.FAILED, "items": None}
REFUSED: dict[str, Any] = {"who": "nobody", "status": 401, "outcome": Ending.FAILED}


@dataclass
class Story:
    """Makes operations of one user, mostly fine ones; a microsecond is a long time here."""

    client: str
    chance: random.Random
    odd: float
    now: int = 0
    node: str | None = "n1"
    size: int = 60
    cart: list[str] = field(default_factory=list)
    written: int = 0
    made: list[Operation] = field(default_factory=list)

    def ask(self, conversation: str, **more: Any) -> None:
        invoked = self.now + self.chance.choice((1, 1, 2, 0) if self.odds() else (1, 2))
        completed = invoked + self.chance.choice((0, 1, 5) if self.odds() else (1, 2))
        self.now = completed - (3 if self.odds() else 0)
        operation = Operation(
            *(self.client, "GET", "/", max(invoked, 0) / 1e6, max(completed, 0) / 1e6),
            *(
                Ending.OK,
                200,
                self.node,
                self.client if more.get("who", "user") == "user" else None,
            ),
            credential=self.size,
            cluster="c",
            conversation=conversation,
            who="user",
        )
        self.made.append(replace(operation, **more))

    def odds(self) -> bool:
        return self.chance.random() < self.odd

    def live(self, steps: int) -> None:
        self.log_in()
        for _ in range(steps):
            if self.odds():
                self.trouble()
            else:
                getattr(self, self.chance.choice(("me", "read", "write", "nothing", "leave")))()

    def log_in(self) -> None:
        self.cart = []
        self.ask("login", enters=True, credential=0)

    def me(self) -> None:
        self.ask("me")

    def nothing(self) -> None:
        self.ask("request", who="")

    def read(self) -> None:
        self.ask("read", who="", items=tuple(self.cart))

    def write(self, **more: Any) -> None:
        self.written += 1
        item = f"{self.client}.{self.written}"
        self.cart.append(item)
        shown = tuple(self.cart) if self.chance.random() < 0.5 else None
        self.ask("write", **{"who": "", "item": item, "items": shown, **more})

    def leave(self) -> None:
        self.ask("logout", who="")
        self.ask("me", **REFUSED, tab=1000)
        if self.chance.random() < 0.2:
            self.ask("me", **REFUSED, credential=0)
        self.log_in()

    def trouble(self) -> None:
        asks, does = self.chance.choice(TROUBLE)
        if does:
            does(self)
        if asks:
            for _ in range(self.chance.choice((1, 1, 2))):
                self.ask(**asks)

    def lose(self) -> None:
        """A write that nobody answers."""
        self.write(**{**ERROR, "status": None, "outcome": Ending.UNKNOWN, "node": None})
        if self.chance.random() < 0.5:
            self.cart.pop()

    def see(self, *items: str) -> None:
        self.cart.append(self.chance.choice((*items, f"{self.client}.99", f"{self.client}.1")))


TROUBLE: tuple[tuple[dict[str, Any], Callable[[Story], None] | None], ...] = (
    ({"conversation": "me", **ERROR}, None),
    ({"conversation": "read", **ERROR}, None),
    ({"conversation": "me", **ERROR, "status": None, "node": None}, None),
    ({}, lambda story: setattr(story, "node", story.chance.choice(NODES))),
    ({}, Story.lose),
    ({}, lambda story: story.chance.shuffle(story.cart)),
    ({}, lambda story: story.see("u2.1", "book")),
    ({}, lambda story: story.cart.__delitem__(slice(0, 1))),
    ({}, lambda story: setattr(story, "size", story.chance.choice((0, 60)))),
    ({"conversation": "me", **REFUSED}, None),
    ({"conversation": "me", "user": "u2"}, None),
    ({"conversation": "me", **ERROR, "given_up": True}, None),
    ({"conversation": "logout", **ERROR}, None),
    ({"conversation": "logout", **REFUSED}, None),
    ({"conversation": "login", "enters": True, **ERROR}, None),
    ({"conversation": "login", "enters": True, **REFUSED, "who": ""}, None),
    ({"conversation": "login", "enters": True, "tab": 1}, None),
    ({"conversation": "login", "enters": True}, None),
    ({"conversation": "connect", "enters": True}, None),
    ({"conversation": "me", "tab": 1}, None),
    ({"conversation": "write", "item": "u1.7", "tab": 1000}, None),
    ({"conversation": "me", "direct": True}, None),
    ({"conversation": "me", "tie": False, "verdict": "NN"}, None),
    ({"conversation": "me", "cluster": "other"}, None),
)


@st.composite
def histories(draw: st.DrawFn, odd: float | None = None) -> list[Operation]:
    chance = draw(st.randoms(use_true_random=False))
    made = []
    for number in range(draw(st.integers(1, 4))):
        often = draw(st.sampled_from((0.0, 0.05, 0.3))) if odd is None else odd
        story = Story(f"u{number}", chance, often)
        story.live(draw(st.integers(0, 25)))
        made += story.made
    return sorted(made, key=lambda op: op.completed)


def both(history: list[Operation], events: tuple[Event, ...] = EVENTS) -> tuple[Users, Users]:
    about = About(events=events)
    return CONTINUITY.users([CONTINUITY.look(of_operations(history), about)], about), Users.of(
        history, events, "s"
    )


@settings(max_examples=300)
@given(histories())
def test_the_check_says_what_the_replay_says(history: list[Operation]) -> None:
    checked, replayed = both(history)
    assert checked == replayed


@given(lives("u1"), lives("u2"))
def test_it_does_of_lives_with_words_for_items(one: Life, another: Life) -> None:
    history = merged([one, another])
    checked, replayed = both(history)
    assert checked == replayed


@given(histories(odd=0.0))
def test_nobody_is_replayed_whose_life_is_plain(history: list[Operation]) -> None:
    assert not Plain(of_operations(history)).doubt.any()


def test_neither_is_who_has_moved_or_met_errors_that_ended() -> None:
    story = Story("u1", random.Random(1), 0.0)
    story.live(20)
    story.ask("me", **ERROR)
    story.node = "n2"
    story.read()
    shard = of_operations(story.made)
    assert not Plain(shard).doubt.any()
    (user,) = CONTINUITY.look(shard, About())
    assert (user.fate, user.home, len(user.interruptions)) == ("moved", "n1", 1)


@pytest.mark.parametrize("scenario", list(read(RECORDED)), ids=lambda scenario: scenario.name)
def test_it_says_of_recorded_runs_what_a_person_has_checked(scenario: object) -> None:
    history, events = in_story_time(scenario.history, scenario.events)  # type: ignore[attr-defined]
    checked, _ = both(history, tuple(events))
    replayed: Users = scenario.users  # type: ignore[attr-defined]
    assert checked.told() == replayed.told()
    assert [(u.client, u.tab, u.fate, u.home) for u in checked.judged] == [
        (u.client, u.tab, u.fate, u.home) for u in replayed.judged
    ]


def test_times_count_from_where_the_workload_began() -> None:
    story = Story("u1", random.Random(1), 0.0, now=3_000_000)
    story.live(0)
    story.now += 1000
    story.ask("me", **REFUSED, node="n2")
    events = (EVENTS[0], Event(3.000_500, "node.killed", "s", {"cluster": "c", "node": "n1"}))
    about = About(began=2.5, events=events)
    finding = CONTINUITY.judge([CONTINUITY.look(of_operations(story.made), about)], about)
    assert finding.verdict is Verdict.BROKEN
    said = "1 user was logged out: n1 was killed at 0.5 s into the story"
    assert finding.evidence == [f"{said}, their session was in its memory"]


def test_where_nobody_logs_in_nothing_is_known() -> None:
    finding = CONTINUITY.judge([CONTINUITY.look(of_operations([]), About())], About())
    assert (finding.verdict, finding.said) == (Verdict.UNKNOWN, "nobody logged in")
    assert finding.figures.keys() == CONTINUITY.figures.keys()
