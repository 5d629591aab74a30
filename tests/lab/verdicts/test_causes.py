"""Why somebody was lost: each sentence comes from what happened, and changes with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlab.lab.events import Event
from sessionlab.lab.verdicts.causes import losses
from sessionlab.lab.verdicts.fates import users
from sessionlab.lab.verdicts.outages import Outage, in_short
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


def well(since: float, until: float = 4.0, **more: str) -> Life:
    """The same, and known at its first node by an answer that was under way from then till then."""
    known = life()
    known.operations[-1] = replace(known.operations[-1], **more)  # type: ignore[arg-type]
    login = known.operations[0]
    mine = replace(login, path="/me", conversation="me", enters=False, credential=60)
    known.operations.insert(1, replace(mine, invoked=since, completed=until))
    return known


def told(all_lives: list[Life], *events: Event) -> list[str]:
    return [str(loss) for loss in losses(users(merged(all_lives)), events)]


def test_nobody_lost_is_nothing_said() -> None:
    kept = Life("alice")
    kept.log_in()
    assert told([kept], started(), happened("node.killed", 1.0, node="n1")) == []


def test_in_short_a_node_that_went_twice_is_still_one() -> None:
    first, again = (Outage("n1", "was killed", at, at) for at in (1.0, 5.0))
    assert in_short([first, again]) == "n1 was killed"
    assert in_short([first, replace(again, part="n2")]) == "n1, n2 were killed"


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("node.killed", "was killed"),
        ("node.stopped", "stopped"),
        ("node.removed", "was removed"),
        ("node.ended", "died"),
    ],
)
def test_a_memory_that_is_gone_is_named_with_its_moment(kind: str, how: str) -> None:
    kept = Life("carol", node="n2")
    kept.log_in()
    assert told([life(), life("bob"), kept], started(), happened(kind, 4.0, node="n1")) == [
        (
            f"2 of 3 users were logged out: n1 {how} at 4.0 s into the story, "
            "their sessions were in its memory"
        )
    ]


def test_the_ends_of_several_nodes_are_told_in_their_order() -> None:
    ends = (happened("node.removed", 4.0, node="n3"), happened("node.killed", 3.0, node="n1"))
    assert told([life(at="n3"), life("bob"), life("carol")], started(), *ends) == [
        (
            "3 of 3 users were logged out: n1 was killed at 3.0 s, n3 was removed at 4.0 s "
            "into the story, their sessions were in their memory"
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
    before_login = happened(kind, 0.2, node="n1", began=0.1)
    (said,) = told([life()], started(strategy), before_login)
    assert " at 0.1 s" not in said
    (said,) = told([well(since=3.5)], started(strategy), happened(kind, 3.0, node="n1"))
    assert " at 3.0 s" not in said


@pytest.mark.parametrize(
    ("strategy", "kind"),
    [("memory", "node.killed"), ("redis", "redis.stopped"), ("jwt", "keys.retired")],
)
def test_who_was_well_when_it_had_only_begun_was_not_spared_by_it(strategy: str, kind: str) -> None:
    (said,) = told([life()], started(strategy), happened(kind, 0.9, node="n1", began=0.6))
    assert " at 0.6 s" in said


@pytest.mark.parametrize(
    ("strategy", "kind", "how"),
    [
        ("redis", "redis.stopped", "Redis stopped at 3.0 s"),
        ("jwt", "keys.retired", "taken away at 3.0 s"),
        ("memory", "node.killed", "n1 was killed at 3.0 s"),
    ],
)
def test_a_good_answer_that_was_under_way_when_it_came_clears_nothing(
    strategy: str, kind: str, how: str
) -> None:
    (said,) = told([well(since=2.9)], started(strategy), happened(kind, 3.0, node="n1"))
    assert how in said


def test_what_had_happened_before_a_request_is_preferred_to_what_came_while_it_was_under_way() -> (
    None
):
    before, under_way = happened("redis.stopped", 3.0), happened("redis.stopped", 5.5)
    (said,) = told([life()], started("redis"), before, under_way)
    assert "Redis stopped at 3.0 s" in said
    (said,) = told([life()], started("redis"), under_way)
    assert "Redis stopped at 5.5 s" in said  # asked late, or cut


@pytest.mark.parametrize("kind", ["node.killed", "node.stopped", "node.removed"])
def test_a_node_that_gave_the_answer_had_not_ended_before_it(kind: str) -> None:
    ended_under_way = happened(kind, 5.5, node="n1")
    (said,) = told([life(then="n1")], started(), ended_under_way)
    assert "their node itself knew them no more" in said
    (said,) = told([life(then="n2")], started(), ended_under_way)
    assert "n1 " in said  # its end is why the request was sent to another
    (said,) = told([life(then="n1")], started(), happened(kind, 5.0, node="n1"))
    assert " at 5.0 s" in said  # it was there again, with an empty memory


@pytest.mark.parametrize("status", [None, 503])
def test_a_request_that_a_node_s_end_cut_in_its_answer_is_its_victim(status: int | None) -> None:
    cut = Life("alice")
    cut.log_in()
    cut.now = 5.0
    cut.fail("GET", "/me", status, node="n1")
    (said,) = told([cut], started(), happened("node.killed", 5.6, node="n1", began=5.5))
    assert "n1 was killed at 5.5 s" in said


def unanswered(status: int | None = None, **more: object) -> Life:
    """Logged in at n1 at 0.5 s; from 5 s on that is all it gets."""
    alice = Life("alice")
    alice.log_in()
    alice.now = 5.0
    alice.fail("GET", "/me", status, **more)
    return alice


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("balancer.killed", "was killed"),
        ("part.paused", "was frozen"),
        ("balancer.restarted", "restarted"),
        ("balancer.ended", "died"),
    ],
)
def test_a_balancer_that_is_away_is_named_to_those_who_got_no_answer(kind: str, how: str) -> None:
    away = happened(kind, 5.5, part="balancer", began=4.0)
    assert told([unanswered()], started(), away) == [
        f"1 user was stuck: the balancer {how} at 4.0 s into the story: no answer came"
    ]


def test_who_got_an_answer_got_it_from_a_balancer_that_was_there() -> None:
    killed = happened("balancer.killed", 5.5, began=5.0)
    assert told([unanswered(503)], started(), killed) == [
        "1 user was stuck: 503 came from the balancer"
    ]


@pytest.mark.parametrize(
    ("ends", "begins"),
    [
        (happened("balancer.killed", 3.0), happened("balancer.started", 4.0)),
        (
            happened("part.paused", 3.0, part="balancer"),
            happened("part.resumed", 4.0, part="balancer"),
        ),
        (happened("node.killed", 3.0, node="n1"), happened("node.started", 4.0, node="n1")),
        (happened("part.paused", 3.0, part="n1"), happened("part.resumed", 4.0, part="n1")),
        (happened("redis.stopped", 3.0), happened("redis.started", 4.0)),
    ],
)
def test_silence_is_not_due_to_what_was_there_again(ends: Event, begins: Event) -> None:
    (said,) = told([unanswered()], started("redis"), ends)
    assert " at 3.0 s" in said
    assert told([unanswered()], started("redis"), ends, begins) == [
        "1 user was stuck: no answer came from the balancer"
    ]


def test_a_node_that_is_resumed_after_it_was_killed_is_still_dead() -> None:
    killed = happened("node.killed", 3.0, node="n1")
    (said,) = told([unanswered()], started(), killed, happened("part.resumed", 4.0, part="n1"))
    assert "n1 was killed at 3.0 s" in said


def test_a_node_that_was_only_frozen_has_lost_no_memory() -> None:
    frozen = happened("part.paused", 3.0, part="n1")
    (said,) = told([life(then="n1")], started(), frozen)
    assert "their node itself knew them no more" in said
    (said,) = told([life(then="n2")], started(), frozen)
    assert "n1 was frozen at 3.0 s into the story, their session was in its memory" in said


@pytest.mark.parametrize(
    ("strategy", "away", "back", "why"),
    [
        (
            "memory",
            happened("part.paused", 3.0, part="n1"),
            happened("part.resumed", 4.0, part="n1"),
            "they were sent to another node",
        ),
        (
            "redis",
            happened("part.paused", 3.0, part="redis"),
            happened("part.resumed", 4.0, part="redis"),
            "Redis had their session no more",
        ),
        (
            "redis",
            happened("redis.stopped", 3.0, keeps=True),
            happened("redis.started", 4.0),
            "Redis had their session no more",
        ),
    ],
)
def test_what_had_kept_its_memory_is_not_to_blame_once_it_is_back(
    strategy: str, away: Event, back: Event, why: str
) -> None:
    (said,) = told([life()], started(strategy), away)
    assert " 3.0 s" in said
    (said,) = told([life()], started(strategy), away, back)
    assert why in said
    assert " 3.0 s" not in said


def test_memory_that_was_lost_stays_lost_when_the_node_is_there_again() -> None:
    again = (happened("node.killed", 3.0, node="n1"), happened("node.started", 4.0, node="n1"))
    (said,) = told([life()], started(), *again)
    assert "n1 was killed at 3.0 s into the story, their session was in its memory" in said


def test_a_balancer_that_was_killed_has_forgotten_the_pin_too() -> None:
    forgot = life(verdict="II", reason="table-lost")
    (said,) = told([forgot], started(), happened("balancer.killed", 2.0))
    assert "table-lost); it was killed at 2.0 s" in said
    frozen = happened("part.paused", 2.0, part="balancer")
    (said,) = told([forgot], started(), frozen)
    assert "frozen" not in said


def test_a_frozen_redis_that_is_taken_for_no_session_was_only_away() -> None:
    (said,) = told([life()], started("redis"), happened("part.paused", 3.0, part="redis"))
    assert (
        "Redis was away from 3.0 s into the story on, and a node took that for no session" in said
    )


@pytest.mark.parametrize("strategy", ["redis", "jwt"])
def test_errors_that_a_new_login_ended_are_told_as_errors(strategy: str) -> None:
    freed = unanswered(502)
    freed.ask("POST", "/login", 200, user="alice")
    assert told([freed], started(strategy), happened("node.killed", 4.0, node="n1")) == [
        (
            "1 user was logged out: n1 was killed at 4.0 s into the story, 502 came, "
            "until they logged in anew"
        )
    ]


def test_a_pin_that_a_restart_forgot_is_forgotten_for_lucky_users_too() -> None:
    lucky = well(since=3.5, verdict="II", reason="table-lost")
    (said,) = told([lucky], started(), happened("balancer.restarted", 2.0))
    assert "it restarted at 2.0 s" in said
    (said,) = told([lucky], started(), happened("balancer.restarted", 0.2, began=0.1))
    assert "it restarted" not in said


def test_who_got_no_answer_from_any_node_was_not_sent_to_another() -> None:
    freed = Life("alice")
    freed.log_in()
    freed.fail("GET", "/me", 502)
    freed.ask("POST", "/login", 200, user="alice")
    assert told([freed], started()) == [
        "1 user was logged out: 502 came from the balancer, until they logged in anew"
    ]


def test_who_never_sent_a_credential_is_told_so() -> None:
    (said,) = told([life(credential=0)], started())
    assert said.endswith("what their login had given them was not sent with a single request")


@pytest.mark.parametrize(
    ("strategy", "kind", "said"),
    [
        ("memory", "node.stopped", "n1 stopped at 2.0 s"),
        ("redis", "redis.stopped", "Redis stopped at 2.0 s"),
        ("jwt", "keys.retired", "taken away at 2.0 s"),
    ],
)
def test_of_several_losses_of_memory_the_first_since_all_was_well_counts(
    strategy: str, kind: str, said: str
) -> None:
    ends = [happened(kind, at, node="n1") for at in (0.2, 2.0, 4.0, 9.0)]
    (told_so,) = told([life()], started(strategy), *ends)
    assert said in told_so


def test_of_several_restarts_the_first_since_the_login_lost_the_table() -> None:
    forgot = life(verdict="IN", reason="table-lost")
    kinds = ("balancer.killed", "balancer.restarted")
    ends = [happened(kind, at) for kind, at in zip(kinds, (2.0, 3.0), strict=True)]
    (said,) = told([forgot], started(), *ends)
    assert "it was killed at 2.0 s" in said


def test_a_key_that_went_before_the_login_s_was_made_signed_no_token_of_it() -> None:
    keys = [happened("keys.rotated", 0.1), happened("keys.retired", 2.0)]
    (said,) = told([life()], started("jwt"), *keys)
    assert "taken away" not in said
    again = [happened("keys.rotated", 3.0), happened("keys.retired", 4.0)]
    (said,) = told([life()], started("jwt"), *keys, *again)
    assert "taken away at 4.0 s" in said


def test_of_several_ends_that_silence_the_last_counts() -> None:
    ends = [
        happened(kind, at, node="n1") for kind, at in (("node.killed", 2.0), ("node.removed", 4.0))
    ]
    (said,) = told([unanswered()], started(), *ends)
    assert "n1 was removed at 4.0 s" in said


def test_an_error_that_another_node_gave_is_not_due_to_the_end_of_the_first() -> None:
    killed, away = happened("node.killed", 3.0, node="n1"), happened("redis.stopped", 4.0)
    by_another = unanswered(503, node="n2")
    assert told([by_another], started("redis"), killed, away) == [
        "1 user was stuck: Redis stopped at 4.0 s into the story: 503 came"
    ]
    assert told([by_another], started("redis"), killed) == ["1 user was stuck: 503 came from n2"]


def test_a_node_s_end_explains_no_error_to_who_was_not_tied_to_it_while_redis_is_away() -> None:
    killed, away = happened("node.killed", 4.5, node="n1"), happened("redis.stopped", 4.0)
    untied, tied = unanswered(503, verdict="NN"), unanswered(503, verdict="DN")
    (said,) = told([untied], started("redis"), killed, away)
    assert said == "1 user was stuck: Redis stopped at 4.0 s into the story: 503 came"
    (said,) = told([tied], started("redis"), killed, away)
    assert "n1 was killed at 4.5 s into the story, and they stayed tied to it" in said
    (said,) = told([untied], started("memory"), away)
    assert said == "1 user was stuck: 503 came from the balancer"  # nobody asks that Redis


def test_who_got_no_answer_while_a_node_was_frozen_is_told_so() -> None:
    frozen = happened("part.paused", 4.0, part="n2")
    by_turns = {"affinity": "none", "algorithm": "round-robin"}
    said = "1 user was stuck: no answer came; n2 was frozen at 4.0 s into the story"
    assert told([unanswered()], started(), frozen) == [said]
    killed = happened("node.killed", 3.0, node="n1")
    assert told([unanswered()], started(**by_turns), killed, frozen) == [said]
    login = replace(unanswered().operations[0], client="bob", user="bob", node="n2")
    asked = replace(unanswered().operations[1], client="bob")
    both = [unanswered(), Life("bob", operations=[login, asked])]
    assert told(both, started(**by_turns), frozen) == [
        said.replace("1 user was", "2 of 2 users were")
    ]
    (tied,) = told([unanswered()], started(affinity="cookie"), killed, frozen)
    assert "n1 was killed at 3.0 s" in tied
    (answered,) = told([unanswered(503)], started(), frozen)
    assert answered == "1 user was stuck: 503 came from the balancer"
    (late,) = told([unanswered(504)], started(), frozen)
    assert late == "1 user was stuck: 504 came; n2 was frozen at 4.0 s into the story"
    thawed = happened("part.resumed", 4.5, part="n2")
    assert "frozen" not in told([unanswered()], started(), frozen, thawed)[0]


def test_a_redis_that_stopped_after_the_answer_is_no_cause_of_it() -> None:
    (said,) = told([life()], started("redis"), happened("redis.stopped", 9.0))
    assert said == "1 user was logged out: Redis had their session no more"


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
            "1 user was logged out: they were sent to another node than the one that has their "
            "session in its memory (alice: n2 instead of n1)"
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
            "1 user was logged out: they were sent to another node than the one that has their "
            "session in its memory; the balancer did not know the pin, as it had lost what it had "
            "learned, and made a new one (II, table-lost); it restarted at 2.0 s into the story "
            "(alice: n2 instead of n1)"
        )
    ]


def test_a_node_that_forgot_its_own_session_is_said_to_have() -> None:
    (said,) = told([life(then="n1")], started())
    assert "their node itself knew them no more" in said


def test_sessions_in_redis_go_with_redis() -> None:
    assert told([life()], started("redis"), happened("redis.stopped", 3.0)) == [
        "1 user was logged out: Redis stopped at 3.0 s into the story, their session was in it"
    ]
    kept = happened("redis.stopped", 3.0, keeps=True)
    away = (
        "1 user was logged out: Redis was away from 3.0 s into the story on, and a node took "
        "that for no session"
    )
    assert told([life()], started("redis"), kept) == [away]
    died = happened("redis.ended", 3.0, node="redis")
    assert told([life()], started("redis", redis_keeps=True), died) == [away]
    (said,) = told([life()], started("redis", redis_keeps=False), died)
    assert "Redis died at 3.0 s into the story, their session was in it" in said
    assert told([life()], started("redis"), happened("node.killed", 3.0, node="n1")) == [
        "1 user was logged out: Redis had their session no more"
    ]


def test_tokens_go_with_their_keys() -> None:
    assert told([life()], started("jwt"), happened("keys.retired", 3.0)) == [
        (
            "1 user was logged out: the key that had signed their token was taken away at 3.0 s "
            "into the story"
        )
    ]
    (said,) = told([life()], started("jwt", one_key=False))
    assert "another node than the one that signed their token with a key of its own" in said
    (said,) = told([life()], started("jwt", one_key=False), happened("node.killed", 3.0, node="n1"))
    assert "n1 was killed at 3.0 s into the story, their token was signed with its own key" in said
    (said,) = told([life()], started("jwt"))
    assert said == "1 user was logged out: their token was refused"


def test_who_is_stuck_is_told_with_what_it_is_tied_to() -> None:
    stuck = Life("alice")
    stuck.log_in()
    stuck.now = 5.0
    stuck.fail("GET", "/me", 503, verdict="VN")
    assert told([stuck], started(), happened("node.removed", 4.0, node="n1")) == [
        (
            "1 user was stuck: n1 was removed at 4.0 s into the story, "
            "and they stayed tied to it: 503 came"
        )
    ]
    untied = Life("alice", operations=[replace(op, verdict="NN") for op in stuck.operations])
    assert told([untied], started(), happened("node.removed", 4.0, node="n1")) == [
        "1 user was stuck: n1 was removed at 4.0 s into the story, 503 came"
    ]
    assert told([stuck], started("redis"), happened("redis.stopped", 4.0)) == [
        "1 user was stuck: Redis stopped at 4.0 s into the story: 503 came"
    ]
    assert told([stuck], started()) == ["1 user was stuck: 503 came from the balancer"]


def test_wrong_data_is_told_with_an_example() -> None:
    wrong = Life("alice")
    wrong.log_in()
    wrong.ask("GET", "/me", 200, user="bob")
    assert told([wrong], started()) == ["1 user got wrong data: alice was taken for bob"]


def test_each_service_s_strategy_counts_for_its_own_users() -> None:
    event = started(strategies={"auth": "memory", "shop": "redis"})
    one = Life("alice")
    one.log_in()
    one.now = 5.0
    one.ask("GET", "/shop/me", 401)
    assert told([one], event) == ["1 user was logged out: Redis had their session no more"]


def test_who_stayed_tied_to_several_nodes_stayed_tied_to_them() -> None:
    tied = [unanswered(503), unanswered(503)]
    for number, life in enumerate(tied, 1):
        login, asked = (
            replace(op, client=f"user-{number}", user=op.user and f"user-{number}")
            for op in life.operations
        )
        life.operations = [replace(login, node=f"n{number}"), replace(asked, verdict="VN")]
    killed = [happened("node.killed", 3.0 + number, node=f"n{number}") for number in (1, 2)]
    assert told(tied, started(), *killed) == [
        (
            "2 of 2 users were stuck: n1 was killed at 4.0 s, n2 at 5.0 s into the story, "
            "and they stayed tied to them: 503 came"
        )
    ]


REFUSED = {"jwt": "token", "memory": "session", "redis": "session"}


@pytest.mark.parametrize(
    ("strategy", "kind", "code"),
    [
        ("jwt", "keys.retired", "token-expired"),
        ("jwt", "node.killed", "token-expired"),
        ("memory", "node.killed", "session-expired"),
    ],
)
def test_what_a_node_says_has_expired_was_not_lost_by_what_happened_meanwhile(
    strategy: str, kind: str, code: str
) -> None:
    (said,) = told(
        [life(then="n1", code=code)],
        started(strategy, one_key=False),
        happened(kind, 4.9, node="n1"),
    )
    assert said == (
        f"1 user was logged out: their {REFUSED[strategy]} had expired "
        "(alice: 5.0 s after the login)"
    )


@pytest.mark.parametrize(
    ("strategy", "kind"), [("memory", "node.killed"), ("redis", "redis.stopped")]
)
def test_a_session_that_was_idle_for_too_long_before_its_memory_went_had_expired(
    strategy: str, kind: str
) -> None:
    idle = started(strategy, options={"idle": "2", "absolute": 100})
    unknown = life(code="session-unknown")
    (said,) = told([unknown], idle)
    assert said == "1 user was logged out: their session had expired (alice: idle for 5.0 s)"
    (late,) = told([unknown], idle, happened(kind, 4.0, node="n1"))
    assert late == said
    (early,) = told([unknown], idle, happened(kind, 1.0, node="n1"))
    assert " at 1.0 s" in early
    (still,) = told([unknown], started(strategy, options={"idle": 9, "absolute": "odd"}))
    assert "expired" not in still


def test_a_key_that_is_not_known_is_told_with_whatever_took_it_away() -> None:
    unknown = life(then="n1", code="key-unknown")
    assert told([unknown], started("jwt")) == [
        "1 user was logged out: their token was signed by a key that is not known there"
    ]
    (said,) = told([unknown], started("jwt"), happened("keys.retired", 3.0))
    assert "taken away at 3.0 s" in said


def test_a_node_that_came_back_has_another_key_of_its_own() -> None:
    own = started("jwt", one_key=False)
    again = (happened("node.stopped", 3.0, node="n1"), happened("node.started", 4.0, node="n1"))
    assert told([life(then="n1", code="key-unknown")], own, *again) == [
        (
            "1 user was logged out: n1 stopped at 3.0 s into the story, "
            "their token was signed with its own key"
        )
    ]


def test_what_no_outage_can_cause_is_told_in_the_node_s_own_words() -> None:
    (said,) = told([life(code="audience-wrong")], started("jwt"), happened("keys.retired", 3.0))
    assert said == "1 user was logged out: their credential was refused: audience-wrong"
    (said,) = told([life(code="no-credential")], started())
    assert said == "1 user was logged out: what their login had given them was not sent"
    (said,) = told([life(code="an app's own")], started(), happened("node.killed", 3.0, node="n1"))
    assert "n1 was killed" in said


def test_who_asked_another_service_lost_nothing_with_the_first_one_s_node() -> None:
    both = started(strategies={"auth": "memory", "orders": "memory"})
    asked = [life(at="auth-n1", then="orders-n2")]
    asked[0].operations[-1] = replace(asked[0].operations[-1], service="orders")
    said = told(asked, both, happened("node.killed", 3.0, node="auth-n1"))
    assert said == [
        (
            "1 user was logged out: they asked orders, which does not know the sessions of auth "
            "(alice: orders-n2 instead of auth-n1)"
        )
    ]
    shared = started(strategies={"auth": "redis", "orders": "redis"})
    assert told(asked, shared) == ["1 user was logged out: Redis had their session no more"]


USELESS = [
    ("learn:JSESSIONID", "no answer set such a cookie"),
    ("learn-header:X-Id", "no answer had such a header"),
    ("header:X-User", "no request had such a header"),
    ("query:user", "no request had such a parameter"),
]


@pytest.mark.parametrize(("affinity", "why"), USELESS)
@pytest.mark.parametrize("how", [{"verdict": "NN"}, {"tie": False}])
def test_an_affinity_that_tied_nobody_is_named(
    affinity: str, why: str, how: dict[str, object]
) -> None:
    lost = life()
    lost.operations = [replace(op, **how) for op in lost.operations]  # type: ignore[arg-type]
    (said,) = told([lost], started(affinity=affinity))
    assert said == (
        "1 user was logged out: they were sent to another node than the one that has their session "
        f"in its memory; affinity {affinity} tied nobody: {why} (alice: n2 instead of n1)"
    )
    (said,) = told([lost], started(affinity="none"))
    assert "tied nobody" not in said
    tied = Life("bob")
    tied.log_in()
    tied.operations = [replace(op, verdict="NI", tie=True) for op in tied.operations]
    (said,) = told([lost, tied], started(affinity=affinity))
    assert "tied nobody" not in said


CHANGES = [
    ("node.added", "n4 was added"),
    ("node.removed", "n4 was removed"),
    ("node.killed", "n4 was killed"),
    ("node.started", "n4 was started again"),
]


@pytest.mark.parametrize(("kind", "how"), CHANGES)
@pytest.mark.parametrize("algorithm", ["hash:source", "consistent-hash:cookie:sid"])
def test_what_changed_the_nodes_that_a_hash_chooses_from_is_named(
    kind: str, how: str, algorithm: str
) -> None:
    before = happened("node.added", 2.0, node="n3")
    changed = happened(kind, 2.8, node="n4", began=2.7)
    late = happened("node.added", 9.0, node="n5")
    by_hash = {"affinity": "none", "algorithm": algorithm}
    (said,) = told([life(verdict="NN")], started(**by_hash), before, changed, late)
    assert said == (
        "1 user was logged out: they were sent to another node than the one that has their session "
        f"in its memory, after {how} at 2.7 s into the story (alice: n2 instead of n1)"
    )
    (said,) = told([life()], started(affinity="cookie", algorithm="round-robin"), changed)
    assert "after" not in said
    (said,) = told([life()], started(one_key=False, strategies={"app": "jwt"}, **by_hash), changed)
    assert f"a key of its own, after {how} at" in said


@pytest.mark.parametrize(("kind", "one_key"), [("node.killed", False), ("keys.retired", True)])
def test_a_token_that_had_expired_before_its_key_went_was_not_lost_with_it(
    kind: str, *, one_key: bool
) -> None:
    """A node looks for the key first: so it says `key-unknown`, however old the token is."""
    late = life(code="key-unknown", token_left=-3.0)  # asked at 5.25 s, so it ended at 2.25 s
    strict = started("jwt", one_key=one_key, options={"jwt-leeway": 0})
    (said,) = told([late], strict, happened(kind, 4.0, node="n1"))
    assert said == "1 user was logged out: their token had expired (alice: 5.0 s after the login)"
    (said,) = told([late], strict, happened(kind, 2.0, node="n1"))
    assert "at 2.0 s" in said
    lenient = started("jwt", one_key=one_key, options={"jwt-leeway": 2})
    (said,) = told([late], lenient, happened(kind, 4.0, node="n1"))
    assert "at 4.0 s" in said
    (said,) = told([life(code="key-unknown")], strict, happened(kind, 4.0, node="n1"))
    assert "at 4.0 s" in said


def test_a_login_that_was_refused_is_not_a_credential_that_was_not_sent() -> None:
    """Its redirect, or its next step, met a copy that does not know the first."""
    alice = Life("alice", node="n2")
    alice.ask("POST", "/login", 401, credential=0)
    alice.ask("GET", "/me", 401)
    (said,) = told([alice], started(app="shop"))
    assert said.endswith("their login was refused: 401 came from n2")


def test_a_flush_is_the_end_of_all_sessions_even_of_a_redis_that_keeps_them() -> None:
    flush = happened("redis.flushed", 3.0, keeps=False)
    (said,) = told([life()], started("redis", redis_keeps=True), flush)
    assert said == (
        "1 user was logged out: Redis was flushed at 3.0 s into the story, their session was in it"
    )


@pytest.mark.parametrize(
    ("kind", "undone", "how", "data"),
    [
        ("redis.full", "redis.roomy", "was full", {"keeps": True}),
        ("redis.readonly", "redis.writable", "was read-only", {"keeps": True}),
        ("redis.slow", "redis.quick", "was slow", {"keeps": True}),
        ("link.partitioned", "link.joined", "could not be reached", {"parts": ["n1", "redis"]}),
    ],
)
def test_a_redis_that_could_not_work_is_named_until_it_can(
    kind: str, undone: str, how: str, data: dict[str, object]
) -> None:
    begins = happened(kind, 3.0, **data)
    (said,) = told([life()], started("redis"), begins)
    assert f"Redis {how} from 3.0 s into the story on, and a node took that for" in said
    (said,) = told([life()], started("redis"), begins, happened(undone, 4.0, **data))
    assert how not in said
    (said,) = told([life()], started("redis"), begins, happened("part.resumed", 4.0, part="redis"))
    assert how in said


def test_a_node_that_can_t_be_reached_has_its_sessions_all_the_same() -> None:
    cut = happened("link.partitioned", 3.0, parts=["balancer", "n1"])
    (said,) = told([life()], started(), cut)
    assert (
        "n1 could not be reached at 3.0 s into the story, their session was in its memory" in said
    )
    joined = happened("link.joined", 4.0, parts=["balancer", "n1"])
    (said,) = told([life()], started(), cut, joined)
    assert "reached" not in said
    started_again = happened("node.started", 4.0, node="n1")
    (said,) = told([life()], started(), cut, started_again)
    assert "could not be reached" in said


def silent(**more: object) -> Life:
    """Logged in, and then nobody answered until the end."""
    life = Life("alice", node="n1")
    life.log_in()
    life.node, life.now = "", 5.0
    life.ask("GET", "/me", None, **more)
    return life


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            happened("link.impaired", 3.0, parts=["clients", "balancer"], rule="half-open"),
            "the balancer could not be reached at 3.0 s into the story: no answer came",
        ),
        (
            happened("link.impaired", 3.0, parts=["clients", "balancer"], rule="reset"),
            "the balancer was cut off by resets at 3.0 s into the story: no answer came",
        ),
    ],
)
def test_silence_behind_a_link_is_the_link_s(event: Event, said: str) -> None:
    assert any(said in one for one in told([silent()], started(), event))
