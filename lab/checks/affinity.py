"""Affinity: a request that has a pin goes to the node that it is pinned to.

A request has one when the balancer found it (`V`, `D`, or one that it says it lost), or, where the
balancer says nothing, when the client sent what its cluster's affinity goes by. It has *stayed*
when the node that answered the client's last request answers it, too. A move is explained when
that node was away, drained or deployed, or the way to it broken, at any time between the two, or
when the balancer says that the pin was saturated or its time was over.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sessionlab.lab.checks.columns import (
    EXAMPLES,
    REPLICA,
    SECOND,
    Columns,
    columns,
    examples,
    moment,
    total,
)
from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.checks.sessions import sessions
from sessionlab.lab.checks.timeline import Window, changes, outages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessionlab.lab.checks.columns import Mask, Numbers
    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.answers import JSON
    from sessionlab.lab.record.packed.shard import Shard

_PINNED, _MADE, _LOST = ("V", "D"), ("I", "U"), ("table-lost", "other-secret", "removed", "evicted")
_EXCUSES = ("saturated", "expired", "drained", "removed")


class Moves(NamedTuple):
    """One shard's; `changed` has (users, moved) for each change of the cluster, in order."""

    pinned: int
    moved: int
    unexplained: int
    users: int
    changed: tuple[tuple[int, int], ...]
    evidence: tuple[str, ...]


class Affinity:
    """Pins are kept."""

    name = "affinity"
    summary = "a request that has a pin goes where it is pinned to, as long as that node is there"
    figures: Mapping[str, str] = MappingProxyType(
        {
            "stayed": "%; of the requests with a pin, those that stayed at their node",
            "moves": "requests with a pin that another node answered",
            "moves_alive": "such moves away from a node that nothing had happened to",
        }
    )

    def look(self, shard: Shard, about: About) -> Moves:
        of = columns(shard, about)
        rows, before = _one_after_another(of)
        held, excused = _pins(of, rows, before)
        moved = held & (of.node[rows] != of.node[before])
        after, first = rows[moved], before[moved]
        wrong = ~(_explained(of, first, after, about) | excused[moved])
        wrong &= ~_away_from_home(of, after, about)
        hit = np.flatnonzero(wrong)
        nodes = of.shard.words.texts("node")
        return Moves(
            int(held.sum()),
            len(after),
            len(hit),
            len(np.unique(of.group[after[wrong]])),
            tuple(_changed(of, about)),
            tuple(
                f"{of.said(after[n])}: {nodes[of.node[after[n]]]} answered, pinned to"
                f" {nodes[of.node[first[n]]]}, which was there"
                for n in hit[:EXAMPLES]
            ),
        )

    def judge(self, parts: Sequence[Moves], about: About) -> Finding:
        pinned, moved = total(parts, "pinned"), total(parts, "moved")
        wrong, users = sum(part.unexplained for part in parts), total(parts, "users")
        figures: dict[str, JSON] = {
            "stayed": round(100 * (1 - moved / pinned), 3) if pinned else None,
            "moves": moved if pinned else None,
            "moves_alive": wrong if pinned and about.events else None,
            "pinned": pinned,
            "users_moved_alive": users,
            "changes": [
                _told(change, [part.changed[number] for part in parts])
                for number, change in enumerate(changes(about))
            ],
        }
        if not pinned:
            said = "no request is known to have had a pin"
            return Finding(self.name, Verdict.UNKNOWN, said, figures)
        said = f"{pinned - moved} of {pinned} requests with a pin stayed at their node"
        if wrong and about.events:
            said += f"; {users} users moved {wrong} times although their node was there"
            return Finding(self.name, Verdict.BROKEN, said, figures, examples(parts))
        if wrong:
            said += f"; {wrong} moved, and nothing tells what had happened to their nodes"
            return Finding(self.name, Verdict.UNKNOWN, said, figures)
        said += f"; the node of the other {moved} was away" if moved else ""
        return Finding(self.name, Verdict.HOLDS, said, figures)


AFFINITY = Affinity()


def _told(change: Window, counted: Sequence[tuple[int, int]]) -> JSON:
    """One change of the cluster, as the figures have it."""
    users, moved = sum(one for one, _ in counted), sum(one for _, one in counted)
    at = round(change.began, 3)
    return {"what": change.what, "node": change.part, "at": at, "users": users, "moved": moved}


def _one_after_another(of: Columns) -> tuple[Numbers, Numbers]:
    """Rows that a node has answered, and the one before each of the same session and service.

    -1 where none is, or where it was under way still: it may have moved the pin, or not.
    """
    rows = np.flatnonzero(of.balanced & (of.node > 0) & (of.tab < REPLICA))
    who, service = sessions(of).shared[rows], of["service"][rows]
    if len(rows) and ((service != service[0]).any() or of.tab[rows].any()):
        order = np.lexsort((of.invoked[rows], service, who))
        rows, who, service = rows[order], who[order], service[order]
    follows = np.zeros(len(rows), bool)
    follows[1:] = (who[1:] == who[:-1]) & (service[1:] == service[:-1])
    follows[1:] &= of.completed[rows[:-1]] <= of.invoked[rows[1:]]
    return rows, np.where(follows, np.concatenate((rows[:1], rows[:-1])), -1)


def _pins(of: Columns, rows: Numbers, before: Numbers) -> tuple[Mask, Mask]:
    """Whether each row had a pin, and whether the balancer says why it need not hold.

    A pin that the balancer says it lost was one only if the answer before had left one.
    """
    said = [text.partition(";") for text in of.shard.words.texts("pin")]
    held, lost, left, excused = np.array(
        [
            (
                letters[:1] in _PINNED,
                reason in _LOST,
                letters[:1] in _PINNED or letters[1:2] in _MADE,
                reason in _EXCUSES,
            )
            for letters, _, reason in said
        ]
    ).T
    pin = of.pin[rows]
    had = held[pin] | (lost[pin] & left[of.pin[before]]) | ((pin == 0) & of.tied[rows])
    return had & (before >= 0), excused[pin]


def _explained(of: Columns, before: Numbers, after: Numbers, about: About) -> Mask:
    """Whether something was amiss with the node of `before`, from then until the answer `after`."""
    found = np.zeros(len(after), bool)
    nodes = of.shard.words.texts("node")
    began, ended = of.invoked[before] / SECOND, of.completed[after] / SECOND
    for window in outages(about):
        touched = np.array([window.touches(node) for node in nodes])[of.node[before]]
        found |= touched & (window.began <= ended) & (began <= window.ended)
    return found


def _away_from_home(of: Columns, rows: Numbers, about: About) -> Mask:
    """Whether a row's pin is known to its client alone, and may be to a node that was away.

    Who has learned it from the login's answer may not learn anew where the client has gone since.
    """
    session = sessions(of)
    found = (of.pin[rows] == 0) & (session.of[rows] >= 0)
    logins = session.logins[session.of[rows[found]]]
    found[found] = _explained(of, logins, rows[found], about)
    return found


def _changed(of: Columns, about: About) -> Iterator[tuple[int, int]]:
    """For each change of the cluster: tabs seen in one session before and after, and moved."""
    if not len(of):
        yield from ((0, 0) for _ in changes(about))
        return
    session = sessions(of)
    rows = np.flatnonzero(of.balanced & (of.node > 0) & (session.of >= 0) & (of.tab < REPLICA))
    asked = moment(of.tabs[rows], of.invoked[rows])
    for change in changes(about):
        since, until = int(change.ended * SECOND), min(change.until, 1e6) * SECOND
        tabs = np.unique(of.tabs[rows])
        after = np.searchsorted(asked, moment(tabs, np.full(len(tabs), since)))
        good = (after > 0) & (after < len(rows))
        first, then = rows[after[good] - 1], rows[after[good]]
        same = (session.of[first] == session.of[then]) & (of.invoked[then] < until)
        same &= (of.completed[first] <= change.began * SECOND) & ~of.enters[then]
        moved = same & (of.node[first] != of.node[then])
        yield int(same.sum()), int(moved.sum())
