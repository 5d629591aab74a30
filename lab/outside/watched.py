"""What became of those who were watched: a pure function of what was recorded."""

from __future__ import annotations

import shlex
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.outside.pacing import TOO_MANY
from sessionlab.lab.record.claims import Claim, judge
from sessionlab.lab.record.history import History
from sessionlab.lab.verdicts.causes import LOSSES
from sessionlab.lab.verdicts.fates import Fate, users
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.results import NOTHING_SHOWN, Outcome
from sessionlab.lab.verdicts.users import unseen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.verdicts.fates import User

NAME, CLUSTER = "watch", "watch-1"


@dataclass(frozen=True, slots=True)
class Lost:
    """One who is not kept: `at` in seconds since the command began (or the watch, without one)."""

    user: str
    tab: int
    verdict: Fate
    at: float
    phase: str
    saw: str

    def __str__(self) -> str:
        who = f"{self.user} (client {self.tab + 1})" if self.tab else self.user
        how = "got wrong data" if self.verdict is Fate.WRONG_DATA else f"was {self.verdict}"
        return f"{who} {how} {self.phase}: {self.saw}"


@dataclass(frozen=True, slots=True)
class Watched:
    """`history` is without what was answered 429: that says nothing of a session.

    `began` and `ended` are when the command did, in seconds since the run began; `left_out` those
    who could not log in before it, and why.
    """

    history: History
    judged: Sequence[User]
    unknown: frozenset[tuple[str, int]]
    began: float
    ended: float | None
    command: Sequence[str]
    status: int | None
    left_out: Sequence[str]
    notes: Sequence[str]

    @classmethod
    def of(
        cls,
        operations: Iterable[Operation],
        *,
        began: float | None,
        ended: float | None = None,
        command: Sequence[str] = (),
        status: int | None = None,
        left_out: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> Watched:
        """Judge them; whoever was not seen any more after the command had ended is unknown."""
        history = History(op for op in operations if op.status != TOO_MANY)
        since = began or 0.0
        judged = users(history)
        unknown = frozenset(
            (one.client, one.tab) for one in unseen(judged, history, ended or since)
        )
        return cls(history, judged, unknown, since, ended, command, status, left_out, notes)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each verdict; whoever was interrupted has one besides."""
        known = [one for one in self.judged if (one.client, one.tab) not in self.unknown]
        counts = {fate.replace(" ", "_"): sum(one.fate is fate for one in known) for fate in Fate}
        interrupted = sum(bool(one.interruptions) for one in self.judged)
        return {**counts, "unknown": len(self.unknown), "interrupted": interrupted}

    @property
    def interruptions(self) -> dict[str, int]:
        """How long errors lasted that ended with the session still there, in milliseconds."""
        found = [span.milliseconds for one in self.judged for span in one.interruptions]
        slowest = max((op.completed - op.invoked for op in self.history), default=0.0)
        return {
            "count": len(found),
            "longest_ms": max(found, default=0),
            "median_ms": round(statistics.median(found)) if found else 0,
            "slowest_answer_ms": round(slowest * 1000),
        }

    @property
    def losses(self) -> list[Lost]:
        """Those who were lost, in the order in which it happened."""
        found = [
            Lost(
                one.client,
                one.tab,
                one.fate,
                round(one.at.invoked - self.began, 3),
                self._phase(one.at.invoked),
                _saw(one, one.at),
            )
            for one in self.judged
            if one.fate in LOSSES and one.at
        ]
        return sorted(found, key=lambda lost: lost.at)

    @property
    def exit_status(self) -> int:
        """1 somebody was lost; 3 the command failed, or nothing is known of some."""
        if self.losses:
            return 1
        return NOTHING_SHOWN if self.status or self.unknown or not self.judged else 0

    @property
    def outcome(self) -> Outcome:
        return {0: Outcome.HELD, 1: Outcome.BROKEN}.get(self.exit_status, Outcome.ERROR)

    @property
    def claims(self) -> list[Claim]:
        """As the reports of a run have them."""
        of = f"of {number(len(self.judged), 'user')} lost"
        said = "".join(f"\n{lost}" for lost in self.losses)
        claims = [judge("nobody is lost", f"0 {of}", f"{len(self.losses)} {of}{said}")]
        if self.status is not None:
            claims.append(judge("the command succeeds", "status 0", f"status {self.status}"))
        return claims

    def lines(self) -> list[str]:
        """For a person: who was lost, then what else there is to say."""
        counts = {name.replace("_", " "): count for name, count in self.counts.items()}
        interrupted = counts.pop("interrupted")
        said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        lines = [f"{number(len(self.judged), 'user')}: {said}"]
        if interrupted:
            spans = self.interruptions
            lines.append(
                f"{interrupted} interrupted, for {spans['longest_ms']} ms at most"
                f" ({spans['median_ms']} ms in the middle; each asked once in a while,"
                " so it may have been less)"
            )
        lines += map(str, self.losses)
        lines += [f"could not log in, so nothing is known of them: {one}" for one in self.left_out]
        if self.status:
            lines.append(f"the command failed, with {self.status}: {shlex.join(self.command)}")
        return [*lines, *self.remarks]

    @property
    def remarks(self) -> list[str]:
        """What qualifies the counts."""
        lines = list(self.notes)
        if early := sum(lost.at < 0 for lost in self.losses):
            lines.append(
                f"{early} of them before the command began: that is not its doing;"
                " `sessionlab probe` looks for what is"
            )
        if not any(op.node for op in self.history):
            lines.append(
                "nothing tells which node answered, so `moved` counts as kept (a recipe's `node`"
                " says where to look)"
            )
        return lines

    def _phase(self, at: float) -> str:
        since = at - self.began
        if since < 0:
            return f"{-since:.1f} s before the command began"
        if not self.command:
            return f"after {since:.1f} s"
        if self.ended is not None and at > self.ended:
            return f"{at - self.ended:.1f} s after the command had ended"
        return f"{since:.1f} s after the command began"


def _saw(user: User, at: Operation) -> str:
    """The answer, and where it came from."""
    if user.says:
        return user.says
    came = str(at.status) if at.status else at.error or "no answer"
    node = f" from {at.node}" if at.node else ""
    home = f", before it {user.home} had answered" if user.home and user.home != at.node else ""
    return f"{at.method} {at.path}: {came}{node}{home}"
