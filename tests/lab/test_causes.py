"""Why somebody was lost: each sentence comes from what happened, and changes with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlab.lab.events import Event
from sessionlab.lab.verdicts.causes import losses
from sessionlab.lab.verdicts.fates import users
from tests.lab.lives import Life, merged


def started(strategy: str = "memory", **more: object) -> Event:
    return Event(
        0.0, "cluster.starting", "s", {"cluster": "c", "strategies": {"app": strategy}, **more}
    )


def happened(kind: str, at: float, **data: object) -> Event:
    return Event(at, kind, "s", {"cluster": "c", **data})


def life(client: str = "alice", at: str = "n1", then: str = "n2", **more: object) -> Life:
    """Logged in at one node at 0.5 s, answered 401 by another at 5.5 s."""
    life = Life(client, node=at)
    life.log_in()
    life.node, life.now = then, 5.0
    life.ask("GET", "/me", 401, **more)
    return life


def told(all_lives: list[Life], *events: Event) -> list[str]:
    return [str(loss) for loss in losses(users(merged(all_lives)), events)]


def test_nobody_lost_is_nothing_said() -> None:
    kept = Life("alice")
    kept.log_in()
    assert told([kept], started(), happened("node.killed", 1.0, node="n1")) == []


@pytest.mark.parametrize(
    ("kind", "how"),
    [("node.killed", "was killed"), ("node.stopped", "stopped"), ("node.removed", "was removed")],
)
def test_a_memory_that_is_gone_is_named_with_its_moment(kind: str, how: str) -> None:
    kept = Life("carol", node="n2")
    kept.log_in()
    assert told([life(), life("bob"), kept], started(), happened(kind, 4.0, node="n1")) == [
        f"2 of 3 users logged out: n1 {how} at 4.0 s, their sessions were in its memory"
    ]


def test_the_ends_of_several_nodes_are_told_in_their_order() -> None:
    ends = (happened("node.removed", 4.0, node="n3"), happened("node.killed", 3.0, node="n1"))
    assert told([life(at="n3"), life("bob"), life("carol")], started(), *ends) == [
        (
            "3 of 3 users logged out: n1 was killed at 3.0 s, n3 was removed at 4.0 s, "
            "their sessions were in their memory"
        )
    ]


def test_clusters_are_told_in_the_order_in_which_they_were_started() -> None:
    second = life()
    second.operations = [replace(op, cluster="b") for op in second.operations]
    events = [started(), Event(0.1, "cluster.starting", "s", {"cluster": "b"})]
    found = losses(users(merged([second, life("bob")])), events)
    assert [loss.cluster for loss in found] == ["c", "b"]


def test_without_affinity_the_balancer_has_said_nothing() -> None:
    (said,) = told([life(verdict="NN")], started())
    assert "balancer" not in said


def test_what_came_after_the_answer_is_no_cause_of_it() -> None:
    (said,) = told([life()], started(), happened("node.killed", 9.0, node="n1"))
    assert "killed" not in said


@pytest.mark.parametrize(
    ("strategy", "kind"),
    [("memory", "node.killed"), ("redis", "redis.stopped"), ("jwt", "keys.retired")],
)
def test_what_was_over_before_the_user_was_last_well_is_no_cause(strategy: str, kind: str) -> None:
    before_login = happened(kind, 0.6, node="n1", began=0.1)
    (said,) = told([life()], started(strategy), before_login)
    assert " at 0.1 s" not in said
    well = life()
    well.operations.insert(1, replace(well.operations[0], path="/me", credential=60, completed=4.0))
    (said,) = told([well], started(strategy), happened(kind, 3.0, node="n1"))
    assert " at 3.0 s" not in said


@pytest.mark.parametrize(
    ("strategy", "kind"),
    [("memory", "node.killed"), ("redis", "redis.stopped"), ("jwt", "keys.retired")],
)
def test_who_was_well_when_it_had_only_begun_was_not_spared_by_it(strategy: str, kind: str) -> None:
    (said,) = told([life()], started(strategy), happened(kind, 0.9, node="n1", began=0.6))
    assert " at 0.6 s" in said


def test_a_pin_that_a_restart_forgot_is_forgotten_for_lucky_users_too() -> None:
    lucky = life(verdict="II", reason="table-lost")
    lucky.operations.insert(
        1, replace(lucky.operations[0], path="/me", credential=60, completed=4.0)
    )
    (said,) = told([lucky], started(), happened("balancer.restarted", 2.0))
    assert "it restarted at 2.0 s" in said
    (said,) = told([lucky], started(), happened("balancer.restarted", 0.5, began=0.3))
    assert "it restarted" not in said


def test_who_got_no_answer_from_any_node_was_not_sent_to_another() -> None:
    freed = Life("alice")
    freed.log_in()
    freed.fail("GET", "/me", 502)
    freed.ask("POST", "/login", 200, user="alice")
    assert told([freed], started()) == [
        "1 of 1 users logged out: 502 came from the balancer, until they logged in anew"
    ]


def test_who_never_sent_a_credential_is_told_so() -> None:
    (said,) = told([life(credential=0)], started())
    assert said.endswith("what their login had given them was not sent with a single request")


def test_of_several_ends_of_a_node_the_last_before_the_answer_counts() -> None:
    ends = [happened("node.stopped", at, node="n1") for at in (2.0, 4.0, 9.0)]
    (said,) = told([life()], started(), *ends)
    assert "n1 stopped at 4.0 s" in said


def test_a_redis_that_stopped_after_the_answer_is_no_cause_of_it() -> None:
    (said,) = told([life()], started("redis"), happened("redis.stopped", 9.0))
    assert said == "1 of 1 users logged out: Redis had their sessions no more"


def test_a_node_s_end_counts_from_when_it_was_set_off() -> None:
    (said,) = told([life()], started(), happened("node.killed", 9.0, node="n1", began=5.2))
    assert "n1 was killed at 5.2 s" in said


def test_a_node_of_another_cluster_is_no_cause() -> None:
    other = Event(4.0, "node.killed", "s", {"cluster": "d", "node": "n1"})
    (said,) = told([life()], started(), other)
    assert "killed" not in said


def test_a_node_that_lives_was_not_asked() -> None:
    assert told([life()], started()) == [
        (
            "1 of 1 users logged out: they were sent to another node than the one that has their "
            "sessions in its memory (alice: n2 instead of n1)"
        )
    ]


def test_the_balancer_s_own_word_on_the_pin_is_passed_on() -> None:
    said = told(
        [life(verdict="II", reason="table-lost")],
        started(),
        happened("balancer.restarted", 2.0),
    )
    assert said == [
        (
            "1 of 1 users logged out: they were sent to another node than the one that has their "
            "sessions in its memory; the balancer says: II, table-lost; it restarted at 2.0 s "
            "(alice: n2 instead of n1)"
        )
    ]


def test_a_node_that_forgot_its_own_session_is_said_to_have() -> None:
    (said,) = told([life(then="n1")], started())
    assert "their node itself knew them no more" in said


def test_sessions_in_redis_go_with_redis() -> None:
    assert told([life()], started("redis"), happened("redis.stopped", 3.0)) == [
        "1 of 1 users logged out: Redis stopped at 3.0 s, their sessions were in it"
    ]
    kept = happened("redis.stopped", 3.0, keeps=True)
    assert told([life()], started("redis"), kept) == [
        "1 of 1 users logged out: Redis was away from 3.0 s on, and a node took that for no session"
    ]
    assert told([life()], started("redis"), happened("node.killed", 3.0, node="n1")) == [
        "1 of 1 users logged out: Redis had their sessions no more"
    ]


def test_tokens_go_with_their_keys() -> None:
    assert told([life()], started("jwt"), happened("keys.retired", 3.0)) == [
        "1 of 1 users logged out: the key that had signed their tokens was taken away at 3.0 s"
    ]
    (said,) = told([life()], started("jwt", one_key=False))
    assert "another node than the one that signed their tokens with a key of its own" in said
    (said,) = told([life()], started("jwt", one_key=False), happened("node.killed", 3.0, node="n1"))
    assert "n1 was killed at 3.0 s, their tokens were signed with its own key" in said
    (said,) = told([life()], started("jwt"))
    assert said == "1 of 1 users logged out: their tokens were refused"


def test_who_is_stuck_is_told_with_what_it_is_tied_to() -> None:
    stuck = Life("alice")
    stuck.log_in()
    stuck.now = 5.0
    stuck.fail("GET", "/me", 503, verdict="VN")
    assert told([stuck], started(), happened("node.removed", 4.0, node="n1")) == [
        "1 of 1 users stuck: n1 was removed at 4.0 s, and they stayed tied to it: 503 came"
    ]
    untied = Life("alice", operations=[replace(op, verdict="NN") for op in stuck.operations])
    assert told([untied], started(), happened("node.removed", 4.0, node="n1")) == [
        "1 of 1 users stuck: n1 was removed at 4.0 s, 503 came"
    ]
    assert told([stuck], started("redis"), happened("redis.stopped", 4.0)) == [
        "1 of 1 users stuck: Redis stopped at 4.0 s: 503 came"
    ]
    assert told([stuck], started()) == ["1 of 1 users stuck: 503 came from the balancer"]


def test_wrong_data_is_told_with_an_example() -> None:
    wrong = Life("alice")
    wrong.log_in()
    wrong.ask("GET", "/me", 200, user="bob")
    assert told([wrong], started()) == ["1 of 1 users got wrong data: alice was taken for bob"]


def test_each_service_s_strategy_counts_for_its_own_users() -> None:
    event = started(strategies={"auth": "memory", "shop": "redis"})
    one = Life("alice")
    one.log_in()
    one.now = 5.0
    one.ask("GET", "/shop/me", 401)
    assert told([one], event) == ["1 of 1 users logged out: Redis had their sessions no more"]
