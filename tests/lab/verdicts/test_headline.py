"""The title of a run is what came of it, and never better than that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlab.lab.events import Event
from sessionlab.lab.record.claims import judge
from sessionlab.lab.record.history import History
from sessionlab.lab.verdicts.headline import headline
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult
from tests.lab.lives import Life, merged


def result(name: str, outcome: Outcome = Outcome.HELD) -> ScenarioResult:
    shown = outcome in (Outcome.HELD, Outcome.BROKEN)
    claims = [judge("c", 1, 1 if outcome is Outcome.HELD else 2)] if shown else []
    return ScenarioResult(name, f"What {name} shows", outcome, None, 1.0, History(), claims, 0)


def run(*results: ScenarioResult) -> RunResult:
    return RunResult("local", "builtin", 1, 1.0, results)


HELD, BROKEN, ERROR, SKIPPED = (result(one.value, one) for one in Outcome)


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ((HELD, HELD), "All 2 scenarios went as predicted"),
        ((HELD, BROKEN), "1 of 2 scenarios did not go as predicted: broken"),
        (
            (ERROR, BROKEN),
            ("1 of 2 scenarios did not go as predicted: broken; 1 could not be told: error"),
        ),
        ((HELD, ERROR), "1 of 2 scenarios could not be told: error"),
        ((HELD, SKIPPED), "1 scenario went as predicted, 1 skipped"),
        ((SKIPPED, SKIPPED), "Nothing was shown: 2 scenarios skipped"),
        ((HELD,), "What held shows, as predicted"),
        ((BROKEN,), "1 of 1 scenario did not go as predicted: broken"),
    ],
)
def test_a_run_s_title(results: tuple[ScenarioResult, ...], said: str) -> None:
    assert headline(run(*results)) == said


def test_a_run_that_was_cut_short_is_nothing_else() -> None:
    assert headline(replace(run(HELD), cut_short="why")) == "The run was cut short"


def lives(cluster: str, *statuses: int) -> list[Life]:
    found = []
    for number, status in enumerate(statuses):
        life = Life(f"user-{number}")
        life.log_in()
        life.ask("GET", "/me", status, user=life.client if status == 200 else None)
        life.operations = [replace(op, cluster=cluster) for op in life.operations]
        found.append(life)
    return found


def with_settings(*settings: list[Life]) -> RunResult:
    events = [
        Event(0.0, "cluster.starting", "s", {"cluster": str(number)})
        for number in range(len(settings))
    ]
    history = History(merged([life for setting in settings for life in setting]))
    return run(replace(HELD, history=history, events=events))


def test_one_cluster_s_title_is_what_became_of_its_users() -> None:
    assert headline(with_settings(lives("0", 401, 200, 200))) == (
        "1 of 3 users was logged out, as predicted"
    )


def test_of_several_settings_those_count_that_logged_everybody_out() -> None:
    told = with_settings(lives("0", 401, 401), lives("1", 401, 200), lives("2", 200))
    assert headline(told) == "1 of 3 settings logged everybody out, as predicted"
    told = with_settings(lives("0", 401, 200), lives("1", 503), lives("2", 200))
    assert headline(told) == "2 of 3 settings logged users out or left users stuck, as predicted"


def test_a_setting_that_was_not_shown_is_counted_apart() -> None:
    told = with_settings(lives("0", 401), lives("1", 200), [])
    (result,) = told.scenarios
    skipped = Event(0.1, "setting.skipped", "s", {"setting": "x", "reason": "no cookie"})
    told = run(replace(result, events=[*result.events, skipped]))
    assert headline(told) == "1 of 2 settings (1 more not shown) logged everybody out, as predicted"
