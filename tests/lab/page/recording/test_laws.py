"""Which law a recording shows: one that was seen at work, and against which nothing was seen."""

from __future__ import annotations

from sessionlab.lab.events import Event
from sessionlab.lab.page.recording.laws import Alike, Law, law_of, told
from sessionlab.lab.page.recording.steps import Asks, Done, Who, done, steps
from tests.lab.lives import Life, merged

ALICE, BOB = Who("alice"), Who("bob")


def two(alice: str = "n1", bob: str = "n2") -> tuple[Life, Life]:
    lives = Life("alice", node=alice), Life("bob", node=bob)
    for life in lives:
        life.log_in()
    return lives


def event(at: float, kind: str, **data: object) -> Event:
    return Event(at, kind, "", {"cluster": "up-1", **data})


def killed(at: float, node: str) -> Event:
    return event(at, "node.killed", node=node, began=at)


def refused(life: Life, node: str) -> None:
    life.node = node
    life.ask("GET", "/me", 401)


def claims(lives: tuple[Life, ...], *events: Event, tied: bool = False) -> tuple[Law, list[object]]:
    found = steps(merged([*lives]), events, {Who(life.client, life.tab) for life in lives})
    law = law_of(found, {}, tied=tied)
    return law, [claim for step, _, claim in told(found, {}, law) if isinstance(step, Asks)]


def test_who_is_known_at_its_own_node_only_shows_that() -> None:
    alice, bob = two()
    alice.me()
    refused(alice, "n2")
    bob.me()

    assert claims((alice, bob)) == (Law.AT_HOME, [Law.AT_HOME])


def test_one_answer_of_another_node_is_enough_against_it() -> None:
    alice, bob = two()
    refused(alice, "n2")
    bob.node = "n3"
    bob.me()

    law, found = claims((alice, bob))

    assert law is Law.ANYWHERE
    assert found == [None]


def test_a_session_that_ends_with_its_node_shows_that() -> None:
    alice, bob = two()
    event = killed(1.0, "n1")
    refused(alice, "n2")
    bob.me()

    assert claims((alice, bob), event, tied=True) == (Law.WHILE_IT_LIVES, [Law.WHILE_IT_LIVES])


def test_what_comes_to_everybody_is_said_as_that_and_not_as_a_law_of_nodes() -> None:
    alice, bob = two()
    for life in (alice, bob):
        life.fail("GET", "/me", 503)
    back = event(2.0, "redis.started", began=2.0)
    for life in (alice, bob):
        refused(life, "n3")
    alice.log_in()
    alice.node = "n1"
    alice.me()

    law, found = claims((alice, bob), back)

    assert law is not Law.WHILE_IT_LIVES
    assert found[0] is Alike.FAILED


def test_answers_without_a_rule_are_not_claimed() -> None:
    alice, bob = two()
    alice.me()
    alice.fail("GET", "/me", 503)
    bob.me()

    assert claims((alice, bob))[1] == [None]


def test_a_deploy_and_a_removal_are_told_as_one_thing_each() -> None:
    found = done(
        [
            event(1.0, "deploy.started", how="Recreate()", version="2", nodes=["n1"]),
            killed(1.1, "n1"),
            event(1.4, "node.started", node="n1", version="2"),
            event(1.5, "deploy.finished", version="2", nodes=["n1"]),
            event(1.7, "node.draining", node="n2", limit=0.0, began=1.7),
            event(2.0, "node.draining", node="n1", limit=1.0, began=2.0),
            event(3.0, "node.removed", node="n1", began=2.5),
            event(4.0, "cluster.closed"),
        ]
    )

    assert [(one.kind, one.part, one.began, one.ended) for one in found] == [
        ("deploy", "finished", 1.0, 1.5),
        ("node.draining", "n2", 1.7, 1.7),
        ("node.removed", "n1", 2.5, 3.0),
    ]


def test_what_came_while_something_was_done_is_left_out() -> None:
    alice, bob = two()
    alice.me()
    bob.me()
    slow = event(2.0, "node.killed", node="n1", began=1.3)

    found = steps(merged([alice, bob]), [slow], {ALICE, BOB})

    assert [type(step) for step in found[-1:]] == [Done]
