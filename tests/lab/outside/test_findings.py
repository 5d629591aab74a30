"""Findings as functions of answers: those that a real server is seldom found in."""

from __future__ import annotations

import pytest

from sessionlab.lab.outside.findings import affinity_cookies, known, node, replay
from sessionlab.lab.outside.seen import Seen, set_cookie
from sessionlab.lab.record.answers import Answer, Answers
from sessionlab.lab.record.history import Ending, Operation


def answer(who: str = "user", user: str = "ann", node: str | None = None, **headers: str) -> Answer:
    named = user if who == "user" else None
    asked = Operation("ann", "GET", "/me", 0, 1, Ending.OK, 200, node=node, user=named, who=who)
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(asked, headers=shown, tell=lambda: "GET /me → 500")


def test_the_answer_to_somebody_else_goes_before_all_else() -> None:
    found = known("at-once", Answers([answer(), answer("nobody"), answer(user="bob")]))
    assert (found.topic, found.severity) == ("somebody-else", "bad")
    assert "1 somebody else" in found.evidence


def test_errors_are_neither_good_nor_bad_and_say_what_came() -> None:
    found = known("at-once", Answers([answer(), answer("error")]))
    assert found.severity == "unknown"
    assert found.evidence == "1 of 2 recognised, 1 error; GET /me → 500"
    assert known("at-once", Answers()).evidence == "it was not asked"


@pytest.mark.parametrize(
    ("line", "https", "severity"),
    [
        ("AWSALB; Secure", True, "info"),
        ("AWSALB; Path=/", True, "warn"),
        ("AWSALB; Path=/", False, "info"),
        ("AWSALB; Secure; Expires=Wed, 09 Dec 2026 22:48:03 GMT", True, "info"),
    ],
)
def test_an_affinity_cookie_is_told_with_its_attributes(
    line: str, https: bool, severity: str
) -> None:
    seen = Seen(https=https, tied=["AWSALB"], cookies={"AWSALB": set_cookie(line)})
    (found,) = affinity_cookies(seen)
    assert found.severity == severity
    assert ("it ends by itself" in found.advice) is ("Expires" in line)


def test_a_route_in_the_session_s_id_is_told_and_the_id_is_not() -> None:
    (found,) = affinity_cookies(Seen(tied=["JSESSIONID"], routes={"JSESSIONID": "tomcat2"}))
    assert "it names the node tomcat2" in found.evidence


@pytest.mark.parametrize(
    ("answers", "severity", "says"),
    [
        ([answer(node="n1"), answer(node="n2")], "info", "answers tell the node: 2 seen"),
        ([answer(X_Pod="a"), answer(X_Pod="b")], "info", "the header x-pod may tell"),
        ([answer(Server="nginx")], "unknown", "no answer tells"),
        ([answer(Server="nginx-1"), answer(Server="nginx-2")], "info", "the header server may"),
    ],
)
def test_who_tells_the_node(answers: list[Answer], severity: str, says: str) -> None:
    found = node(Seen(known=Answers(answers)))
    assert (found.severity, says in found.says) == (severity, True), found


@pytest.mark.parametrize(
    ("logout", "after", "severity", "says"),
    [
        ("", ["nobody", "nobody"], "good", "ends the session"),
        ("", ["user", "nobody"], "bad", "after a logout, on some nodes"),
        ("", ["user", "user"], "bad", "is good after a logout"),
        ("", ["error", "nobody"], "unknown", "not known"),
        ("error", ["user", "user"], "unknown", "not known"),
    ],
)
def test_what_a_logout_leaves(logout: str, after: list[str], severity: str, says: str) -> None:
    seen = Seen(logout=answer(logout), replayed=Answers(map(answer, after)))
    found = replay(seen)
    assert (found.severity, says in found.says) == (severity, True), found
