"""What a client may and must find in its cart, given what it was told of its own changes.

As in Jepsen's set checks: an addition that was acknowledged must be there; one whose outcome the
client does not know may be there or not; one that nobody of this name ever asked for must not.

An app may keep the last one only, as a `PUT` does. That it adds shows where anybody was ever shown
two of their own; where nobody was, an earlier addition that is missing may have been replaced, and
nothing is said of it. The last one must be there, whatever the app does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING

from sessionlab.lab.record.history import Ending
from sessionlab.lab.verdicts.classify import is_refused, is_success

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sessionlab.lab.record.history import Operation


REPLACED = (
    "none ever showed two items, so writes may replace each other, and of those before the last"
    " nothing is known"
)


def unknown_writes(history: Iterable[Operation]) -> list[str]:
    """That nothing is known of earlier writes, where it is so and somebody has looked for them."""
    operations = list(history)
    wrote: dict[tuple[str, str], set[str]] = {}
    looked = False
    for op in operations:
        own = wrote.setdefault((op.cluster, op.client), set())
        if op.enters:
            own.clear()
        if op.item is not None and is_success(op):
            own.add(op.item)
        looked |= op.items is not None and len(own) > 1
    return [f"Of all reads {REPLACED}."] if looked and not shows_several(operations) else []


def shows_several(history: Iterable[Operation]) -> bool:
    """Whether anybody was ever shown two items of their own: what is written is added."""
    written, shown = set(), []
    for op in history:
        if op.item is not None:
            written.add((op.cluster, op.client, op.item))
        if op.items is not None and len(op.items) > 1:
            shown.append(op)
    return any(
        sum((op.cluster, op.client, item) in written for item in op.items or ()) > 1 for op in shown
    )


class Cart:
    """The additions to one session's cart, and those of everybody who goes by that user's name.

    `adds` says that one does not replace another.
    """

    def __init__(
        self, session: Iterable[Operation], everybody: Iterable[Operation], *, adds: bool = True
    ) -> None:
        self._adds = adds
        acknowledged = (op for op in session if op.item is not None and is_success(op))
        self._acknowledged = sorted(acknowledged, key=attrgetter("completed"))
        self._completed = [op.completed for op in self._acknowledged]
        self._tried: dict[str, list[float]] = {}  # when each item was asked for
        self._until: dict[str, float] = {}  # and by when that was done
        for op in sorted(everybody, key=attrgetter("invoked")):
            if op.item is not None and not is_refused(op):
                self._tried.setdefault(op.item, []).append(op.invoked)
                until = inf if op.outcome is Ending.UNKNOWN else op.completed
                self._until[op.item] = max(until, self._until.get(op.item, 0.0))

    def fault(self, read: Operation, login: Operation) -> str:
        """What is wrong with the cart that an answer shows, "" when nothing is.

        `login` began the session: what was put into an earlier one need not be in this one. Of
        two operations that overlap in time, the reader may or may not have seen the other.
        """
        if read.items is None or not is_success(read):
            return ""
        missing, shown = self.missing(read, login), Counter(read.items)
        foreign = sorted(item for item, count in shown.items() if count > self._may(item, read))
        said = [f"{', '.join(missing)} missing"] if missing else []
        said += [f"{', '.join(foreign)} not its own"] if foreign else []
        return "; ".join(said)

    def missing(self, read: Operation, login: Operation) -> list[str]:
        """What a successful read lacks, and no later addition can have replaced, in order."""
        wrote, shown = self._must(read, login), Counter(read.items or ())
        must = Counter(op.item or "" for op in wrote)
        missing = sorted(item for item, count in must.items() if count > shown[item])
        replaced = missing and not self._adds and self._may_be_the_last(shown, wrote)
        return [] if replaced else missing

    def _must(self, read: Operation, login: Operation) -> list[Operation]:
        begin = bisect_left(self._completed, login.completed)
        end = bisect_right(self._completed, read.invoked)
        before = (op for op in self._acknowledged[begin:end] if login.completed <= op.invoked)
        must = [op for op in before if op is not read]
        return must if read.item is None else [*must, read]

    def _may_be_the_last(self, shown: Iterable[str], wrote: Sequence[Operation]) -> bool:
        """Whether what is shown was not written for certain before another."""
        last = max(op.invoked for op in wrote)
        return any(self._until.get(item, 0.0) > last for item in shown)

    def _may(self, item: str, read: Operation) -> int:
        return bisect_right(self._tried.get(item, ()), read.completed)
