import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from typer.testing import CliRunner

from sessionlab.lab.cli.app import app
from sessionlab.lab.errors import UsageError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.record.claims import judge
from sessionlab.lab.record.history import Ending, History, Operation
from sessionlab.lab.record.tables import Table
from sessionlab.lab.reports.as_json import to_json
from sessionlab.lab.reports.as_junit import to_junit
from sessionlab.lab.reports.as_summary import to_summary
from sessionlab.lab.reports.console import ConsoleReport
from sessionlab.lab.reports.folder import Folder
from sessionlab.lab.reports.stored import read
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult
from tests.lab.lives import Life

TRUE = judge("what is true", 1, 1)
FALSE = judge("what is false", "12 of 12", "4 of 12")
ASKED = History([Operation("alice", "GET", "/me", 0, 1, Ending.OK, 200, "n1", "alice")])

RUN = RunResult(
    fabric="local",
    balancer="builtin",
    seed=7,
    seconds=1.5,
    scenarios=[
        ScenarioResult("good", "A good one", Outcome.HELD, None, 0.5, ASKED, [TRUE], 0),
        ScenarioResult("bad", "A bad one", Outcome.BROKEN, None, 0.5, ASKED, [TRUE, FALSE], 1),
        ScenarioResult("ugly", "An ugly one", Outcome.ERROR, "no\x00 & <go>", 0.5, ASKED, [], 3),
        ScenarioResult("shy", "A shy one", Outcome.SKIPPED, "two nodes", 0.0, History(), [], 0),
    ],
)


def test_the_json_has_the_form_that_the_design_fixes() -> None:
    written = json.loads(to_json(RUN, "0.1.0"))
    assert list(written) == ["sessionlab", "fabric", "balancer", "seed", "scenarios"]
    assert written["scenarios"][1] == {
        "name": "bad",
        "title": "A bad one",
        "outcome": "broken",
        "reason": None,
        "seconds": 0.5,
        "requests": 1,
        "claims": [
            {"text": "what is true", "expected": "1", "observed": "1", "holds": True},
            {
                "text": "what is false",
                "expected": "12 of 12",
                "observed": "4 of 12",
                "holds": False,
            },
        ],
        "notes": [],
        "users": {
            "kept": 0,
            "moved": 0,
            "logged_out": 0,
            "stuck": 0,
            "wrong_data": 0,
            "interrupted": 0,
            "longest_interruption_ms": 0,
            "losses": [],
        },
        "tables": [],
    }


def test_junit_has_a_case_a_claim_and_counts_what_failed() -> None:
    root = ET.fromstring(to_junit(RUN))
    assert {n: root.get(n) for n in ("tests", "failures", "errors")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
    }
    failure = root.find("testsuite[@name='bad']/testcase/failure")
    assert failure is not None
    assert failure.text == "expected: 12 of 12\nobserved: 4 of 12"


def test_the_worst_scenario_decides_the_exit_status() -> None:
    assert RUN.exit_status == 3
    assert RunResult("local", "builtin", 1, 0.0, RUN.scenarios[:2]).exit_status == 1


def test_a_run_that_judged_nothing_has_shown_nothing() -> None:
    skipped = RunResult("local", "builtin", 1, 0.0, RUN.scenarios[3:])
    assert skipped.exit_status == 3
    assert replace(skipped, allow_skips=True).exit_status == 0
    assert replace(skipped, scenarios=[], allow_skips=True).exit_status == 3
    assert replace(skipped, scenarios=[RUN.scenarios[0], RUN.scenarios[3]]).exit_status == 0
    assert replace(skipped, scenarios=RUN.scenarios[2:], allow_skips=True).exit_status == 3


def printed(run: RunResult) -> str:
    text = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    report = ConsoleReport(Console(file=text, width=80))
    report.begin(run.seed, run.fabric, run.balancer, [result.name for result in run.scenarios])
    for result in run.scenarios:
        report.told(result)
    report.end(run)
    text.seek(0)
    return text.read()


def test_the_text_fits_80_columns_and_has_no_colour_when_it_is_no_terminal() -> None:
    long = judge("a claim of many words " * 12, "x " * 90, "y " * 90)
    wide = ScenarioResult("wide", "t " * 80, Outcome.BROKEN, "r " * 80, 1, ASKED, [long], 1)
    text = printed(RunResult("local", "builtin", 1, 1, [*RUN.scenarios, wide]))
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_the_text_says_what_was_expected_and_what_was_observed_instead() -> None:
    text = printed(RUN)
    assert "✗ not as predicted: what is false" in text
    assert "predicted: 12 of 12" in text
    assert "observed: 4 of 12" in text
    assert "seed 7" in text
    assert (
        "4 scenarios: 1 as predicted, 1 not as predicted, 1 error, 1 skipped; "
        "2 of 3 predictions came true; 1.5 s"
    ) in " ".join(text.split())


def test_what_is_not_as_predicted_is_nowhere_said_to_be_even_if_it_reads_the_same() -> None:
    alike = replace(RUN.scenarios[1], claims=[judge("a number", 2, "2")])
    text = printed(replace(RUN, scenarios=[alike]))
    assert "not as predicted: a number\n    predicted: 2\n    observed: 2\n" in text


def report_of(names: list[str], *, verbose: bool = False) -> tuple[ConsoleReport, io.StringIO]:
    said = io.StringIO()
    report = ConsoleReport(Console(file=said, width=80), verbose=verbose)
    report.begin(1, "local", "builtin", names)
    return report, said


NAMES = [result.name for result in RUN.scenarios]


def test_results_are_printed_in_the_order_asked_for_whichever_ends_first() -> None:
    report, said = report_of(NAMES)
    report.told(RUN.scenarios[1])
    assert "what is false" not in said.getvalue()
    report.told(RUN.scenarios[0])
    assert said.getvalue().index("A good one") < said.getvalue().index("what is false")


def test_what_has_waited_for_one_that_never_came_is_printed_all_the_same() -> None:
    report, said = report_of(NAMES)
    report.told(RUN.scenarios[3])
    report.told(RUN.scenarios[1])
    report.stop()
    assert said.getvalue().index("what is false") < said.getvalue().index("shy")


def test_of_many_there_is_a_line_each_and_in_full_only_what_was_not_as_predicted() -> None:
    text = printed(RUN)
    lines = [line for line in text.splitlines() if line.split()[1:2] and line[0] in "✓✗!–"]
    assert lines[1:5] == [
        "✓ good  A good one",
        "✗ bad   not as predicted: what is false",
        "! ugly  error: no? & <go>",
        "– shy   skipped: two nodes",
    ]
    assert "✓ as predicted  good" not in text
    assert "✗ not as predicted  bad  0.5 s, 1 request\n" in text
    assert "  ✓ what is true" in text, "in full: of what is broken what holds, too"
    assert "! error  ugly" in text
    assert "run --verbose" in text


def test_verbose_prints_all_of_them_in_full() -> None:
    report, said = report_of(NAMES, verbose=True)
    for result in RUN.scenarios:
        report.told(result)
    report.end(RUN)
    assert said.getvalue().count("as predicted  good") == 1
    assert "– skipped  shy" in said.getvalue()
    assert "run --verbose" not in said.getvalue()


def test_a_line_too_long_for_the_terminal_is_cut_and_says_so() -> None:
    long = replace(RUN.scenarios[0], name="n" * 60, title="t " * 80)
    (line,) = (ln for ln in printed(replace(RUN, scenarios=[long, RUN.scenarios[3]])).splitlines()
               if ln.startswith("✓ nnn"))  # fmt: skip
    assert len(line) <= 80
    assert line.endswith("…")


def test_the_traceback_of_a_story_stands_with_it() -> None:
    report, said = report_of(["good", "ugly"])
    report.hear(Event(0.0, "scenario.crashed", "ugly", {"traceback": "Traceback [red]\n  x"}))
    assert "Traceback" not in said.getvalue()
    for result in (RUN.scenarios[2], RUN.scenarios[0]):
        report.told(result)
    report.end(replace(RUN, scenarios=[RUN.scenarios[0], RUN.scenarios[2]]))
    assert "Traceback [red]\n  x\n! error  ugly" in said.getvalue()


LIFE = Life("alice")
LIFE.log_in()
LIFE.fail("GET", "/me", 503)
LIFE.me()
LIFE.ask("GET", "/me", 401)
LOST = replace(
    RUN.scenarios[0],
    history=History(LIFE.operations),
    events=(Event(2.0, "node.stopped", "good", {"cluster": "c", "node": "n1"}),),
    tables=(Table(["what", "kept"], [["memory, cut", "12"]]),),
)


def test_what_a_table_says_of_a_setting_that_was_not_shown_is_no_note_too() -> None:
    told = Event(0.0, "setting.skipped", "lost", {"setting": "sticky", "reason": "it has none"})
    why = Table(["what", "kept", "why"], [["sticky", "–", "it has none"]])
    bare = Table(["what", "kept"], [["sticky", "not shown"]])
    note = "sticky: not shown, it has none"
    for tables, notes in (((), 1), ((bare,), 1), ((why,), 0)):
        text = printed(replace(RUN, scenarios=[replace(LOST, tables=tables, events=[told])]))
        assert text.count(note) == notes


def test_the_text_says_who_was_lost_and_why() -> None:
    text = printed(replace(RUN, scenarios=[LOST]))
    assert "users  1 user was logged out: n1" in text


def test_what_a_table_says_in_a_column_is_not_said_again() -> None:
    why = Table(["what", "kept", "why"], [["memory", "0", "n1 stopped"]])
    text = printed(replace(RUN, scenarios=[replace(LOST, tables=(why,))]))
    assert "memory     0  n1 stopped" in text
    assert "users" not in text


def test_a_scenario_shows_its_requests_with_a_mark_where_it_broke() -> None:
    text = printed(replace(RUN, scenarios=[LOST]))
    assert "  alice  login n1 ✓ │ balancer 503 │ [n1 stopped at 2.0 s] │ n1 ✓ │ n1 401\n" in text


def test_the_json_counts_users_and_keeps_tables() -> None:
    (written,) = json.loads(to_json(replace(RUN, scenarios=[LOST]), "0.1.0"))["scenarios"]
    assert {name: written["users"][name] for name in ("kept", "logged_out", "interrupted")} == {
        "kept": 0,
        "logged_out": 1,
        "interrupted": 1,
    }
    assert written["users"]["longest_interruption_ms"] == 1500
    assert written["users"]["losses"][0]["verdict"] == "logged out"
    assert written["tables"] == [{"columns": ["what", "kept"], "rows": [["memory, cut", "12"]]}]


LUCK = Life("alice")
LUCK.log_in()
LUCK.me()
UNTIED = {"cluster": "good-1", "strategies": {"app": "memory"}, "affinity": "none"}
LUCKY = replace(
    RUN.scenarios[0],
    history=History(replace(op, cluster="good-1") for op in LUCK.operations),
    events=(
        Event(0.0, "cluster.starting", "good", {**UNTIED, "algorithm": "round-robin"}),
        Event(0.1, "cluster.ready", "good", {"cluster": "good-1", "nodes": ["n1", "n2"]}),
    ),
)
NOTE = "its only user was led back to the node that had made the session"


def test_every_report_notes_what_may_have_held_by_chance() -> None:
    lucky = replace(RUN, scenarios=[LUCKY])
    assert f"note   {NOTE[:40]}" in printed(lucky)
    many = replace(lucky, scenarios=[LUCKY, RUN.scenarios[3]])
    assert f"note good: {NOTE[:40]}" in printed(many), "a note is folded away nowhere"
    (written,) = json.loads(to_json(lucky, "0.1.0"))["scenarios"]
    assert written["notes"] == [f"{NOTE}, and nothing ties it: chance"]
    assert f"- note: {NOTE}" in to_summary(lucky)
    said = ET.fromstring(to_junit(lucky)).findtext("testsuite/system-out")
    assert said == f"{NOTE}, and nothing ties it: chance"


def test_a_stored_run_notes_it_too(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for event in LUCKY.events:
        folder.hear(event)
    folder.write(replace(RUN, scenarios=[LUCKY]), "0.1.0")
    folder.close()
    said = CliRunner().invoke(app, ["judge", str(tmp_path)]).output
    assert NOTE in " ".join(said.split())


def test_a_table_is_printed_in_columns() -> None:
    text = printed(replace(RUN, scenarios=[LOST]))
    assert "  what         kept\n  memory, cut    12\n" in text


def test_a_run_that_was_kept_is_judged_again_without_a_cluster(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for event in LOST.events:
        folder.hear(event)
    folder.write(replace(RUN, scenarios=[LOST]), "0.1.0")
    folder.close()
    (stored,) = read(tmp_path)
    assert stored.users == LOST.users
    done = CliRunner().invoke(app, ["judge", str(tmp_path), "--each"])
    assert "good: 1 user was logged out" in done.output
    assert "c  alice  logged out at 3.250 s: GET /me 401 from n1" in done.output
    assert "interrupted for 1500 ms" in done.output


def test_a_folder_without_a_run_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        list(read(tmp_path))


def test_text_that_looks_like_markup_is_printed_as_it_is() -> None:
    odd = ScenarioResult("odd", "[bold]t[/bold]", Outcome.ERROR, "[/nope] [red]", 1, ASKED, [], 1)
    text = printed(RunResult("local", "builtin", 1, 1, [odd]))
    assert "[bold]t[/bold]" in text
    assert "[/nope] [red]" in text


def test_text_that_would_move_the_cursor_does_not() -> None:
    odd = judge("a\x1b[2Jb", "\x07", "x\ty\rz")
    said = ScenarioResult("o\x1bd", "t\x1bt", Outcome.BROKEN, None, 1, ASKED, [odd], 1)
    text = printed(RunResult("local", "builtin", 1, 1, [said]))
    assert all(line.isprintable() for line in text.split("\n"))
    assert "not as predicted: a?[2Jb" in text
    many = printed(RunResult("local", "builtin", 1, 1, [said, RUN.scenarios[0]]))
    assert all(line.isprintable() for line in many.split("\n"))


def test_a_folder_keeps_everything_that_a_later_report_needs(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "deep" / "run")
    events = Events(folder.hear)
    events.emit("node.killed", "bad", node="n2")
    events.emit("part.log", "bad", cluster="bad-1", part="n2", text="hello")
    folder.write(RUN, "0.1.0")
    folder.close()
    kept = tmp_path / "deep" / "run"
    assert json.loads((kept / "run.json").read_text())["seed"] == 7
    assert ET.parse(kept / "junit.xml").getroot().tag == "testsuites"
    (event,) = map(json.loads, (kept / "events.jsonl").read_text().splitlines())
    assert (event["kind"], event["data"]) == ("node.killed", {"node": "n2"})
    assert list(History.from_jsonl((kept / "bad" / "history.jsonl").read_text())) == list(ASKED)
    assert (kept / "bad" / "bad-1" / "n2.log").read_text() == "hello"


def begun(folder: Folder, *scenarios: str) -> None:
    folder.hear(Event(0.0, "run.started", "", {"seed": 1, "scenarios": list(scenarios)}))


def test_what_an_earlier_run_has_left_is_cleared_even_if_it_was_cut_short(tmp_path: Path) -> None:
    cut_short = Folder(tmp_path / "run")
    begun(cut_short, "gone", "bad")
    cut_short.hear(
        Event(1.0, "part.log", "gone", {"cluster": "gone-1", "part": "n1", "text": "hello"})
    )
    with Folder(tmp_path / "run") as folder:  # while the first was killed, its file not closed
        begun(folder, "bad")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["events.jsonl"]
    assert '"bad"]' in (tmp_path / "run" / "events.jsonl").read_text()
    cut_short.close()


@pytest.mark.parametrize(
    "stranger",
    [
        "notes.txt",
        "photos/summer.log",
        "good/notes.txt",
        "good/good-1/n1.txt",
        "good/good-1/deep/n1.log",
        "good/other/n1.log",
    ],
)
def test_a_folder_that_holds_something_else_is_refused_and_left_alone(
    stranger: str, tmp_path: Path
) -> None:
    with Folder(tmp_path) as folder:
        begun(folder, "good")
        folder.hear(
            Event(1.0, "part.log", "good", {"cluster": "good-1", "part": "n1", "text": "hello"})
        )
        folder.write(replace(RUN, scenarios=RUN.scenarios[:1]), "0.1.0")
    (tmp_path / stranger).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / stranger).write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="is not of an earlier run"):
        Folder(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_only_looks_like_a_run_is_refused(tmp_path: Path) -> None:
    for name, text in (("events.jsonl", '{"kind": "clicked"}\n'), ("run.json", "{}")):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text(text)
        with pytest.raises(UsageError, match=f"{name} is not of an earlier run"):
            Folder(folder)
        assert (folder / name).read_text() == text


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "history.jsonl").write_text("mine")
    with Folder(tmp_path / "run") as folder:
        begun(folder, "good")
    (tmp_path / "run" / "good").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="good is not of an earlier run"):
        Folder(tmp_path / "run")
    assert (tmp_path / "elsewhere" / "history.jsonl").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        Folder(tmp_path / "file" / "run")


def test_the_summary_has_a_row_a_scenario_and_says_what_is_broken() -> None:
    written = to_summary(RUN)
    rows = [line for line in written.splitlines() if line.startswith("| ")][1:]
    assert [row.split("|")[2].strip() for row in rows] == [
        f"<code>{name}</code>" for name in ("good", "bad", "ugly", "shy")
    ]
    assert "| ❌ not as predicted | <code>bad</code> | 1 of 2 | A bad one |" in rows
    assert (
        "- not as predicted: what is false: predicted <code>12 of 12</code>, "
        "observed <code>4 of 12</code>" in written
    )
    assert "what is true" not in written
    assert "- two nodes" in written, "a skip says why"
    assert "Seed 7, fabric `local`" in written, "and how to repeat it"


def test_the_summary_has_the_outcome_as_its_title_and_tables_and_users_below() -> None:
    written = to_summary(replace(RUN, scenarios=[LOST]))
    assert written.startswith("### 1 user was logged out, as predicted\n")
    assert "|  | kept |" not in written
    assert "| what | kept |\n| :-- | --: |\n| memory, cut | 12 |" in written
    assert "- users: 1 user was logged out: n1 answered 401" in written


def test_no_text_breaks_the_summary_s_table() -> None:
    hostile = replace(RUN.scenarios[0], title="a | b\n<script>`x` [l](u)", reason="\x1b[31m*")
    written = to_summary(replace(RUN, scenarios=[hostile]))
    assert "a \\| b &lt;script>\\`x\\` \\[l\\](u) |" in written
    assert "\x1b" not in written
