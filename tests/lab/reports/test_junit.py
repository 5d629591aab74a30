"""JUnit XML as CI servers read it: Jenkins' xunit plugin refuses a whole file for one attribute."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

from sessionlab.lab.events import Event
from sessionlab.lab.record.claims import judge
from sessionlab.lab.record.history import History
from sessionlab.lab.reports.as_junit import to_junit
from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult
from tests.field import field

ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname", "id"},
        {"testcase", "system-out"},
    ),
    "testcase": ({"name", "classname", "time"}, {"failure", "error", "skipped"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}
"""Of each element its attributes and children: the part of Jenkins' junit-10.xsd that is used."""

CLAIMS = [judge("one", 1, 1), judge("two", 1, 2)]
JUDGED = [Event(at, "claim.judged", "bad", {"text": "one"}) for at in (11.0, 13.5)]
EVENTS = [Event(10.0, "scenario.started", "bad"), *JUDGED]
BAD = ScenarioResult(
    "bad", "B", Outcome.BROKEN, None, 4, History(), CLAIMS, 1, EVENTS, started=1_800_000_000.0
)
SHY = ScenarioResult("shy", "S", Outcome.SKIPPED, "why", 0, History(), [], 0)
RUN = RunResult("local", "builtin", 7, 1.5, [BAD, SHY], cut_short="a signal")


@field(
    "machines",
    sources="kyrus/python-junit-xml#32, weiwei/junitparser#100",
    peers="Jenkins' xunit plugin refuses the file",
)
def test_there_is_no_element_and_no_attribute_that_jenkins_does_not_know() -> None:
    for element in ET.fromstring(to_junit(RUN)).iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.attrib) <= attributes
        assert {child.tag for child in element} <= children


@field("machines", sources="kyrus/python-junit-xml#32")
def test_a_case_has_a_time_a_suite_its_beginning_and_a_failure_its_type() -> None:
    root = ET.fromstring(to_junit(RUN))
    suite = root.find("testsuite[@name='bad']")
    assert suite is not None
    assert suite.get("timestamp") == "2027-01-15T08:00:00"
    assert [case.get("time") for case in suite.iter("testcase")] == ["1.000", "2.500"]
    assert all(case.get("time") for case in root.iter("testcase"))
    assert all(end.get("type") for end in [*root.iter("failure"), *root.iter("error")])


@field("machines", sources="bazel-contrib/rules_jvm#285, schemathesis/schemathesis#4794")
def test_no_character_of_any_text_makes_it_malformed() -> None:
    odd = "a\x00\x1b\ud800\ufffe<b>"
    bad = replace(BAD, name=odd, title=odd, claims=[judge(odd, odd, 1)])
    root = ET.fromstring(
        to_junit(RunResult("local", odd, 7, 1, [bad, replace(SHY, reason=odd)], cut_short=odd))
    )
    assert len(root) == 3
    to_junit(RUN).encode()
