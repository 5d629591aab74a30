"""What a probe's answers say of a system; each finding with its evidence, and what to do.

Functions of `Seen`, one a question. What was not asked, or not answered, is unknown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sessionlab.lab.outside.products import NODE_HEADERS, ROUTED, product_of
from sessionlab.lab.outside.seen import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.outside.seen import Seen
    from sessionlab.lab.record.answers import Answers

_WORDS = 60  # characters of what a header says


class Severity(StrEnum):
    """How a finding is meant; unknown is neither good nor bad."""

    GOOD = "good"
    INFO = "info"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """`topic` is its fixed name; `advice` is empty where nothing is to be done."""

    topic: str
    severity: Severity
    says: str
    evidence: str = ""
    advice: str = ""


def findings(seen: Seen) -> list[Finding]:
    """All, in the order in which a person asks."""
    questions = (
        stranger,
        affinity_cookies,
        node,
        without_affinity,
        new_connections,
        at_once,
        reads,
        logout,
        replay,
    )
    return [found for question in questions for found in question(seen)]


def stranger(seen: Seen) -> Iterator[Finding]:
    """Whether `me` tells users from others at all."""
    if seen.before is not None and seen.before.who == "user":
        yield Finding(
            "stranger",
            Severity.BAD,
            "somebody who has not logged in is taken for a user",
            seen.before.said,
            "look at the recipe's `me` first: an answer that is the same for everybody shows"
            " nothing, and the rest of this neither; else a cache hands out others' answers",
        )


def affinity_cookies(seen: Seen) -> Iterator[Finding]:
    """Which cookie ties a client to a node, whose it is, and what it is made of."""
    for name in seen.tied:
        product = product_of(name) or ROUTED
        cookie = seen.cookies.get(name)
        attributes = dict(cookie.attributes) if cookie else {}
        told = "; ".join(f"{key}={value}" if value else key for key, value in attributes.items())
        route = f"; it names the node {seen.routes[name]}" if name in seen.routes else ""
        insecure = seen.https and cookie is not None and "secure" not in attributes
        ends = {"max-age", "expires"} & attributes.keys()
        advice = (
            ["let it have Secure: over http anybody on the way can read it"] if insecure else []
        )
        if ends:
            advice.append("it ends by itself: a session that lives longer loses its node then")
        yield Finding(
            "affinity-cookie",
            Severity.WARN if insecure else Severity.INFO,
            f"the cookie {name} ties a client to a node: {product.name}",
            f"{told or 'no attributes were seen'}{route} (source: {product.source})",
            "; ".join(advice),
        )
    if not seen.tied:
        yield Finding(
            "affinity-cookie",
            Severity.INFO,
            "no known affinity cookie is set",
            f"cookies seen: {', '.join(seen.cookies) or 'none'}",
            "a balancer may still go by the session's own cookie, a header or the client's address",
        )


def node(seen: Seen) -> Iterator[Finding]:
    """What says which node answered."""
    answers = (*seen.known, *seen.anew, *seen.at_once, *seen.untied, *seen.reads)
    if nodes := Counter(one.node for one in answers if one.node):
        told = ", ".join(f"{name} ×{count}" for name, count in sorted(nodes.items()))
        yield Finding("node", Severity.INFO, f"answers tell the node: {len(nodes)} seen", told)
        return
    for header in NODE_HEADERS:
        values = Counter(
            value for one in answers for key, value in one.headers.items() if key.lower() == header
        )
        if len(values) > 1 or (values and header not in ("via", "server")):
            told = ", ".join(f"{value[:_WORDS]} ×{n}" for value, n in values.most_common(5))
            yield Finding(
                "node",
                Severity.INFO,
                f"the header {header} may tell the node: {len(values)} different",
                told,
                f'if it does, say so in the recipe: node = {{header = "{header}"}}',
            )
            return
    yield Finding(
        "node",
        Severity.UNKNOWN,
        "no answer tells which node gave it",
        f"{len(answers)} answers without a header that is known for it",
        "let the app or the balancer add one (X-Served-By): complaints can then be traced",
    )


def without_affinity(seen: Seen) -> Iterator[Finding]:
    """Whether the session is known where that cookie is missing."""
    topic = "without-affinity"
    if not seen.tied:
        return
    names = " and ".join(seen.tied)
    if not seen.untied:
        yield Finding(topic, Severity.UNKNOWN, f"it was not asked without {names}")
        return
    yield _known(
        topic,
        seen.untied,
        good=f"the session lives without {names}: any node knows it",
        lost=f"without {names} the session is lost",
        advice="whoever is sent to another node is logged out, as when theirs is deployed or dies:"
        " keep sessions in a store that all nodes share, or in the client",
        severity=Severity.WARN,
    )


def new_connections(seen: Seen) -> Iterator[Finding]:
    """Whether it is known over connections of every age."""
    yield _known(
        "new-connections",
        seen.anew,
        good="the session is known over new connections",
        lost="over new connections the session is lost now and then",
        advice="its nodes do not share it, and nothing ties a client to one: set an affinity at the"
        " balancer, or share the sessions (or the key that signs them)",
    )


def at_once(seen: Seen) -> Iterator[Finding]:
    """Whether several requests of one user at once are all known."""
    if not seen.at_once:
        why = "at so few requests a second no two are sent at once"
        yield Finding("at-once", Severity.UNKNOWN, "several at once were not asked", why)
        return
    yield _known(
        "at-once",
        seen.at_once,
        good=f"{len(seen.at_once)} requests at once are all known",
        lost="of several requests at once some are nobody's",
        advice="a page that loads its parts together loses its user: does an answer replace the"
        " session (rotation), or do they go to different nodes?",
    )


def reads(seen: Seen) -> Iterator[Finding]:
    """Whether what was acknowledged is there in all later reads."""
    topic = "reads"
    if not seen.items or not seen.reads:
        yield Finding(topic, Severity.UNKNOWN, "whether reads are stale was not asked", _not(seen))
        return
    told = [one for one in seen.reads if one.operation.items is not None]
    stale = [one for one in told if set(seen.items) - set(one.operation.items or ())]
    said = f"{len(stale)} of {len(told)} reads miss what was acknowledged before"
    nodes = sorted({one.node for one in stale if one.node})
    where = f" (from {', '.join(nodes)})" if nodes else ""
    if stale:
        advice = "nodes that keep their own copies (a cache in each process, a replica that lags):"
        advice += " read the session from where it is written"
        yield Finding(topic, Severity.BAD, "reads are older than writes", said + where, advice)
    elif told:
        yield Finding(topic, Severity.GOOD, "every read shows what was written", said)
    else:
        yield Finding(topic, Severity.UNKNOWN, "no read showed any data", seen.reads[0].said)


def logout(seen: Seen) -> Iterator[Finding]:
    """Whether logging out does so."""
    after = seen.after_logout
    if seen.logout is not None and after is not None and after.recognised:
        yield Finding(
            "logout",
            Severity.BAD,
            "who has logged out is still known",
            f"{seen.logout.said}; {after.said}",
            "does `logout` ask as the app wants it (method, CSRF token)? else it ends nothing",
        )


def replay(seen: Seen) -> Iterator[Finding]:
    """Whether a credential that was kept is good after its owner has logged out."""
    topic = "replay"
    if seen.logout is None or not seen.replayed:
        yield Finding(topic, Severity.UNKNOWN, "logging out was not asked for", _not(seen))
        return
    if seen.logout.who == "error" or (seen.after_logout and seen.after_logout.who != "nobody"):
        yield Finding(topic, Severity.UNKNOWN, "logging out did not work", seen.logout.said)
        return
    alive = seen.replayed.recognised
    said = f"after the logout the old credential was asked with: {counted(seen.replayed)}"
    if alive:
        how = "on some nodes " if alive < len(seen.replayed) else ""
        advice = (
            "who has copied it stays in: end sessions where they are looked up (a store, a list"
        )
        advice += " of ended token ids), and let tokens live for minutes"
        yield Finding(
            topic, Severity.BAD, f"the old credential is {how}good after a logout", said, advice
        )
    elif all(one.who == "nobody" for one in seen.replayed):
        yield Finding(topic, Severity.GOOD, "a logout ends the session for every copy of it", said)
    else:
        yield Finding(topic, Severity.UNKNOWN, "not every replay was answered", said)


def _known(
    topic: str,
    answers: Answers,
    *,
    good: str,
    lost: str,
    advice: str,
    severity: Severity = Severity.BAD,
) -> Finding:
    said = counted(answers)
    if any(one.who == "nobody" for one in answers):
        return Finding(topic, severity, lost, said, advice)
    if any(one.who == "user" and not one.recognised for one in answers):
        other = "a cache between you and the app must not keep answers to users (Cache-Control)"
        return Finding(topic, Severity.BAD, "somebody else's answer came", said, other)
    if answers and answers.recognised == len(answers):
        return Finding(topic, Severity.GOOD, good, said)
    return Finding(topic, Severity.UNKNOWN, f"not known whether {good}", said)


def _not(seen: Seen) -> str:
    return "; ".join(seen.notes) or "the recipe does not say how"
