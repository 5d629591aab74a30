"""What a probe's answers say of a system; each finding with its evidence, and what to do.

Functions of `Seen`, one a question; the words are in `findings.toml`. What was not asked, or not
answered, is unknown.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlab.lab.outside.products import NODE_HEADERS, ROUTED, VAGUE, product_of
from sessionlab.lab.outside.seen import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.outside.seen import Seen
    from sessionlab.lab.record.answers import Answers

_WORDS = 60  # characters of what a header says


class Severity(StrEnum):
    """How a finding is meant, from good to bad; unknown is neither."""

    UNKNOWN = "unknown"
    GOOD = "good"
    INFO = "info"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """`topic` is its fixed name; `advice` is empty where nothing is to be done."""

    topic: str
    severity: Severity
    says: str
    evidence: str = ""
    advice: str = ""


def found(topic: str, form: str, evidence: str = "", **words: object) -> Finding:
    """One of the catalogue's, with its words filled in."""
    said = _catalogue()[topic][form]
    texts = [said["says"].format(**words), evidence, said.get("advice", "").format(**words)]
    return Finding(topic, Severity(said["severity"]), *texts)


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def findings(seen: Seen) -> Iterator[Finding]:
    """All, in the order in which a person asks."""
    if seen.before is not None and seen.before.who == "user":
        yield found("stranger", "known", seen.before.said)
    yield from affinity_cookies(seen)
    yield node(seen)
    if seen.tied:
        yield known("without-affinity", seen.untied, cookies=" and ".join(seen.tied))
    yield known("new-connections", seen.anew)
    yield known("at-once", seen.at_once)
    yield reads(seen)
    yield replay(seen)


def affinity_cookies(seen: Seen) -> Iterator[Finding]:
    """Which cookie ties a client to a node, whose it is, and what it is made of."""
    for name in seen.tied:
        product = product_of(name) or ROUTED
        cookie = seen.cookies.get(name)
        has = cookie.attributes if cookie else {}
        form = "ends" if {"max-age", "expires"} & has.keys() else "set"
        form = "insecure" if seen.https and cookie and "secure" not in has else form
        told = cookie.said if cookie else "no attributes were seen"
        route = f"; it names the node {seen.routes[name]}" if name in seen.routes else ""
        evidence = f"{told}{route} (source: {product.source})"
        yield found("affinity-cookie", form, evidence, cookie=name, product=product.name)
    if not seen.tied:
        yield found("affinity-cookie", "none", f"cookies: {', '.join(seen.cookies) or 'none'}")


def node(seen: Seen) -> Finding:
    """What says which node answered."""
    answers = (*seen.known, *seen.anew, *seen.at_once, *seen.untied, *seen.reads)
    if nodes := Counter(one.node for one in answers if one.node):
        told = ", ".join(f"{name} ×{count}" for name, count in sorted(nodes.items()))
        return found("node", "told", told, count=len(nodes))
    headers: dict[str, Counter[str]] = {}
    for name, value in (pair for one in answers for pair in one.headers.items()):
        if NODE_HEADERS.fullmatch(name.lower()):
            headers.setdefault(name.lower(), Counter())[value[:_WORDS]] += 1
    for header, values in sorted(headers.items(), key=lambda one: one[0] in VAGUE):
        if len(values) > (header in VAGUE):
            told = ", ".join(f"{value} ×{n}" for value, n in values.most_common(5))
            return found("node", "header", told, header=header, count=len(values))
    return found("node", "unknown", f"{len(answers)} answers without a header that is known for it")


def known(topic: str, answers: Answers, **words: object) -> Finding:
    """Whether a user was known each time."""
    said = counted(answers) if answers else "it was not asked"
    if any(one.who == "user" and not one.recognised for one in answers):
        return found("somebody-else", "known", said)
    if any(one.who == "nobody" for one in answers):
        return found(topic, "lost", said, **words)
    unlike = next((one.said for one in answers if not one.recognised), None)
    if answers and unlike is None:
        return found(topic, "known", said, **words)
    return found(topic, "unknown", "; ".join(filter(None, (said, unlike))), **words)


def reads(seen: Seen) -> Finding:
    """Whether what was acknowledged is there in all later reads."""
    told = [one for one in seen.reads if one.operation.items is not None]
    if not seen.items or not told:
        return found("reads", "unknown", seen.reads[0].said if seen.reads else seen.why_not)
    stale = [one for one in told if set(seen.items) - set(one.operation.items or ())]
    nodes = sorted({one.node for one in stale if one.node})
    where = f" (from {', '.join(nodes)})" if nodes else ""
    said = f"{len(stale)} of {len(told)} reads miss what was acknowledged before{where}"
    return found("reads", "stale" if stale else "fresh", said)


def replay(seen: Seen) -> Finding:
    """Whether a logout ends the session for who had copied its credential too."""
    out = seen.logout
    if out is None or not seen.replayed:
        return found("replay", "unknown", seen.why_not)
    if out.who == "error":
        return found("replay", "unknown", f"logging out did not work: {out.said}")
    alive, said = seen.replayed.recognised, f"asked afterwards: {counted(seen.replayed)}"
    if alive:
        where = "" if alive == len(seen.replayed) else ", on some nodes"
        return found("replay", "alive", said, where=where)
    dead = all(one.who == "nobody" for one in seen.replayed)
    return found("replay", "dead" if dead else "unknown", said)
