"""Strips: what is drawn of a client's requests is what it asked and got, at the place in time."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from sessionlab.lab.events import Event
from sessionlab.lab.reports.glyphs import ASCII, Glyphs
from sessionlab.lab.reports.strip_lines import Layout
from sessionlab.lab.reports.strips import strips
from tests.lab.lives import Life, merged

if TYPE_CHECKING:
    from collections.abc import Sequence


def happened(kind: str, at: float, **data: object) -> Event:
    return Event(at, kind, "s", {"cluster": "c", **data})


def drawn(
    lives: Sequence[Life], *events: Event, width: int = 78, **layout: int | None
) -> list[str]:
    layout = {"rows": 6, "lines": 3, **layout}
    draw = Layout(width, Glyphs(), layout["rows"], layout["lines"]).draw
    lines = [line.plain for line in draw(strips(merged(list(lives)), events), {})]
    assert all(cell_len(line) <= width for line in lines), lines
    return lines


def logged_in(client: str = "alice", node: str = "n1") -> Life:
    life = Life(client, node=node)
    life.log_in()
    return life


def asking(client: str, node: str, times: int) -> Life:
    life = logged_in(client, node)
    for _ in range(times):
        life.me()
    return life


def test_each_request_is_told_with_who_answered_and_how() -> None:
    alice = logged_in()
    alice.ask("GET", "/me", 401, node="n2")
    alice.ask("GET", "/me", 401, node="n3")
    alice.me()
    assert drawn([alice]) == ["alice  login n1 ✓ │ n2 401 │ n3 401 │ n1 ✓"]


def test_what_is_not_asked_all_the_time_is_named() -> None:
    alice = logged_in()
    alice.add("a book")
    alice.read()
    alice.ask("POST", "/logout", 204)
    alice.ask("GET", "/orders/me", 200, user="alice", node="orders-n1")
    assert drawn([alice]) == [
        "alice  login n1 ✓ │ write n1 ✓ │ read n1 ✓ │ logout n1 ✓ │ orders-n1 ✓"
    ]


def test_a_run_of_the_same_is_folded_and_its_number_told() -> None:
    assert drawn([asking("alice", "n1", 18)]) == ["alice  login n1 ✓ │ n1 ✓ ×18"]


@pytest.mark.parametrize(
    ("status", "more", "said"),
    [
        (None, {}, "no answer"),
        (None, {"given_up": True}, "gave up"),
        (503, {}, "balancer 503"),
        (503, {"node": "n2"}, "n2 503"),
        (200, {"user": "bob"}, "n1 as bob"),
        (200, {"user": None}, "n1 nobody"),
        (401, {"credential": 0}, "n1 401 (sent nothing)"),
        (401, {"direct": True}, "(n1 401)"),
    ],
)
def test_what_served_nobody_is_never_shown_as_if_it_had(
    status: int | None, more: dict[str, object], said: str
) -> None:
    alice = logged_in()
    alice.ask("GET", "/me", status, **more)
    first, *_ = drawn([alice])
    assert first == f"alice  login n1 ✓ │ {said}"


def test_a_cart_that_is_not_its_own_is_not_shown_as_well() -> None:
    alice = logged_in()
    alice.add("a book")
    alice.ask("GET", "/cart", 200, items=())
    assert drawn([alice])[0].endswith("│ read n1 wrong data")


def test_a_mark_stands_where_it_happened() -> None:
    alice = asking("alice", "n1", 2)  # until 2.75 s
    alice.ask("GET", "/me", 401, node="n2")
    (line,) = drawn([alice], happened("node.killed", 3.0, node="n1", began=2.9))
    assert line == "alice  login n1 ✓ │ n1 ✓ ×2 │ [n1 killed at 2.9 s] │ n2 401"


@pytest.mark.parametrize(("status", "before"), [(200, True), (401, False), (None, False)])
def test_of_what_was_answered_while_a_node_went_only_what_was_well_stands_before_its_mark(
    status: int | None, before: bool
) -> None:
    alice = logged_in()
    alice.ask("GET", "/me", status, user="alice")  # from 1.25 s to 1.75 s
    (line,) = drawn([alice], happened("node.killed", 2.0, node="n1", began=1.5))
    assert line.endswith("[n1 killed at 1.5 s]") is before


@pytest.mark.parametrize(
    "event",
    [
        happened("redis.started", 9.0, began=1.5),
        happened("balancer.started", 9.0, began=1.5),
        happened("node.started", 9.0, node="n2"),
        happened("node.added", 9.0, node="n2"),
    ],
)
def test_what_serves_again_is_marked_before_its_first_answer(event: Event) -> None:
    alice = logged_in()
    alice.fail("GET", "/me", 503)  # until 1.75 s: what begins has not helped it
    alice.ask("GET", "/me", 200, user="alice", node="n2")
    (line,) = drawn([alice], event)
    before, after = line.split(" │ [")
    assert before.endswith("503")
    assert after.endswith(" at 9.0 s] │ n2 ✓")


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (happened("node.stopped", 0.1, node="n2"), "n2 stopped"),
        (happened("part.paused", 0.1, part="n2"), "n2 frozen"),
        (happened("part.paused", 0.1, part="balancer"), "balancer frozen"),
        (happened("node.added", 0.1, node="n4"), "n4 added"),
        (happened("redis.stopped", 0.1), "Redis stopped"),
        (happened("balancer.restarted", 0.1), "balancer restarted"),
        (happened("keys.retired", 0.1), "keys retired"),
        (happened("link.partitioned", 0.1, parts=["n1", "redis"]), "n1 and redis parted"),
    ],
)
def test_whatever_breaks_has_a_mark(event: Event, said: str) -> None:
    assert drawn([logged_in()], event) == [f"alice  [{said} at 0.1 s] │ login n1 ✓"]


def test_what_happened_elsewhere_or_tells_nothing_has_none() -> None:
    other = Event(0.1, "node.killed", "s", {"cluster": "d", "node": "n1"})
    ready = happened("cluster.ready", 0.1)
    assert drawn([logged_in()], other, ready) == ["alice  login n1 ✓"]


def test_users_come_in_the_order_in_which_they_came() -> None:
    late, early = logged_in("late"), logged_in("early", "n2")
    late.operations[0] = replace(late.operations[0], invoked=0.3)
    late.fail("GET", "/me", 503)
    assert [line.split()[0] for line in drawn([late, early])] == ["early", "late"]


def test_many_who_fared_alike_are_one_and_their_number() -> None:
    lives = [asking(f"user-{number:06d}", f"n{number % 3 + 1}", 3) for number in range(1, 19)]
    lines = drawn(lives)
    assert lines == ["user-000001  login n2 ✓ │ n2 ✓ ×3", "… and 17 more like user-000001"]


def test_who_lost_a_node_is_not_like_who_kept_it() -> None:
    kept, lost = asking("kept", "n1", 1), asking("lost", "n2", 1)
    for life in (kept, lost):
        life.ask("GET", "/me", 200, user=life.client, node="n1")
    assert len(drawn([kept, lost], happened("node.killed", 1.9, node="n2"))) == 2


def test_some_who_fared_well_and_some_who_did_not_are_always_shown() -> None:
    lives = []
    for number in range(9):
        life = asking(f"well-{number}", "n1", 1)
        for extra in range(number):
            life.ask("GET", f"/page-{extra}", 200)
        lives.append(life)
    bad = asking("bad", "n1", 1)
    bad.ask("GET", "/me", 401)
    lines = drawn([*lives, bad], rows=3)
    assert [line.split()[0] for line in lines] == ["well-0", "well-1", "bad", "…"]
    assert lines[-1] == "… and 7 others"


def test_where_all_is_told_each_client_is_also_those_who_fared_alike() -> None:
    assert len(drawn([asking(f"u{n}", "n1", 1) for n in range(50)], rows=None)) == 50
    assert drawn([asking(f"u{n}", "n1", 1) for n in range(51)], rows=None) == [
        "u0  login n1 ✓ │ n1 ✓",
        "… and 50 more like u0",
    ]


def test_the_only_other_client_is_drawn_rather_than_counted() -> None:
    first, other = logged_in("alice"), logged_in("bob")
    other.ask("GET", "/cart", 200)
    assert drawn([first, other], rows=1)[1].startswith("bob    login n1 ✓ │ read n1")


def test_the_legend_is_of_what_is_drawn() -> None:
    alice, bob = logged_in("alice"), logged_in("bob")
    for _ in range(2):
        bob.ask("GET", "/me", 200, direct=True, user="bob")
    rest = [asking(f"u{n}", "n1", 0) for n in range(3)]
    past = "in brackets ( ): asked past the balancer"
    assert drawn([alice, bob])[-1] == past
    third = logged_in("carol")
    third.ask("GET", "/cart", 200)
    assert past not in drawn([alice, third, *rest, bob], rows=1)


def test_where_nobody_fared_well_none_is_left_out_for_one_who_did() -> None:
    lives = [one_of_each(10 + number) for number in range(3)]
    for number, life in enumerate(lives):
        life.operations = [replace(op, client=f"u{number}") for op in life.operations]
    assert {line.split()[0] for line in drawn(lives, rows=3)} - {"│"} == {"u0", "u1", "u2"}


def several_tabs() -> list[Life]:
    first, second = logged_in(), logged_in()
    second.operations = [replace(op, tab=1) for op in second.operations]
    second.fail("GET", "/me", 503, tab=1)
    return [first, second]


def test_two_tabs_of_one_user_are_two_strips() -> None:
    assert drawn(several_tabs()) == [
        "alice      login n1 ✓",
        "alice (2)  login n1 ✓ │ balancer 503",
        "alice (2): another client of the same user",
    ]


def one_of_each(requests: int) -> Life:
    """A client whose requests can't be folded."""
    alice = logged_in()
    for number in range(requests):
        alice.ask("GET", "/me", 401 if number % 3 else 200, user="alice", node=f"n{number % 7 + 1}")
    return alice


@pytest.mark.parametrize("width", [20, 38, 78, 200])
def test_what_is_too_long_says_what_it_leaves_out(width: int) -> None:
    shown = drawn([one_of_each(400)], happened("node.killed", 100.0, node="n9"), width=width)
    assert len(shown) <= 4
    text = " ".join(shown)
    left_out = sum(map(int, re.findall(r"… (\d+) more", text)))
    pieces = text.count(" 401") + text.count("✓") - text.count("not ✓")
    assert left_out + pieces == 401
    assert "n9" in text


@pytest.mark.parametrize("width", [38, 78])
def test_requests_are_folded_around_what_happened_and_it_is_not(width: int) -> None:
    marks = [happened("node.added", 20.0 * n, node=f"n{10 + n}") for n in range(1, 7)]
    shown = drawn([one_of_each(150)], *marks, width=width)
    text = " ".join(shown)
    assert [f"n{10 + n} added" in text for n in range(1, 7)] == [True] * 6
    assert "more event" not in text
    assert sum(map(int, re.findall(r"… (\d+) more request", text))) > 100
    assert len(shown) <= 13, "a line for each mark, and for what is between"


def test_of_very_many_events_the_first_and_the_last_are_told_and_the_rest_counted() -> None:
    marks = [happened("node.added", 20.0 * n, node=f"n{10 + n}") for n in range(1, 21)]
    text = " ".join(drawn([one_of_each(450)], *marks))
    assert re.findall(r"n(\d+) added", text) == ["11", "12", "13", "28", "29", "30"]
    assert sum(map(int, re.findall(r"(\d+) more event", text))) == 14


def test_one_piece_is_never_folded_into_a_longer_one() -> None:
    alice = one_of_each(20)
    text = " ".join(drawn([alice], happened("node.killed", 2.0, node="n9")))
    assert "… 1 more" not in text


def test_everything_is_there_on_request() -> None:
    text = " ".join(drawn([one_of_each(400)], lines=None))
    assert text.count(" 401") + text.count("✓") == 401


def test_clusters_stand_below_the_names_of_their_settings() -> None:
    first, second = logged_in(), logged_in("bob")
    second.operations = [replace(op, cluster="b") for op in second.operations]
    events = [Event(0.0, "cluster.starting", "s", {"cluster": label}) for label in ("b", "c")]
    found = strips(merged([first, second]), events)
    lines = [line.plain for line in Layout(78, Glyphs()).draw(found, {"b": "one", "c": "two"})]
    assert lines == ["one", "bob  login n1 ✓", "two", "alice  login n1 ✓"]


@pytest.mark.parametrize("name", ["\x1b[31mred", "[bold]b[/bold]", "a\nb", "\u202eevil", "名" * 40])
def test_no_name_breaks_a_line_or_is_taken_for_anything_else(name: str) -> None:
    (line,) = drawn([logged_in(name)], width=60)
    assert line.isprintable()
    assert line.endswith("login n1 ✓")
    assert ("[bold]" in name) is ("[bold]" in line)


def test_without_more_than_ascii_all_of_it_is_still_told() -> None:
    alice = asking("Zoë", "n1", 2)
    found = strips(merged([alice]), [happened("node.killed", 9.0, node="n1")])
    (line,) = (line.plain for line in Layout(78, ASCII).draw(found, {}))
    assert line == "Zo\\xeb  login n1 ok | n1 ok x2 | [n1 killed at 9.0 s]"


def test_thousands_of_users_are_drawn_as_few_lines() -> None:
    lives = [asking(f"user-{number}", f"n{number % 5}", number % 4) for number in range(3000)]
    assert len(drawn(lives)) <= 4
