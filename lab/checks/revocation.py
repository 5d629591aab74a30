"""Revocation: a credential that was logged out is accepted by nobody any more.

By the hash of what was sent: what was asked with it after its logout was acknowledged is *accepted*
when the answer is a user's, *refused* when it is nobody's. A logout of unknown outcome may have
ended the session or not: who goes on with it then is free to, and what somebody else is let in with
(a client that came back with an old credential) is counted apart. So is what a browser sends after
it has logged in anew: the same credential may have been given out again.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sessionlab.lab.checks.columns import (
    CONNECT,
    EXAMPLES,
    LOGIN,
    LOGOUT,
    REPLICA,
    SECOND,
    UNKNOWN,
    Columns,
    at,
    columns,
    examples,
    moment,
    total,
)
from sessionlab.lab.checks.interface import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.checks.columns import Mask, Numbers
    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.packed.shard import Shard


class Revived(NamedTuple):
    """One shard's: requests with a credential that was logged out, and how they ended."""

    logouts: int = 0
    refused: int = 0
    accepted: int = 0
    perhaps: int = 0
    credentials: int = 0
    longest: float = 0.0
    last: float = 0.0
    evidence: tuple[str, ...] = ()


class Revocation:
    """What was logged out stays logged out."""

    name = "revocation"
    summary = "a credential is refused once its logout was acknowledged"
    figures: Mapping[str, str] = MappingProxyType(
        {
            "revived": "requests accepted with a credential after its acknowledged logout",
            "revived_credentials": "credentials that were accepted so",
            "revived_s": "the longest time after a logout that its credential was accepted",
        }
    )

    def look(self, shard: Shard, about: About) -> Revived:
        of = columns(shard, about)
        asked = (of.credential != 0) & ~of.enters
        out = asked & (of.conversation == LOGOUT)
        asked &= ~out & (of.conversation != LOGIN) & (of.conversation != CONNECT)
        asked &= of.vouches | of.refuses
        known, since = _ended(of, out & of.success)
        maybe, maybe_since = _ended(of, out & (of.outcome == UNKNOWN))
        after = _after(of, np.flatnonzero(asked), known, since)
        others = asked & of.vouches & (of.tab >= REPLICA)
        unsure = _after(of, np.flatnonzero(others), maybe, maybe_since)
        again = _logged_in_anew(of, after[0], after[1])
        accepted = of.vouches[after[0]] & ~again
        rows, late = after[0][accepted], after[2][accepted]
        perhaps = np.union1d(unsure[0], after[0][of.vouches[after[0]] & again])
        return Revived(
            len(known),
            int(of.refuses[after[0]].sum()),
            len(rows),
            len(np.setdiff1d(perhaps, rows)),
            len(np.unique(of.credential[rows])),
            float(late.max(initial=0)) / SECOND,
            float(of.invoked[rows].max(initial=0)) / SECOND,
            tuple(
                f"{of.said(row)}: accepted {at(by)} after the logout was acknowledged"
                for row, by in zip(rows[:EXAMPLES], late, strict=False)
            ),
        )

    def judge(self, parts: Sequence[Revived], _about: About) -> Finding:
        logouts, refused = total(parts, "logouts"), total(parts, "refused")
        accepted, perhaps = total(parts, "accepted"), total(parts, "perhaps")
        credentials = total(parts, "credentials")
        longest = max((part.longest for part in parts), default=0.0)
        last = max((part.last for part in parts), default=0.0)
        nothing = not accepted and not refused
        figures = {
            "revived": None if nothing else accepted,
            "revived_at_most": accepted + perhaps,
            "revived_credentials": None if nothing else credentials,
            "revived_s": None if nothing else round(longest, 3),
            "revived_last": round(last, 3) if accepted else None,
            "refused_after_logout": refused,
            "logouts": logouts,
        }
        unsure = f"; {perhaps} more perhaps: nobody knows how the logout ended" if perhaps else ""
        if accepted:
            said = (
                f"{credentials} of {logouts} credentials were accepted after their logout,"
                f" {accepted} times, for {longest:.3f} s{unsure}"
            )
            return Finding(self.name, Verdict.BROKEN, said, figures, examples(parts))
        if nothing or perhaps:
            said = f"nobody came back with a credential after its acknowledged logout{unsure}"
            said = f"{refused} requests after a logout were refused{unsure}" if refused else said
            return Finding(self.name, Verdict.UNKNOWN, said, figures)
        said = f"all {refused} requests that came back after a logout were refused"
        return Finding(self.name, Verdict.HOLDS, said, figures)


REVOCATION = Revocation()


def _ended(of: Columns, logouts: Mask) -> tuple[Numbers, Numbers]:
    """The credentials that these rows log out, sorted, and when each first was."""
    rows = np.flatnonzero(logouts)
    rows = rows[np.argsort(of.completed[rows], kind="stable")]
    known, first = np.unique(of.credential[rows], return_index=True)
    return known, of.completed[rows[first]]


def _after(
    of: Columns, rows: Numbers, known: Numbers, since: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Those rows that use one of these credentials after it was ended: when, and how long after."""
    if not len(known):
        return rows[:0], rows[:0], rows[:0]
    found = np.minimum(np.searchsorted(known, of.credential[rows]), len(known) - 1)
    late = of.invoked[rows] - since[found]
    used = (known[found] == of.credential[rows]) & (late >= 0)
    return rows[used], since[found[used]], late[used]


def _logged_in_anew(of: Columns, rows: Numbers, since: Numbers) -> Mask:
    """Whether a browser's user had logged in again between the logout and the request."""
    logins = np.flatnonzero((of.conversation == LOGIN) & of.success)
    answered = np.sort(moment(of.group[logins], of.completed[logins]))
    before = np.searchsorted(answered, moment(of.group[rows], of.invoked[rows]), "right")
    return (of.tab[rows] < REPLICA) & (
        before > np.searchsorted(answered, moment(of.group[rows], since), "right")
    )
