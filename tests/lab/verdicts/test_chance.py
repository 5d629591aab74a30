"""Who came back untied has come back by chance; who was tied, moved or alone has not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlab.lab.events import Event
from sessionlab.lab.verdicts.chance import chances
from tests.lab.lives import Life, merged


def happened(kind: str, at: float, **data: object) -> Event:
    return Event(at, kind, "s", {"cluster": "c", **data})


def cluster(*nodes: str, **more: object) -> list[Event]:
    described = {
        "strategies": {"app": "memory"},
        "affinity": "none",
        "algorithm": "round-robin",
        "one_key": True,
        **more,
    }
    starting = happened("cluster.starting", 0.0, **described)
    return [starting, happened("cluster.ready", 0.1, nodes=list(nodes or ("n1", "n2")))]


def life(client: str = "alice", node: str = "n1", **more: object) -> Life:
    life = Life(client, node=node)
    life.log_in()
    life.ask("GET", "/me", 200, user=client, **more)
    return life


def told(lives: list[Life], events: list[Event]) -> list[str]:
    return list(map(str, chances(merged(lives), events)))


def test_users_who_all_came_back_and_were_not_tied_came_back_by_chance() -> None:
    assert told([life(), life("bob", "n2")], cluster()) == [
        (
            "all 2 users were led back to the node that had made the session, "
            "and nothing ties them: chance"
        )
    ]
    assert told([life()], cluster()) == [
        (
            "its only user was led back to the node that had made the session, "
            "and nothing ties it: chance"
        )
    ]


def test_an_affinity_that_ties_nothing_is_told_by_what_the_balancer_found() -> None:
    useless = cluster(affinity="learn:no-such-cookie")
    assert told([life(verdict="NN")], useless)
    assert not told([life(verdict="VN")], useless)
    assert not told([life()], useless), "who does not know is told that it ties"


def test_behind_a_balancer_that_says_nothing_it_is_told_by_what_the_clients_sent() -> None:
    useless = cluster(affinity="learn:no-such-cookie", balancer="haproxy")
    assert told([life(tie=False)], useless)
    assert not told([life(tie=True)], useless)
    assert not told([life(verdict="VN", tie=False)], useless), "the balancer knows better"


@pytest.mark.parametrize(
    "events",
    [
        cluster("n1"),
        cluster(affinity="cookie"),
        cluster(algorithm="hash:source"),
        cluster(algorithm="somebody-else-s"),
        cluster(strategies={"app": "redis"}),
        cluster(strategies={"app": "jwt"}),
        [*cluster(), happened("node.killed", 0.8, node="n2")],
        [*cluster(), happened("node.draining", 0.8, node="n2")],
        [*cluster(), happened("node.leaving", 0.8, node="n2")],
        [*cluster(), happened("part.paused", 0.8, part="n2")],
        [*cluster("n1"), happened("part.resumed", 0.8, part="redis")],
        [],
    ],
)
def test_who_is_tied_or_known_everywhere_or_has_one_node_left_did_not_come_by_chance(
    events: list[Event],
) -> None:
    assert told([life()], events) == []


@pytest.mark.parametrize(
    ("leaves", "comes"),
    [
        (happened("node.leaving", 0.7, node="n2"), happened("node.staying", 0.8, node="n2")),
        (happened("part.paused", 0.7, part="n2"), happened("part.resumed", 0.8, part="n2")),
    ],
)
def test_a_node_that_takes_part_again_is_a_choice_again(leaves: Event, comes: Event) -> None:
    assert told([life()], [*cluster(), leaves, comes])


def test_a_key_for_each_node_is_a_memory_for_each_node() -> None:
    assert told([life()], cluster(strategies={"app": "jwt"}, one_key=False))


def test_who_was_not_led_back_shows_that_nothing_held_by_chance() -> None:
    lost = Life("bob")
    lost.log_in()
    lost.node = "n2"
    lost.ask("GET", "/me", 401)
    assert told([life(), lost], cluster()) == []


def test_who_only_logged_in_or_asked_past_the_balancer_was_not_led_anywhere() -> None:
    assert told([life(direct=True)], cluster()) == []
    idle = Life("alice")
    idle.log_in()
    assert told([idle], cluster()) == []


def test_a_service_s_own_nodes_are_its_choice() -> None:
    services = {"auth": "memory", "shop": "memory"}
    alone = life(node="auth-n1")
    alone.operations = [replace(op, service="auth") for op in alone.operations]
    assert told([alone], cluster("auth-n1", "shop-n1", strategies=services)) == []
    assert told([alone], cluster("auth-n1", "auth-n2", "shop-n1", strategies=services))
