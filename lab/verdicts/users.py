"""All users of a scenario: what became of each, how many of each kind, why, and what is unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.causes import LOSSES, Loss, losses
from sessionlab.lab.verdicts.classify import is_success, vouches
from sessionlab.lab.verdicts.fates import Fate, User, tally, users
from sessionlab.lab.verdicts.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sessionlab.lab.events import Event
    from sessionlab.lab.record.history import Operation


@dataclass(frozen=True, slots=True)
class Users:
    """Each user with its verdict, and why those who were lost were.

    `settings` are the names of their clusters, where there are several.
    """

    judged: Sequence[User] = ()
    losses: Sequence[Loss] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, history: Iterable[Operation], events: Sequence[Event], scenario: str = "") -> Users:
        """Judge them by what was recorded, be it just now or read back from a folder."""
        judged = users(history)
        return cls(judged, losses(judged, events), settings(scenario, events))

    def __len__(self) -> int:
        return len(self.judged)

    def count(self, *fates: Fate) -> int:
        """How many of them had one of these verdicts."""
        counts = tally(self.judged)
        return sum(counts[fate] for fate in fates)

    @property
    def kept(self) -> int:
        """How many stayed at their node, logged in."""
        return self.count(Fate.KEPT)

    @property
    def moved(self) -> int:
        """How many were recognised by another node than before."""
        return self.count(Fate.MOVED)

    @property
    def logged_out(self) -> int:
        """How many were nobody, without having logged out."""
        return self.count(Fate.LOGGED_OUT)

    @property
    def stuck(self) -> int:
        """How many got nothing but errors at last."""
        return self.count(Fate.STUCK)

    @property
    def wrong_data(self) -> int:
        """How many were given another user's data, or lost some of their own."""
        return self.count(Fate.WRONG_DATA)

    @property
    def lost(self) -> int:
        """Those who were logged out, stuck, or given wrong data."""
        return self.logged_out + self.stuck + self.wrong_data

    @property
    def interrupted(self) -> int:
        """How many got errors that ended."""
        return sum(bool(user.interruptions) for user in self.judged)

    @property
    def longest(self) -> int:
        """Milliseconds of the longest interruption of anybody."""
        return max((i.milliseconds for u in self.judged for i in u.interruptions), default=0)

    def summary(self) -> dict[str, object]:
        """As the reports for machines have it."""
        return {
            **{fate.replace(" ", "_"): count for fate, count in tally(self.judged).items()},
            "interrupted": self.interrupted,
            "longest_interruption_ms": self.longest,
            "losses": [
                {
                    "cluster": loss.cluster,
                    "users": loss.users,
                    "of": loss.of,
                    "verdict": str(loss.fate),
                    "why": loss.why,
                }
                for loss in self.losses
            ],
        }

    @property
    def why(self) -> str:
        """Why some were lost, in few words."""
        return "; ".join(dict.fromkeys(loss.short for loss in self.losses)) or "–"

    def told(self) -> list[str]:
        """A line for each loss, with the name of its setting when there were several."""
        return [self._of_setting(loss) for loss in self.losses]

    def _of_setting(self, loss: Loss) -> str:
        setting = self.settings.get(loss.cluster)
        return f"{setting}: {loss}" if setting else str(loss)


def unseen(judged: Sequence[User], history: Iterable[Operation], since: float) -> list[User]:
    """Those who were not lost, though nothing that was asked since then was answered as theirs.

    Nobody is kept who was not asked. Who has logged out, and not in anew, has nothing to lose.
    """
    seen, out = set(), set()
    for op in history:
        one = op.cluster, op.client, op.tab
        if op.conversation == "logout" and is_success(op):
            out.add(one)
        elif op.enters and is_success(op):
            out.discard(one)
        if vouches(op) and op.invoked >= since and not op.direct:
            seen.add(one)
    fine = seen | out
    return [
        user
        for user in judged
        if user.fate not in LOSSES and (user.cluster, user.client, user.tab) not in fine
    ]
