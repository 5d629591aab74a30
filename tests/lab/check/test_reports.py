"""What is written of a check: the screen, JSON, JUnit, a CI job's summary."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from sessionlab.lab.check.as_json import to_json
from sessionlab.lab.check.as_run import to_junit
from sessionlab.lab.check.as_summary import to_summary
from sessionlab.lab.check.as_text import to_text
from sessionlab.lab.check.results import (
    Bound,
    Cell,
    CellOutcome,
    Check,
    Control,
    ControlStep,
    Counts,
    Diagnosis,
)
from sessionlab.lab.reports.glyphs import ASCII, Glyphs
from tests.lab.check.recorded import cell

CONTROL = Control([ControlStep("login", True, "me names user1"), ControlStep("logout", None, "no")])
CHECK = Check(
    app="shop",
    variant="redis",
    copies=3,
    seed=1,
    control=CONTROL,
    cells=[
        cell("none", "ask", counts=Counts(logged_out=7), why="7 of 7 users were logged out"),
        cell("cookie", "ask", counts=Counts(kept=5, moved=2, interrupted=1)),
        cell("learn:connect.sid", "ask", counts=Counts(kept=3, logged_out=3, stuck=1)),
        Cell("none", "drain", CellOutcome.NOT_APPLICABLE, why="nginx knows no such state"),
        Cell("cookie", "drain", CellOutcome.ERROR, why="n2 did not start\nits last lines"),
    ],
    diagnosis=Diagnosis("copy", ["cookie"], ["Affinity cookie keeps everybody in."]),
    expect=[Bound("ask.lost <= 0", False, "none: 7")],
)
FAILED = Check(
    "shop",
    None,
    3,
    1,
    Control([ControlStep("login", False, "GET /me → 404, looked for JSON user")]),
)


def test_the_json_has_the_form_that_is_promised() -> None:
    said = json.loads(to_json([CHECK], "0.2.0"))
    assert list(said) == [
        *("sessionlab", "app", "variant", "copies", "seed", "control", "schema", "cells"),
        *("diagnosis", "expect", "outcome"),
    ]
    assert said["control"]["passed"] is True
    assert said["control"]["steps"][1] == {"step": "logout", "passed": None, "saw": "no"}
    assert said["cells"][0]["users"] == {
        **dict.fromkeys(("kept", "moved", "stuck", "wrong_data", "unknown", "interrupted"), 0),
        "logged_out": 7,
    }
    assert [one["outcome"] for one in said["cells"]][-2:] == ["not-applicable", "error"]
    assert said["diagnosis"]["sessions_live_in"] == "copy"
    assert (said["outcome"], said["schema"]) == ("broken", 1)


def test_several_variants_are_a_list() -> None:
    said = json.loads(to_json([CHECK, FAILED]))
    assert [one["variant"] for one in said["checks"]] == ["redis", None]


@pytest.mark.parametrize(
    ("check", "status"),
    [
        (CHECK, 1),
        (replace(CHECK, expect=[]), 3),
        (replace(CHECK, cells=CHECK.cells[:4], expect=[]), 0),
        (replace(CHECK, cells=CHECK.cells[:4], expect=[Bound("ask.lost <= 0", None)]), 3),
        (replace(CHECK, cells=(), expect=[], trouble="it does not start"), 3),
        (replace(CHECK, cells=[cell("none", "ask", counts=Counts(unknown=7))], expect=[]), 3),
        (FAILED, 3),
    ],
)
def test_the_exit_status_says_what_came_of_it(check: Check, status: int) -> None:
    assert check.exit_status == status


@pytest.mark.parametrize("glyphs", [Glyphs(), ASCII])
def test_the_screen_shows_a_table_of_80_columns_and_what_it_means(glyphs: Glyphs) -> None:
    lines = [line.plain for line in to_text(CHECK, glyphs)]
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "7 logged out" in text
    assert "This app's sessions live in each copy" in text
    assert "- Affinity cookie keeps everybody in." in text
    assert "NO ask.lost <= 0 (none: 7)" in text


def test_a_failed_control_run_says_which_step_and_nothing_of_users() -> None:
    text = "\n".join(line.plain for line in to_text(FAILED, Glyphs()))
    assert "login: GET /me → 404, looked for JSON user" in text
    assert "sessions live" not in text


def test_junit_has_a_failure_for_a_bound_and_an_error_for_the_labs_trouble() -> None:
    suites = ET.fromstring(to_junit([CHECK, FAILED]))
    names = {suite.get("name"): suite for suite in suites}
    assert suites.get("failures") == "2", "the bound, and the control run's step"
    assert names["shop-redis-cookie-drain"].find("*/error") is not None
    assert names["shop-redis-none-drain"].find("*/skipped") is not None
    assert names["shop-control"].find("*/error") is not None


def test_the_summary_is_markdown() -> None:
    said = to_summary([CHECK, FAILED])
    assert "| ordeal | none | cookie | learn:connect.sid |" in said
    assert "| ask | 7 logged out | 5 kept, 2 moved, 1 interrupted |" in said
    assert "❌" in said
