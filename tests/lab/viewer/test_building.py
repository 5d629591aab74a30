"""Views of stored runs: what they say is what the records of the run say, whichever it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from typer.testing import CliRunner

from sessionlab.lab.cli.app import app
from sessionlab.lab.errors import UsageError
from sessionlab.lab.record.history import Ending
from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.viewer.building import beside, page, views
from sessionlab.lab.viewer.said import of_all
from sessionlab.lab.viewer.view import SCHEMA, View
from tests.lab.viewer.runs import BEGAN, asked, crowd, events, experiment, life, login, story, write

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [f"u{number}" for number in range(9)]  # a third of them at n2
SENTENCE = "3 of 9 users were logged out: n2 was killed at 2.0 s"


def only(folder: Path) -> View:
    (found,) = views(folder)
    return found


def total(view: View) -> int:
    return sum(map(sum, (view.bins.ok, view.bins.refused, view.bins.failed, view.bins.unknown)))


@pytest.fixture
def killed(tmp_path: Path) -> View:
    return only(experiment(tmp_path / "run", crowd(NAMES)))


def test_the_sentence_says_who_was_lost_when_and_to_what(killed: View) -> None:
    assert killed.sentence == SENTENCE
    (reason,) = killed.losses.reasons
    assert reason == f"{SENTENCE} into the story, their sessions were in its memory"
    assert (killed.kind, killed.name, killed.again) == (
        *("experiment", "one"),
        "sessionlab run one.toml --seed=7",
    )


def test_every_request_is_in_one_bin_of_outcomes_and_in_one_of_nodes(killed: View) -> None:
    assert killed.requests == total(killed) == 9 * 40
    assert sum(map(sum, killed.bins.nodes.values())) == killed.requests
    assert sum(killed.bins.refused) == 3 * 19
    requests = {node.name: node.requests for node in killed.cluster.nodes}
    assert requests == {name: sum(counts) for name, counts in killed.bins.nodes.items()}
    before = round((2.0 - killed.bins.start) / killed.bins.width)
    assert sum(killed.bins.refused[: before + 1]) == 0, "nobody was refused before n2 was killed"
    assert {len(series) for series in killed.bins.nodes.values()} == {killed.bins.count}


def test_a_run_of_two_seconds_has_charts(tmp_path: Path) -> None:
    bins = only(experiment(tmp_path, crowd(NAMES[:3], last=20))).bins
    assert bins.count >= 10
    assert bins.width <= 0.2
    assert [bins.p50[0], bins.p99[0]] == pytest.approx([10.0, 10.0], abs=0.1)


def test_a_lane_a_user_shows_who_served_it_and_how_that_went(killed: View) -> None:
    assert [lane.fate for lane in killed.users.lanes[:4]] == ["logged out"] * 3 + ["kept"]
    lost, kept = killed.users.lanes[0], killed.users.lanes[-1]
    assert [(node, state) for _, _, node, state in lost.spans] == [("n2", "ok"), ("n1", "refused")]
    assert lost.spans[0][:2] == pytest.approx((0.0, 2.01))
    assert [(node, state) for _, _, node, state in kept.spans] == [("n3", "ok")]
    assert (killed.users.sampled, killed.sampled) == (False, [])


def test_a_loss_is_told_request_by_request_with_the_balancers_letters_in_words(
    killed: View,
) -> None:
    assert (killed.losses.total, len(killed.losses.shown)) == (3, 3)
    loss = killed.losses.shown[0]
    assert (loss.user, loss.home, loss.fate) == ("u1", "n2", "logged out")
    assert loss.why == "n2 was killed at 2.0 s into the story, their session was in its memory"
    (at,) = [number for number, step in enumerate(loss.steps) if step.marks]
    step, before = loss.steps[at], loss.steps[at - 1]
    assert (step.status, step.node, step.how, step.at) == (401, "n1", "refused", loss.at)
    assert step.pin == "DI, backend-down"
    assert step.said.startswith("the pin's node was out of service, and the balancer made a new")
    assert (before.node, before.how, before.who) == ("n2", "ok", "u1")
    assert all(one.at <= other.at for one, other in zip(loss.steps, loss.steps[1:], strict=False))


def test_of_a_long_life_the_login_and_what_came_before_the_loss_are_told(tmp_path: Path) -> None:
    lost = only(experiment(tmp_path, crowd([f"u{number}" for number in range(900)]))).losses
    assert len(lost.shown) == 200
    loss = lost.shown[0]
    assert loss.steps[0].what == "login"
    assert len(loss.steps) == 8
    assert loss.left_out == 21 - (8 - 1 - 2)


def test_faults_and_the_lives_of_nodes_are_on_the_charts(killed: View) -> None:
    (fault,) = killed.faults
    assert (fault.began, fault.ended, fault.part) == (2.0, 3.0, "n2")
    lives = {node.name: node.lives for node in killed.cluster.nodes}
    assert lives["n1"] == [(-9.5, None)]
    assert lives["n2"] == [(-9.5, 2.0), (3.0, None)]
    assert (killed.cluster.strategies, killed.cluster.store) == (["memory"], None)


def test_bounds_predictions_and_findings_are_those_of_the_runs_json(tmp_path: Path) -> None:
    finding = {
        "check": "latency",
        "verdict": "shown",
        "said": "fast",
        "figures": {f"{name}_ms": 9.5 for name in ("p50", "p90", "p99", "p999", "max")},
        "evidence": [],
        "series": {"p50": [1.0]},
    }
    bound = {"figure": "p99_ms", "text": "p99_ms <= 50 ms", "met": True, "saw": "9.5 ms"}
    model = {"name": "blast", "predicted": "33 %", "seen": "3 of 9", "agrees": True}
    told = {"findings": [finding], "bounds": [bound], "predictions": [model]}
    view = only(experiment(tmp_path, crowd(NAMES), **told))
    assert [one.check for one in view.findings] == ["latency"]
    (drawn,) = view.bounds
    assert (drawn.figure, drawn.sign, drawn.limit, drawn.unit) == ("p99_ms", "<=", 50.0, "ms")
    assert (view.predictions[0].measured, view.latency[0].p99) == ("3 of 9", 9.5)
    assert view.sentence == SENTENCE


def test_many_users_are_sampled_and_that_is_said(tmp_path: Path) -> None:
    view = only(experiment(tmp_path, crowd([f"u{number}" for number in range(900)], last=25)))
    assert (view.users.total, len(view.users.lanes), view.users.sampled) == (900, 100, True)
    fates = [lane.fate for lane in view.users.lanes]
    kept = fates.count(Fate.KEPT)
    assert fates == [Fate.LOGGED_OUT] * (100 - kept) + [Fate.KEPT] * kept
    assert kept > 30, "what is well is seen, too"
    assert view.sampled == [
        "100 of 900 users have a lane: those that were lost first",
        "200 of the 300 that were lost can be looked at",
    ]


def test_a_lane_of_a_thousand_turns_is_short(tmp_path: Path) -> None:
    turns = [asked("u", f"n{n % 3 + 1}", n / 250) for n in range(1, 1000)]
    odd = replace(turns[500], status=500, who="error", outcome=Ending.FAILED)
    (lane,) = only(experiment(tmp_path, [login("u", "n1", 0.0), *turns[:500], odd])).users.lanes
    assert 20 < len(lane.spans) <= 80
    assert [state for *_, state in lane.spans].count("failed") == 1, "the worst is kept"


def test_a_story_is_shown_with_its_claims_and_what_0_1_0_has_written_too(tmp_path: Path) -> None:
    view = only(story(tmp_path / "new", crowd(NAMES)))
    assert (view.sentence, view.kind, view.outcome) == (SENTENCE, "scenario", "held")
    assert (view.claims[0].observed, view.notes) == ("yes", ["by hand"])
    assert view.again == "sessionlab run one --seed=7"
    old = story(tmp_path / "old", [])
    lines = [
        {"client": "alice", "method": "POST", "path": "/login", "status": 200, "credential": 0},
        {"client": "alice", "method": "GET", "path": "/me", "status": 401, "credential": 60},
    ]
    rows = [
        {"invoked": 11.0 + n, "completed": 11.1 + n, "outcome": "ok", "node": f"n{n + 1}", **line}
        for n, line in enumerate(lines)
    ]
    write(old / "one" / "history.jsonl", rows)
    (old / "events.jsonl").write_text("")
    assert only(old).sentence == "1 user was logged out: n2 answered 401"


def test_a_watch_and_a_check_are_told_from_stories(tmp_path: Path) -> None:
    watch = story(tmp_path / "watch", crowd(NAMES))
    more = {"command_status": 0, "url": "http://shop", "command": "./deploy.sh now", "app": "shop"}
    told = json.loads((watch / "run.json").read_text())
    (watch / "run.json").write_text(json.dumps({**told, **more}))
    view = only(watch)
    assert (view.kind, view.cluster.app) == ("watch", "shop")
    assert view.again == "sessionlab watch --recipe RECIPE --url http://shop -- ./deploy.sh now"
    check = story(tmp_path / "check", [])
    (check / "check.json").write_text("{}")
    view = only(check)
    assert (view.kind, view.sentence) == ("check", "1 of 1 claim came true")
    assert view.again == "sessionlab check RECIPE --seed=7"


def test_a_storys_clusters_are_views_of_their_own(tmp_path: Path) -> None:
    other = [replace(op, cluster="one-2") for op in life("u1", "n1")]
    both = [*events(), *(events("one-2")[1:3])]
    both[-2]["data"]["affinity"] = "none"  # type: ignore[index]
    first, second = views(story(tmp_path, [*crowd(NAMES), *other], both))
    assert (first.name, second.name) == ("one: affinity cookie", "one: no affinity")
    assert (first.users.total, second.users.total) == (9, 1)
    assert (first.requests, second.requests) == (360, 40)
    assert second.faults == []
    assert page(tmp_path).sentence == (
        "as expected, 3 of 10 users were lost, in 1 of 2 clusters: one: affinity cookie"
    )


def test_of_two_runs_what_has_the_same_name_is_side_by_side(tmp_path: Path) -> None:
    other = [replace(op, cluster="one-2") for op in life("u1", "n1")]
    both = [*events(), *(events("one-2")[1:3])]
    both[-2]["data"]["affinity"] = "none"  # type: ignore[index]
    several = story(tmp_path / "several", [*crowd(NAMES), *other], both)
    found = beside(several, several)
    assert [one.name for one in found.views] == [
        *("A: one: affinity cookie", "B: one: affinity cookie"),
        *("A: one: no affinity", "B: one: no affinity"),
    ]
    single = experiment(tmp_path / "single", crowd(["a", "b"], last=5))
    found = beside(experiment(tmp_path / "lost", crowd(NAMES)), single)
    assert [one.name for one in found.views] == ["A: one", "B: one"]
    assert found.comparison
    assert found.sentence == found.comparison.sentence
    assert any(row.what == "lost" for row in found.comparison.rows)


def test_a_run_that_was_cut_is_shown_as_far_as_it_goes_and_said_to_be(tmp_path: Path) -> None:
    cut = experiment(tmp_path / "cut", crowd(NAMES))
    (cut / "run.json").write_text('{"schema": 2, "begun')
    rows = max((cut / "history").glob("*.ops"), key=lambda path: path.stat().st_size)
    rows.write_bytes(rows.read_bytes()[:-100])
    view = only(cut)
    assert 0 < view.requests < 360
    assert total(view) == view.requests
    assert any("in the middle of a block" in said for said in view.cut)
    assert any("run.json" in said for said in view.cut)
    assert view.findings, "they are made anew"
    told = story(tmp_path / "story", crowd(NAMES))
    (told / "run.json").unlink()
    lines = (told / "one" / "history.jsonl").read_text()
    (told / "one" / "history.jsonl").write_text(lines[:-20])
    view = only(told)
    assert (view.requests, view.claims, len(view.cut)) == (359, [], 2)


def test_a_run_without_users_or_requests_or_seconds_is_a_view(tmp_path: Path) -> None:
    nothing = only(experiment(tmp_path / "a", []))
    assert nothing.sentence == "nobody logged in: nothing was asked"
    assert (nothing.requests, nothing.users.total, nothing.users.lanes) == (0, 0, [])
    strangers = [replace(asked("u", "n1", 0.0), credential=0, who="nobody", user=None)]
    assert only(story(tmp_path / "b", strangers)).sentence == "nobody logged in: 1 request"
    at_once = [replace(login("u", "n1", 0.0), completed=BEGAN)]
    view = only(experiment(tmp_path / "c", at_once))
    assert (total(view), view.bins.count) == (1, 1)
    assert (view.ended - view.began) > 0


@pytest.mark.parametrize("name", ["<script>", "</script><script>alert(1)</script>", "a\nb\u2028"])
def test_a_users_name_is_a_name(tmp_path: Path, name: str) -> None:
    view = only(experiment(tmp_path, life(name, "n2")))
    assert view.losses.shown[0].user == view.users.lanes[0].name == name


def test_what_is_no_run_or_of_a_later_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        views(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="of schema 3"):
        views(experiment(tmp_path / "new", crowd(NAMES), schema=3))
    newer = story(tmp_path / "newer", [])
    (newer / "one" / "history.jsonl").write_text('{"schema": 9}\n')
    with pytest.raises(UsageError, match="schema 9"):
        views(newer)


def test_a_real_story_says_in_its_view_what_it_says_in_its_json(tmp_path: Path) -> None:
    """With the cluster, the clients and the fault of `sticky-node-dies`."""
    done = CliRunner().invoke(app, ["run", "sticky-node-dies", "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    (told,) = json.loads((tmp_path / "run/run.json").read_text())["scenarios"]
    view = only(tmp_path / "run")
    assert view.schema == SCHEMA
    assert view.requests == total(view) == told["requests"]
    counts = {str(fate).replace(" ", "_"): count for fate, count in view.users.counts.items()}
    assert counts == {name: told["users"][name] for name in counts}
    (loss,) = told["users"]["losses"]
    assert view.sentence.startswith(f"{loss['users']} of {loss['of']} users were logged out: n")
    assert view.sentence.partition(": ")[2] == loss["why"].partition(" into the story")[0]
    assert view.losses.total == len(view.losses.shown) == loss["users"]
    assert [fault.text for fault in view.faults] == [f"{view.losses.shown[0].home} was killed"]
    assert [claim.holds for claim in view.claims] == [one["holds"] for one in told["claims"]]


def test_a_folder_of_several_runs_is_none_and_says_which_it_has(tmp_path: Path) -> None:
    experiment(tmp_path / "first", crowd(NAMES))
    story(tmp_path / "second", crowd(NAMES))
    with pytest.raises(UsageError, match="folders of some: first, second"):
        views(tmp_path)


def test_what_is_left_of_a_cut_run_does_not_say_that_nobody_was_lost_in_all_of_it(
    tmp_path: Path,
) -> None:
    told = story(tmp_path, crowd(NAMES))
    lines = (told / "one" / "history.jsonl").read_text().splitlines()
    (told / "one" / "history.jsonl").write_text("\n".join(lines[:30]) + "\n" + lines[30][:9])
    view = only(told)
    assert view.users.lost == 0
    assert view.sentence.startswith("as far as this run goes: nobody lost a login: ")


def test_a_node_is_of_the_version_that_it_said_last_though_not_each_answer_says_one(
    tmp_path: Path,
) -> None:
    said = [
        replace(asked(user, "n1", at), version=version)
        for user, at, version in (("u", 1, "1"), ("u", 3, "2"), ("u", 4, None), ("v", 2, "1"))
    ]
    view = only(experiment(tmp_path, [login("u", "n1", 0), login("v", "n1", 0), *said]))
    assert view.cluster.nodes[0].version == "2"


def test_a_fault_is_told_in_words(tmp_path: Path) -> None:
    (fault,) = only(experiment(tmp_path, crowd(NAMES))).faults
    assert (fault.what, fault.text) == ("kill-node", "n2 was killed")


def test_of_several_stories_the_sentence_says_that_the_lost_were_to_be(tmp_path: Path) -> None:
    view = only(story(tmp_path, crowd(NAMES)))
    assert (
        of_all([view, view]) == "as expected, 6 of 18 users were lost, in 2 of 2 clusters: one, one"
    )
    broken = msgspec.structs.replace(view, outcome="broken")
    assert of_all([view, broken]).startswith("6 of 18 users were lost")


def test_who_says_who_it_is_when_the_time_is_over_is_on_its_lane_and_in_no_figure(
    tmp_path: Path,
) -> None:
    last = replace(asked("u0", "n1", 4.5), completed=BEGAN + 9, farewell=True)
    view = only(experiment(tmp_path, [*crowd(NAMES), last]))
    assert view.requests == total(view) == sum(map(sum, view.bins.nodes.values())) == 360
    assert view.cluster.nodes[0].requests == 120 + 3 * 19
    assert max(one for one in view.bins.p99 if one is not None) < 100
    assert next(lane for lane in view.users.lanes if lane.name == "u0").spans[-1][1] == 9
