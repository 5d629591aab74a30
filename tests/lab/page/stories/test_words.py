"""Steps and events in words."""

from __future__ import annotations

import pytest

from sessionlab.lab.page.stories.words import of_cluster, of_event, of_step, who


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"does": "login", "who": ["alice"]}, "alice logs in"),
        ({"does": "login", "who": ["alice"], "service": "auth"}, "alice logs in at auth"),
        (
            {"does": "me", "who": ["alice (tab 2)"], "direct": True},
            "alice (tab 2) asks “who am I?” at a node, past the balancer",
        ),
        (
            {"does": "me_times", "who": ["alice"], "times": 3},
            "alice asks “who am I?”, 3 times, one after the other",
        ),
        (
            {"does": "everyone", "what": "me", "who": ["alice", "bob"]},
            "alice and bob ask “who am I?”, all at once",
        ),
        ({"does": "everyone", "what": "me", "who": ["alice"]}, "alice asks “who am I?”"),
        (
            {"does": "one_by_one", "what": "login", "who": ["a", "b", "c", "d"]},
            "4 users log in, one after the other",
        ),
        (
            {"does": "everyone", "what": "come_in", "who": ["user-000001", "user-000002"]},
            "2 users come in, all at once",
        ),
        (
            {"does": "asking", "what": "cart", "who": ["a", "b", "c", "d"]},
            "From now on 4 users look into their carts again and again",
        ),
        (
            {"does": "write", "who": ["alice"], "item": "a {book}"},
            "alice puts a {book} into the cart",
        ),
        (
            {"does": "deploy", "how": "Rolling", "version": "2"},
            "Version 2 is deployed: one node after the other",
        ),
        ({"does": "deploy", "how": "canary", "version": "2"}, "Version 2 is deployed: canary"),
        ({"does": "add_node", "service": "orders"}, "One more node is added at orders"),
        (
            {"does": "until_expired", "who": ["alice"]},
            "Wait until the token of alice has expired",
        ),
    ],
)
def test_a_step_is_a_sentence(data: dict[str, object], said: str) -> None:
    assert of_step({"cluster": "c", **data}) == said


def test_what_happened_is_told_in_the_past() -> None:
    assert of_event("node.added", {"node": "n4", "version": "2"}) == "n4 has come, with version 2"
    assert of_event("node.drained", {"node": "n1", "pins_left": 3}) == (
        "The drain of n1 is over: 3 are still tied to it"
    )
    assert of_event("cluster.closed", {}) == "", "that is for nobody to read"


def test_a_cluster_is_told_by_what_is_special_about_it() -> None:
    told = {
        "part": "reloaded",
        "nodes": 1,
        "strategies": {"app": "jwt"},
        "balancer": "builtin",
        "algorithm": "random",
        "affinity": "none",
        "one_key": False,
        "tls": True,
        "options": {"jwt-lifetime": "1"},
    }
    assert of_cluster(told) == (
        "reloaded: 1 node, sessions in a JWT; balancer: random, no affinity;"
        " TLS ends at the balancer; a key for each node; jwt-lifetime: 1"
    )
    alone = {"nodes": 1, "strategies": {"app": ""}, "balancer": None}
    assert of_cluster(alone) == "1 node"


def test_few_are_named_and_many_counted() -> None:
    assert who([]) == ""
    assert who(["alice", "bob"]) == "alice and bob"
    assert who(["a", "b", "c", "d"]) == "4 users"
