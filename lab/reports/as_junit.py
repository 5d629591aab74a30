"""The run as JUnit XML: a suite a scenario, a case a claim, as CI servers read it.

It keeps to the schema of Jenkins' xunit plugin (junit-10.xsd), which refuses a whole file for one
attribute that it does not know.
"""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Iterator

# What XML 1.0 (2.2) does not allow even as a character reference.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TYPES = {"failure": "BrokenClaim", "error": "NotTold"}


def to_junit(run: RunResult) -> str:
    """A broken claim is a failure; a story that could not be told is one case with an error."""
    root = ET.Element("testsuites", name="sessionlab", time=f"{run.seconds:.3f}")
    if run.cut_short:
        root.append(_cut_short(run.cut_short))
    for result in run.scenarios:
        root.append(_suite(result))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    for element in root.iter():
        element.attrib.update({name: _text(value) for name, value in element.attrib.items()})
        element.text = _text(element.text) if element.text else None
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _cut_short(why: str) -> ET.Element:
    """A suite with an error, so that no server takes what is there for the whole."""
    suite = ET.Element("testsuite", name="sessionlab", time="0.000")
    _end(_case(suite, "the run was cut short"), "error", why)
    return _counted(suite)


def _suite(result: ScenarioResult) -> ET.Element:
    suite = ET.Element("testsuite", name=result.name, time=f"{result.seconds:.3f}")
    if result.started:
        began = datetime.fromtimestamp(result.started, UTC)
        suite.set("timestamp", began.replace(tzinfo=None).isoformat(timespec="seconds"))
    for claim, seconds in zip(result.claims, _times(result), strict=False):
        case = _case(suite, claim.text, seconds)
        if not claim.holds:
            said = f"expected: {claim.expected}\nobserved: {claim.observed}"
            _end(case, "failure", "the claim does not hold").text = said
    whole = {Outcome.ERROR: "error", Outcome.SKIPPED: "skipped"}.get(result.outcome)
    if whole:
        _end(_case(suite, result.title), whole, result.reason or "")
    _counted(suite)
    if result.notes:
        ET.SubElement(suite, "system-out").text = "\n".join(result.notes)
    return suite


def _case(suite: ET.Element, name: str, seconds: float = 0.0) -> ET.Element:
    of = suite.get("name", "")
    return ET.SubElement(suite, "testcase", classname=of, name=name, time=f"{seconds:.3f}")


def _end(case: ET.Element, how: str, message: str) -> ET.Element:
    end = ET.SubElement(case, how, message=message)
    if how in _TYPES:
        end.set("type", _TYPES[how])
    return end


def _times(result: ScenarioResult) -> Iterator[float]:
    """For each claim the seconds since the one before it, or since the story began."""
    kinds = ("scenario.started", "claim.judged")
    times = [event.at for event in result.events if event.kind in kinds]
    yield from (after - before for before, after in itertools.pairwise(times))
    while True:
        yield 0.0  # a result that was made without its events


def _counted(suite: ET.Element) -> ET.Element:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("*/failure"))))
    suite.set("errors", str(len(suite.findall("*/error"))))
    suite.set("skipped", str(len(suite.findall("*/skipped"))))
    return suite


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
