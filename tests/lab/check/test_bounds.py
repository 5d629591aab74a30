from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlab.lab.check.bounds import bounds, notes
from sessionlab.lab.check.results import Bound, Cell, CellOutcome, Counts
from sessionlab.lab.recipes.reading import parse
from tests.lab.check.recorded import cell, did

if TYPE_CHECKING:
    from sessionlab.lab.recipes.model import Recipe

ALL_KEPT, ONE_LOST, ONE_UNKNOWN = (
    Counts(kept=7),
    Counts(kept=6, logged_out=1),
    Counts(kept=6, unknown=1),
)


def recipe(**more: Any) -> Recipe:
    me = {"get": "/me", "user": {"json": "user"}}
    return parse({"name": "shop", "me": me, **more}, Path("sessionlab.toml")).base


def test_a_bound_is_held_under_the_affinity_of_production_alone() -> None:
    asked = recipe(affinity="cookie", expect={"deploy": {"logged_out": 0}})
    cells = [cell("none", "deploy", counts=ONE_LOST), cell("cookie", "deploy", counts=ALL_KEPT)]
    assert list(bounds(asked, cells)) == [Bound("deploy.logged_out <= 0", True, "cookie: 0")]


def test_without_one_it_is_held_under_each_that_was_tried() -> None:
    asked = recipe(expect={"deploy": {"logged_out": 0}})
    cells = [cell("none", "deploy", counts=ONE_LOST), cell("cookie", "deploy", counts=ALL_KEPT)]
    (bound,) = bounds(asked, cells)
    assert bound.met is False
    assert bound.saw == "none: 1, cookie: 0"


def test_who_is_unknown_could_break_a_bound_so_it_is_not_met_either() -> None:
    asked = recipe(expect={"ask": {"lost": 0}})
    (bound,) = bounds(asked, [cell("none", "ask", counts=ONE_UNKNOWN)])
    assert bound.met is None


def test_an_ordeal_that_showed_nothing_leaves_its_bound_open() -> None:
    asked = recipe(expect={"ask": {"lost": 0}})
    (bound,) = bounds(asked, [Cell("none", "ask", CellOutcome.ERROR, why="no descriptor left")])
    assert bound.met is None
    assert bound.saw == "none: error"


def test_what_was_not_asked_for_is_not_judged_and_that_is_said() -> None:
    tried = [cell("none", "ask", counts=ALL_KEPT)]
    asked = recipe(expect={"deploy": {"lost": 0}})
    assert list(bounds(asked, tried)) == []
    assert list(notes(asked, tried)) == [
        "[expect] was not looked at for what was not tried: deploy"
    ]
    asked = recipe(affinity="cookie", expect={"ask": {"lost": 0}})
    assert list(bounds(asked, tried)) == []
    assert list(notes(asked, tried)) == ["[expect] is for affinity cookie, which was not tried"]


def test_where_nothing_says_who_answers_that_is_said() -> None:
    silent = cell("none", "ask", did("alice", "me", node=None))
    assert "counts as kept" in next(notes(recipe(), [silent]))
    assert not list(notes(recipe(), [cell("none", "ask", did("alice", "me"))]))
