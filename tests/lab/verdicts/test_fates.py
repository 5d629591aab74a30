"""Histories whose verdict is known by construction, and what each of them must be judged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.record.history import History, Operation
from sessionlab.lab.verdicts.fates import Fate, User, tally, users
from tests.lab.lives import Life, lives, merged


def only(history: list[Operation]) -> User:
    (user,) = users(history)
    return user


def spans(user: User) -> list[tuple[float, float]]:
    return [(one.began, one.ended) for one in user.interruptions]


@given(lives())
def test_a_session_that_survives_is_kept_or_moved_with_its_interruptions(life: Life) -> None:
    user = only(life.operations)
    assert (user.fate, user.at, user.says) == (life.verdict, life.at, "")
    assert user.home == (life.left or life.node)
    assert spans(user) == life.interruptions


@given(st.integers(1, 4).flatmap(lambda n: st.tuples(*(lives(f"user-{i}") for i in range(n)))))
def test_what_happens_to_one_user_is_no_other_s_verdict(all_lives: tuple[Life, ...]) -> None:
    judged = {user.client: user.fate for user in users(merged(list(all_lives)))}
    assert judged == {life.client: life.verdict for life in all_lives}


@given(lives())
def test_a_401_to_a_credential_is_logged_out_there(life: Life) -> None:
    home = life.node
    life.node = "n9"
    refused = life.ask("GET", "/me", 401, verdict="VU", reason="drained")
    user = only(life.operations)
    assert (user.fate, user.at, user.home) == (Fate.LOGGED_OUT, refused, home)
    assert user.at is not None
    assert (user.at.verdict, user.at.reason) == ("VU", "drained")


@given(lives())
def test_who_comes_back_after_a_401_was_logged_out_all_the_same(life: Life) -> None:
    life.ask("GET", "/me", 401)
    life.me()
    assert only(life.operations).fate is Fate.LOGGED_OUT


@given(lives())
def test_errors_that_end_with_a_401_were_an_interruption_and_a_logout(life: Life) -> None:
    life.fail("GET", "/me", 503)
    refused = life.ask("GET", "/me", 401)
    user = only(life.operations)
    assert (user.fate, user.at) == (Fate.LOGGED_OUT, refused)
    assert spans(user) == life.interruptions


def test_a_401_after_logging_in_anew_is_no_consequence_of_the_old_logout() -> None:
    life = Life("alice")
    life.log_in()
    life.ask("POST", "/logout", 204)
    life.log_in()
    life.ask("GET", "/me", 401)
    assert only(life.operations).fate is Fate.LOGGED_OUT


@given(lives())
def test_somebody_else_s_identity_is_wrong_data(life: Life) -> None:
    wrong = life.ask("GET", "/me", 200, user="mallory")
    life.ask("GET", "/me", 200, user="trudy")
    life.me()
    user = only(life.operations)
    assert (user.fate, user.at) == (Fate.WRONG_DATA, wrong)
    assert user.says == f"{life.client} was taken for mallory"


def test_to_be_logged_in_as_somebody_else_is_wrong_data() -> None:
    life = Life("alice")
    life.ask("POST", "/login", 200, user="bob")
    assert only(life.operations).fate is Fate.WRONG_DATA


@given(lives(), lives("other"))
def test_a_user_who_gets_another_user_s_cart_is_not_kept(life: Life, other: Life) -> None:
    other.add("a thing of the other's")
    wrong = life.ask("GET", "/cart", 200, items=tuple(other.cart))
    judged = {user.client: user for user in users(merged([life, other]))}
    assert (judged[life.client].fate, judged[life.client].at) == (Fate.WRONG_DATA, wrong)
    assert "a thing of the other's" in judged[life.client].says
    assert judged["other"].fate is other.verdict


@given(lives())
def test_an_acknowledged_item_that_is_missing_is_wrong_data(life: Life) -> None:
    life.add("a book")
    life.cart.remove("a book")
    wrong = life.read()
    user = only(life.operations)
    assert (user.fate, user.at) == (Fate.WRONG_DATA, wrong)
    assert "a book missing" in user.says


@given(lives())
def test_an_item_that_is_there_twice_and_was_put_once_is_wrong_data(life: Life) -> None:
    life.add("a book")
    life.cart.append("a book")
    life.read()
    assert only(life.operations).fate is Fate.WRONG_DATA


def test_an_item_that_is_not_in_the_answer_to_its_own_addition_is_wrong_data() -> None:
    life = Life("alice")
    life.log_in()
    life.ask("POST", "/cart", 200, item="a book", items=())
    assert only(life.operations).fate is Fate.WRONG_DATA


@given(lives(), st.booleans())
def test_an_addition_that_overlaps_a_read_may_be_in_it_or_not(life: Life, seen: bool) -> None:
    before = tuple(life.cart)
    life.add("a book")
    add = life.operations[-1]
    shown = (*before, "a book") if seen else before
    read = replace(life.read(), invoked=add.completed - 0.1, items=shown)
    assert only([*life.operations[:-1], read]).fate is life.verdict


@given(lives())
def test_an_addition_that_was_refused_must_not_be_there(life: Life) -> None:
    life.ask("POST", "/cart", 409, item="too much")
    life.cart.append("too much")
    life.read()
    assert only(life.operations).fate is Fate.WRONG_DATA


@given(lives(), st.integers(1, 5))
def test_errors_until_the_cookies_are_dropped_are_stuck(life: Life, times: int) -> None:
    errors = [life.fail("GET", "/me", 503) for _ in range(times)]
    life.down_since = None  # it is over, but by no doing of the cluster's
    life.log_in()
    life.cart.clear()
    life.read()
    user = only(life.operations)
    assert (user.fate, user.at) == (Fate.STUCK, errors[0])
    assert spans(user) == life.interruptions


def test_errors_with_and_without_cookies_are_not_due_to_the_cookies() -> None:
    life = Life("alice")
    life.log_in()
    life.fail("GET", "/me", 503)
    life.fail("GET", "/me", 503, credential=0)
    life.me()
    user = only(life.operations)
    assert user.fate is Fate.KEPT
    assert spans(user) == life.interruptions


def test_errors_that_not_even_a_logout_ends_are_stuck() -> None:
    life = Life("alice")
    life.log_in()
    life.fail("GET", "/me", 503)
    life.fail("POST", "/logout", 503)
    user = only(life.operations)
    assert (user.fate, user.interruptions) == (Fate.STUCK, ())


@given(lives(), st.integers(1, 5))
def test_errors_to_the_end_are_stuck(life: Life, times: int) -> None:
    errors = [life.fail("GET", "/me", None) for _ in range(times)]
    user = only(life.operations)
    assert (user.fate, user.at) == (Fate.STUCK, errors[0])


@given(lives(), st.integers(1, 5))
def test_errors_that_only_a_new_login_ended_have_cost_the_session(life: Life, times: int) -> None:
    errors = [life.fail("GET", "/me", 503) for _ in range(times)]
    life.ask("POST", "/login", 200, user=life.client)
    user = only(life.operations)
    assert (user.fate, user.at) == (Fate.LOGGED_OUT, errors[0])
    assert spans(user) == life.interruptions


@pytest.mark.parametrize("status", [302, 400, 403, 404, 429, 431])
def test_an_answer_that_is_nobody_s_is_an_error_and_ends_none(status: int) -> None:
    life = Life("alice")
    life.log_in()
    first = life.ask("GET", "/me", status)
    life.ask("GET", "/me", None)
    life.ask("GET", "/me", status)
    user = only(life.operations)
    assert (user.fate, user.at, user.interruptions) == (Fate.STUCK, first, ())
    known = life.me()
    user = only(life.operations)
    assert (user.fate, spans(user)) == (Fate.KEPT, [(first.invoked, known.completed)])


def test_a_cookie_that_is_too_large_until_it_is_dropped_is_stuck() -> None:
    life = Life("alice")
    life.log_in()
    first = life.ask("GET", "/me", 431)
    life.log_in()
    life.me()
    assert (only(life.operations).fate, only(life.operations).at) == (Fate.STUCK, first)


def test_an_answer_that_says_nothing_of_the_user_ends_no_interruption() -> None:
    life = Life("alice")
    life.log_in()
    failed = life.fail("GET", "/me", 503)
    life.ask("GET", "/healthz", 200, node="n2")
    known = life.me()
    user = only(life.operations)
    assert (user.fate, spans(user)) == (Fate.KEPT, [(failed.invoked, known.completed)])


def test_to_be_nobody_to_one_s_own_node_is_logged_out() -> None:
    life = Life("alice")
    life.log_in()
    life.ask("GET", "/me", 200)
    assert only(life.operations).fate is Fate.LOGGED_OUT


def test_a_request_s_own_fault_is_nobody_s_error() -> None:
    life = Life("alice")
    life.log_in()
    life.ask("POST", "/cart", 413)
    user = only(life.operations)
    assert (user.fate, user.interruptions) == (Fate.KEPT, ())


def test_who_was_stuck_at_the_login_too_was_stuck_whoever_ended_it() -> None:
    life = Life("alice")
    life.log_in()
    first = life.fail("GET", "/me", 503)
    life.fail("POST", "/login", 503)
    life.ask("POST", "/login", 200, user="alice")
    user = only(life.operations)
    assert (user.fate, user.at) == (Fate.STUCK, first)


@pytest.mark.parametrize("credential", [0, 60])
@pytest.mark.parametrize("at_the_login", [False, True])
def test_who_wanted_to_leave_and_logs_in_anew_has_ended_its_session_itself(
    credential: int, *, at_the_login: bool
) -> None:
    """Its logout met the outage, too: what came of the session afterwards nobody can say."""
    life = Life("alice")
    life.log_in()
    life.fail("GET", "/me", 503)
    life.fail("POST", "/logout", 503)
    if at_the_login:
        life.fail("POST", "/login", 503, credential=credential)
    life.log_in(credential)
    life.me()
    user = only(life.operations)
    assert (user.fate, len(user.interruptions)) == (Fate.KEPT, 1)


@pytest.mark.parametrize("credential", [0, 60])
def test_who_logs_out_and_can_never_get_in_again_is_stuck(credential: int) -> None:
    life = Life("alice")
    life.log_in()
    life.ask("POST", "/logout", 204)
    first = life.fail("POST", "/login", 503, credential=credential)
    user = only(life.operations)
    assert (user.fate, user.at) == (Fate.STUCK, first)
    life.log_in(credential)
    user = only(life.operations)
    assert (user.fate, len(user.interruptions)) == (Fate.KEPT, 1)


def test_a_logout_that_failed_excuses_no_errors_after_it() -> None:
    life = Life("alice")
    life.log_in()
    life.fail("POST", "/logout", 503)
    life.fail("GET", "/me", 503)
    assert only(life.operations).fate is Fate.STUCK


def test_a_logout_that_had_no_effect_excuses_nothing_after_that() -> None:
    life = Life("alice")
    life.log_in()
    life.ask("POST", "/logout", 503)
    life.me()
    life.ask("GET", "/me", 401)
    assert only(life.operations).fate is Fate.LOGGED_OUT


def test_a_logout_that_failed_excuses_no_other_s_identity() -> None:
    life = Life("alice")
    life.log_in()
    life.ask("POST", "/logout", 503)
    life.ask("GET", "/me", 200, user="bob")
    assert only(life.operations).fate is Fate.WRONG_DATA


def test_who_is_known_never_once_after_its_login_was_logged_out() -> None:
    life = Life("alice")
    life.log_in()
    refused = life.ask("GET", "/me", 401, credential=0)  # it has a Secure cookie, and no TLS
    user = only(life.operations)
    assert (user.fate, user.at) == (Fate.LOGGED_OUT, refused)
    known = Life("alice")
    known.log_in()
    known.me()
    known.ask("GET", "/me", 401, credential=0)
    assert only(known.operations).fate is Fate.KEPT


def test_a_verdict_knows_when_the_user_was_last_well() -> None:
    life = Life("alice")
    life.log_in()
    known = life.me()
    life.fail("GET", "/me", 503)
    life.ask("GET", "/me", 401)
    user = only(life.operations)
    assert (user.entered, user.since) == (0.25, known.invoked)


@given(lives())
def test_what_a_client_did_to_itself_is_held_against_nobody(life: Life) -> None:
    life.ask("POST", "/logout", 204)
    life.ask("GET", "/me", 401)
    assert only(life.operations).fate is life.verdict


@given(lives())
def test_who_drops_its_credential_or_shows_a_forged_one_was_not_logged_out(life: Life) -> None:
    life.ask("POST", "/login", 401)  # a wrong password
    life.ask("GET", "/me", 401, credential=0)
    life.ask("GET", "/me", 401)
    assert only(life.operations).fate is life.verdict


@pytest.mark.parametrize("status", [None, 503, 504])
def test_after_a_logout_of_unknown_outcome_both_ends_are_right(status: int | None) -> None:
    for answer in (401, 200):
        life = Life("alice")
        life.log_in()
        life.ask("POST", "/logout", status)
        life.ask("GET", "/me", answer, user="alice" if answer == 200 else None)
        assert only(life.operations).fate is Fate.KEPT


@pytest.mark.parametrize("first", ["login", "refusal"])
def test_a_request_that_a_new_login_overtook_may_be_refused(first: str) -> None:
    life = Life("alice")
    life.log_in()
    refused = life.ask("GET", "/me", 401)
    anew = life.ask("POST", "/login", 200, user="alice")
    late = refused.completed if first == "login" else refused.completed + 0.5
    life.operations[-1] = replace(anew, invoked=refused.invoked + 0.1, completed=late - 0.1)
    life.me()
    assert only(merged([life])).fate is Fate.KEPT
    life.operations[-2] = replace(life.operations[-2], credential=0)
    assert only(merged([life])).fate is Fate.LOGGED_OUT, "it had dropped its session, not ended it"
    life.operations[-2] = replace(anew, invoked=refused.completed + 0.1)
    assert only(merged([life])).fate is Fate.LOGGED_OUT


def test_a_request_that_a_logout_overtook_may_be_refused() -> None:
    life = Life("alice")
    life.log_in()
    refused = life.ask("GET", "/me", 401)
    logout = life.ask("POST", "/logout", 204)
    overlapping = replace(logout, invoked=refused.invoked, completed=refused.completed)
    assert only([life.operations[0], refused, overlapping]).fate is Fate.KEPT


@given(lives(), st.sampled_from([0, 60]))
def test_a_new_login_begins_a_new_cart(life: Life, credential: int) -> None:
    life.add("a book")
    life.log_in(credential)
    life.cart.clear()
    life.read()
    assert only(life.operations).fate is life.verdict


def test_what_a_client_gave_up_is_no_error_and_may_have_been_done_all_the_same() -> None:
    life = Life("alice")
    life.log_in()
    life.ask("POST", "/cart", None, item="book", given_up=True)
    life.ask("GET", "/cart", 200, items=("book",))
    assert (only(life.operations).fate, spans(only(life.operations))) == (Fate.KEPT, [])
    life.ask("POST", "/logout", None, given_up=True)
    life.ask("GET", "/me", 401)
    assert only(life.operations).fate is Fate.KEPT


def test_who_never_logged_in_has_no_verdict() -> None:
    life = Life("mallory")
    life.ask("GET", "/me", 401)
    assert users(life.operations) == []


@pytest.mark.parametrize("status", [None, 502])
def test_who_asks_to_log_in_and_never_gets_in_is_stuck(status: int | None) -> None:
    life = Life("alice", credential=0)
    first = life.fail("POST", "/login", status)
    life.fail("POST", "/login", status)
    user = only(life.operations)
    assert (user.fate, user.at) == (Fate.STUCK, first)
    life.ask("POST", "/login", 401)  # a wrong password
    assert users(life.operations) == []


def test_who_gets_in_at_last_was_interrupted() -> None:
    life = Life("alice", credential=0)
    life.fail("POST", "/login", None)
    life.fail("POST", "/login", 503)
    life.log_in()
    user = only(life.operations)
    assert (user.fate, spans(user)) == (Fate.KEPT, life.interruptions)


def test_a_request_past_the_balancer_is_no_verdict_on_it() -> None:
    life = Life("alice")
    life.log_in()
    life.ask("GET", "/me", 401, direct=True)
    assert only(life.operations).fate is Fate.KEPT


def test_a_second_tab_shares_the_session_that_it_never_logged_in_to() -> None:
    first, second = Life("alice", tab=0), Life("alice", tab=1, now=10)
    first.log_in()
    second.add("a lamp")
    first.now = 20
    first.read()  # without the lamp
    user = only(merged([first, second]))
    assert (user.fate, user.says) == (Fate.WRONG_DATA, "alice's cart: a lamp missing")


def test_two_logins_of_one_user_are_two_sessions() -> None:
    first, second = Life("alice", tab=0), Life("alice", tab=1, now=10)
    first.log_in()
    second.log_in()
    second.add("a lamp")
    first.now = 20
    first.read()
    assert tally(users(merged([first, second])))[Fate.KEPT] == 2


@given(lives())
def test_the_same_name_in_another_cluster_is_another_user(life: Life) -> None:
    elsewhere = [replace(op, cluster="d", status=401, node="n9") for op in life.operations[1:]]
    judged = users([*life.operations, *elsewhere])
    assert [user.fate for user in judged] == [life.verdict]


@given(lives())
def test_a_history_that_was_read_back_is_judged_the_same(life: Life) -> None:
    stored = History.from_jsonl(History(life.operations).to_jsonl())
    assert users(stored) == users(life.operations)


def test_an_interruption_is_told_in_milliseconds() -> None:
    life = Life("alice")
    life.log_in()
    life.fail("GET", "/me", 503)
    life.me()
    (interruption,) = only(life.operations).interruptions
    assert interruption.milliseconds == 1500
