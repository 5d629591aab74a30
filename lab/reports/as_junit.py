"""The run as JUnit XML: a suite a scenario, a case a claim, as CI servers read it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from sessionlab.lab.verdicts.results import Outcome, RunResult, ScenarioResult

# What XML 1.0 (2.2) does not allow even as a character reference.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(run: RunResult) -> str:
    """A broken claim is a failure; a story that could not be told is one case with an error."""
    root = ET.Element("testsuites", name="sessionlab", time=f"{run.seconds:.3f}")
    if run.cut_short:
        root.append(_cut_short(run.cut_short))
    for result in run.scenarios:
        root.append(_suite(result))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _cut_short(why: str) -> ET.Element:
    """A suite with an error, so that no server takes what is there for the whole."""
    suite = ET.Element("testsuite", name="sessionlab", tests="1", errors="1", time="0.000")
    case = ET.SubElement(suite, "testcase", classname="sessionlab", name="the run was cut short")
    ET.SubElement(case, "error", message=_text(why))
    return suite


def _suite(result: ScenarioResult) -> ET.Element:
    suite = ET.Element("testsuite", name=result.name, time=f"{result.seconds:.3f}")
    for claim in result.claims:
        case = ET.SubElement(suite, "testcase", classname=result.name, name=_text(claim.text))
        if not claim.holds:
            said = f"expected: {claim.expected}\nobserved: {claim.observed}"
            ET.SubElement(case, "failure", message="the claim does not hold").text = _text(said)
    whole = {Outcome.ERROR: "error", Outcome.SKIPPED: "skipped"}.get(result.outcome)
    if whole:
        case = ET.SubElement(suite, "testcase", classname=result.name, name=_text(result.title))
        ET.SubElement(case, whole, message=_text(result.reason or ""))
    suite.set("tests", str(len(suite)))
    if result.notes:
        ET.SubElement(suite, "system-out").text = _text("\n".join(result.notes))
    suite.set("failures", str(len(suite.findall("*/failure"))))
    suite.set("errors", str(len(suite.findall("*/error"))))
    suite.set("skipped", str(len(suite.findall("*/skipped"))))
    return suite


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
