"""Continuity: who stayed logged in, who did not, and what brought that about."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from sessionlab.lab.checks.columns import columns
from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.checks.plain import Plain
from sessionlab.lab.record.packed.rows import MICROSECONDS
from sessionlab.lab.verdicts.causes import losses
from sessionlab.lab.verdicts.fates import Fate, User, users
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.settings import settings
from sessionlab.lab.verdicts.story_time import since
from sessionlab.lab.verdicts.users import Users

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.answers import JSON
    from sessionlab.lab.record.packed.shard import Shard


class Continuity:
    """The verdicts of `sessionlab.lab.verdicts` on every user of a stored history.

    Moments in its sentences count from where the workload, or the story, began.
    """

    name = "continuity"
    summary = "every user stays logged in, with its own data, until it logs out"
    figures: Mapping[str, str] = MappingProxyType(
        {
            "users": "who logged in, or tried to",
            "kept": "users who stayed logged in, at the same node",
            "moved": "users whom another node answered, still logged in, with their data",
            "logged_out": "users who were not known any more, and had not logged out",
            "stuck": "users who got nothing but errors at last",
            "wrong_data": "users who were taken for somebody else, or whose cart was not theirs",
            "lost": "users who were logged out, stuck, or given wrong data",
            "lost_share": "the same as a share of all users, 0 to 1",
            "interrupted": "users who got errors that ended",
            "longest_interruption_ms": "milliseconds of the longest such interruption",
        }
    )

    def look(self, shard: Shard, about: About) -> list[User]:
        if not len(shard.rows):
            return []
        began = round(about.began * MICROSECONDS)
        plain = Plain(shard)
        found = plain.users(began)
        doubtful = np.flatnonzero(plain.doubt).tolist()
        adds = bool(doubtful) and columns(shard, about).adds
        for nth in doubtful:
            found += _replayed(shard, nth, began, adds=adds)
        return [user for _, user in sorted(found, key=lambda one: one[0])]

    def judge(self, parts: Sequence[list[User]], about: About) -> Finding:
        found = self.users(parts, about)
        said = [f"{found.count(fate)} {fate}" for fate in Fate if found.count(fate)]
        if found.interrupted:
            said.append(f"{found.interrupted} interrupted, for {found.longest} ms at most")
        figures: dict[str, JSON] = {
            "users": len(found),
            **{fate.replace(" ", "_"): found.count(fate) for fate in Fate},
            "lost": found.lost,
            "lost_share": found.lost / max(len(found), 1),
            "interrupted": found.interrupted,
            "longest_interruption_ms": found.longest,
        }
        verdict = Verdict.BROKEN if found.lost else Verdict.HOLDS if found else Verdict.UNKNOWN
        who = f"{number(len(found), 'user')}: {', '.join(said)}" if found else "nobody logged in"
        return Finding(self.name, verdict, who, figures, found.told())

    def users(self, parts: Sequence[list[User]], about: About) -> Users:
        """All of them, and why some were lost."""
        judged = [user for part in parts for user in part]
        events = since(about.began, about.events)
        named = next((event.scenario for event in events if event.kind == "cluster.starting"), "")
        return Users(judged, losses(judged, events), settings(named, events))


def _replayed(shard: Shard, nth: int, began: int, *, adds: bool) -> Iterator[tuple[int, User]]:
    """The verdicts on all clients of one user, each after its place in the history."""
    begin, end = shard.starts[nth : nth + 2].tolist()
    order = begin + shard.place[begin:end].argsort()
    operations = shard.operations(order, began)
    places: dict[str, int] = {}
    for operation, place in zip(operations, shard.place[order].tolist(), strict=True):
        if not operation.direct:
            places.setdefault(operation.cluster, place)
    return ((places[user.cluster], user) for user in users(operations, adds=adds))


CONTINUITY = Continuity()
