"""What a client may and must find in its cart, given what it was told of its own changes.

As in Jepsen's set checks: an addition that was acknowledged must be there; one whose outcome the
client does not know may be there or not; one that nobody of this name ever asked for must not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.classify import is_refused, is_success

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessionlab.lab.record.history import Operation


class Cart:
    """The additions to one session's cart, and those of everybody who goes by that user's name."""

    def __init__(self, session: Iterable[Operation], everybody: Iterable[Operation]) -> None:
        acknowledged = (op for op in session if op.item is not None and is_success(op))
        self._acknowledged = sorted(acknowledged, key=attrgetter("completed"))
        self._completed = [op.completed for op in self._acknowledged]
        self._tried: dict[str, list[float]] = {}  # when each item was asked for
        for op in sorted(everybody, key=attrgetter("invoked")):
            if op.item is not None and not is_refused(op):
                self._tried.setdefault(op.item, []).append(op.invoked)

    def fault(self, read: Operation, login: Operation) -> str:
        """What is wrong with the cart that an answer shows, "" when nothing is.

        `login` began the session: what was put into an earlier one need not be in this one. Of
        two operations that overlap in time, the reader may or may not have seen the other.
        """
        if read.items is None or not is_success(read):
            return ""
        shown, must = Counter(read.items), self._must(read, login)
        missing = sorted(item for item, count in must.items() if count > shown[item])
        foreign = sorted(item for item, count in shown.items() if count > self._may(item, read))
        said = [f"{', '.join(missing)} missing"] if missing else []
        said += [f"{', '.join(foreign)} not its own"] if foreign else []
        return "; ".join(said)

    def _must(self, read: Operation, login: Operation) -> Counter[str]:
        begin = bisect_left(self._completed, login.completed)
        end = bisect_right(self._completed, read.invoked)
        before = (op for op in self._acknowledged[begin:end] if login.completed <= op.invoked)
        must = Counter(op.item or "" for op in before if op is not read)
        if read.item is not None:
            must[read.item] += 1
        return must

    def _may(self, item: str, read: Operation) -> int:
        return bisect_right(self._tried.get(item, ()), read.completed)
