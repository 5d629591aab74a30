"""What is judged as it comes is what is judged of the whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.page.seen.kept import Kept
from sessionlab.lab.page.seen.standings import Standings
from sessionlab.lab.verdicts.fates import Fate, User, users
from tests.lab.lives import Life

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.record.history import Operation

MOMENTS = ("me", "refused", "error", "silence", "read", "add", "log in", "log out", "bare")
NODES = ("n1", "n2")


def asked(life: Life, moment: str, node: str) -> Operation:
    life.node = node
    if moment == "bare":
        return replace(life.me(), credential=0)
    does: dict[str, Callable[[], object]] = {
        "me": life.me,
        "refused": lambda: life.ask("GET", "/me", 401),
        "error": lambda: life.fail("GET", "/me", 503),
        "silence": lambda: life.fail("GET", "/me", None),
        "read": life.read,
        "add": lambda: life.add(f"item {len(life.cart)}"),
        "log in": lambda: life.log_in(life.credential),
        "log out": lambda: life.ask("POST", "/logout", 204),
    }
    does[moment]()
    return life.operations[-1]


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """Of two tabs of one user, and another user: runs of requests that go alike, mostly."""
    tabs = [Life("alice"), Life("alice", tab=1), Life("bob")]
    found = []
    for life in draw(st.permutations(tabs)):
        life.log_in()
        found.append(life.operations[-1])
    runs = st.tuples(
        st.sampled_from(tabs), st.sampled_from(MOMENTS), st.sampled_from(NODES), st.integers(1, 5)
    )
    for life, moment, node, times in draw(st.lists(runs, max_size=14)):
        found += [asked(life, moment, node) for _ in range(times)]
    return found


def in_order(judged: list[User]) -> list[User]:
    return sorted(judged, key=lambda user: (user.client, user.tab))


@given(histories(), st.sets(st.integers(0, 60)))
def test_users_are_judged_as_if_every_request_were_kept(
    history: list[Operation], looks: set[int]
) -> None:
    standings = Standings()
    for number, operation in enumerate(history):
        standings.add(operation)
        if number in looks:
            standings.judged()

    assert in_order(standings.judged()) == in_order(users(history))


@given(histories(), st.integers(4, 30))
def test_a_history_that_is_thinned_out_comes_to_the_same(
    history: list[Operation], most: int
) -> None:
    kept = Kept(most)
    for operation in history:
        kept.append(operation)
        kept.standings.judged()

    if not kept.ended_at:
        assert in_order(users(kept)) == in_order(users(history))
    assert len(kept) <= most


def test_of_what_goes_on_the_same_way_two_requests_are_looked_at_again() -> None:
    life, standings = Life("alice"), Standings()
    life.log_in()
    for _ in range(100):
        life.me()
    folded = [standings.add(operation) for operation in life.operations]

    assert sum(one is not None for one in folded) == 98
    assert standings.fate("alice", 0) is Fate.KEPT


def test_who_is_sent_from_node_to_node_is_not_looked_at_again_and_again() -> None:
    life, kept = Life("alice"), Kept(most=100)
    life.log_in()
    for number in range(1000):
        life.node = f"n{number % 3}"
        life.me()
    for operation in life.operations:
        kept.append(operation)
        kept.standings.judged()

    assert len(kept) <= 100
    assert kept.came == 1001
    assert not kept.ended_at
    assert [user.fate for user in users(kept)] == [Fate.MOVED]
