"""Availability: who was served when, and whom each fault has hit.

*Served* is who got no error: who is refused has an answer, and continuity says whether it is the
right one. A fault has *hit* a user who got an error, or lost a session, between its beginning and
the next fault's; of those who asked for anything then, their share is its blast radius. A cluster
has recovered from it with the last error before the first second without any.
"""

from __future__ import annotations

from math import inf, isinf
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sessionlab.lab.checks.columns import REPLICA, SECOND, Columns, columns, padded, total
from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.checks.sessions import sessions
from sessionlab.lab.checks.timeline import Window, faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessionlab.lab.checks.columns import Mask, Numbers
    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.answers import JSON
    from sessionlab.lab.record.packed.shard import Shard

_MILLISECOND = 1000


class Hit(NamedTuple):
    """What one fault did to one shard's users; `last_served` is a moment (s).

    `sessions` are those that had begun before it and were used since, `lost` those of them that
    were refused then.
    """

    users: int
    hit: int
    sessions: int
    lost: int
    last_served: float


class Served(NamedTuple):
    """One shard's requests and errors by second, and what each fault did, in order.

    `failed` are the milliseconds in which an error came; `known` requests were of a session that
    nobody had ended, and `refused` those of them that were answered as nobody's.
    """

    asked: Numbers
    errors: Numbers
    failed: Numbers
    known: int
    refused: int
    faults: tuple[Hit, ...]


class Availability:
    """Share served by second; blast radius and recovery of each fault."""

    name = "availability"
    summary = "the share of requests served, and how many users each fault has hit, for how long"
    figures: Mapping[str, str] = MappingProxyType(
        {
            "served": "%; of all requests, those that got no error",
            "served_worst": "%; the same of the worst second",
            "errors": "requests that got an error, or no answer",
            "refused": "requests refused although nobody had ended their session",
            "blast_radius": "%; of the users, those that the worst fault has hit",
            "recovery_s": "from the end of a fault to an error-free second, the longest",
        }
    )

    def look(self, shard: Shard, about: About) -> Served:
        of = columns(shard, about)
        second = of.second[of.timed]
        error = of.timed & of.error
        failed = np.unique(of.completed[error] // _MILLISECOND)
        known = _known(of)
        return Served(
            np.bincount(second),
            np.bincount(of.second[error]),
            failed,
            int(known.sum()),
            int((known & of.refuses).sum()),
            tuple(_hits(of, known, faults(about))),
        )

    def judge(self, parts: Sequence[Served], about: About) -> Finding:
        asked = padded([part.asked for part in parts])
        errors = np.pad(
            failed := padded([part.errors for part in parts]), (0, len(asked) - len(failed))
        )
        if not asked.sum():
            nothing = dict.fromkeys(self.figures)
            return Finding(self.name, Verdict.UNKNOWN, "nothing was asked", nothing)
        share = np.where(asked > 0, 100 * (1 - errors / np.maximum(asked, 1)), np.nan)
        failures = np.unique(np.concatenate([part.failed for part in parts])) / 1000
        told = [
            _told(window, [part.faults[number] for part in parts], failures)
            for number, window in enumerate(faults(about))
        ]
        recoveries = [one["recovery_s"] for one in told]
        figures: dict[str, JSON] = {
            "served": round(100 * (1 - float(errors.sum() / asked.sum())), 4),
            "served_worst": round(float(np.nanmin(share)), 2),
            "errors": int(errors.sum()),
            "refused": total(parts, "refused"),
            "in_session": total(parts, "known"),
            "blast_radius": _most([one["blast_radius"] for one in told]),
            "recovery_s": None if None in recoveries else _most(recoveries),
            "requests": int(asked.sum()),
            "faults": list(told),
        }
        said = (
            f"{figures['served']} % of {figures['requests']} requests were served,"
            f" {figures['served_worst']:g} % in the worst second"
        )
        by_second = {
            "served": share.tolist(),
            "asked": asked.astype(float).tolist(),
            "errors": errors.astype(float).tolist(),
        }
        lines = [_line(window, one) for window, one in zip(faults(about), told, strict=True)]
        return Finding(self.name, Verdict.SHOWN, said, figures, lines, by_second)


AVAILABILITY = Availability()


def _known(of: Columns) -> Mask:
    """Requests of a session that nobody had asked to end; an error may be one of them."""
    session = sessions(of)
    known = of.timed & of.sent & ~of.enters & (session.of >= 0) & (of.tab < REPLICA)
    return known & ~session.leaving


def _hits(of: Columns, known: Mask, windows: Sequence[Window]) -> Iterator[Hit]:
    session = sessions(of)
    error, lost = of.timed & of.error, known & of.refuses
    for window in windows:
        began, until = window.began * SECOND, window.until * SECOND
        here = (of.completed >= began) & (of.invoked < until)
        served = of.invoked[here & of.timed & ~of.error]
        used = here & known & (of.invoked >= began)
        used[used] = session.began[session.of[used]] <= began
        yield Hit(
            _different(of.group, here & of.timed),
            _different(of.group, here & (error | lost)),
            _different(session.of, used),
            _different(session.of, used & lost),
            float(served.max()) / SECOND if len(served) else -inf,
        )


def _different(number: Numbers, where: Mask) -> int:
    return len(np.unique(number[where]))


def _told(window: Window, hits: Sequence[Hit], failures: Numbers) -> dict[str, JSON]:
    """One fault, as the figures have it; seconds, and shares in %."""
    users, hit, used, lost = (sum(one[number] for one in hits) for number in range(4))
    recovery = None
    if not isinf(window.ended):
        after = failures[(failures >= window.ended) & (failures < window.until)]
        times = np.concatenate(([window.ended], after))
        last = float(times[np.append(np.diff(times) > 1, True).argmax()])
        recovery = last - window.ended if last <= max(one.last_served for one in hits) else None
    return {
        "fault": window.what,
        "part": window.part,
        "began": round(window.began, 3),
        "ended": None if isinf(window.ended) else round(window.ended, 3),
        "users": users,
        "users_hit": hit,
        "blast_radius": round(100 * hit / users, 2) if users else None,
        "sessions": used,
        "sessions_lost": lost,
        "recovery_s": None if recovery is None else round(recovery, 3),
    }


def _line(window: Window, told: Mapping[str, JSON]) -> str:
    over = "recovery unknown"
    if told["recovery_s"] is not None:
        over = f"recovered {told['recovery_s']:.3f} s after its end"
    return f"{window}: hit {told['users_hit']} of {told['users']} users; {over}"


def _most(values: Sequence[JSON]) -> JSON:
    return max((one for one in values if isinstance(one, (int, float))), default=None)
