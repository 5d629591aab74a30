"""What a client may and must find in its cart, given what it was told of its own changes.

As in Jepsen's set checks: an addition that was acknowledged must be there; one whose outcome the
client does not know may be there or not; one that nobody of this name ever asked for must not.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sessionlab.lab.verdicts.classify import is_refused, is_success

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessionlab.lab.record.history import Operation


class Cart:
    """The additions to one session's cart, and those of everybody who goes by that user's name."""

    def __init__(self, session: Iterable[Operation], everybody: Iterable[Operation]) -> None:
        self._acknowledged = [op for op in session if op.item is not None and is_success(op)]
        self._tried = [op for op in everybody if op.item is not None and not is_refused(op)]

    def fault(self, read: Operation, login: Operation) -> str:
        """What is wrong with the cart that an answer shows, "" when nothing is.

        `login` began the session: what was put into an earlier one need not be in this one. Of
        two operations that overlap in time, the reader may or may not have seen the other.
        """
        if read.items is None or not is_success(read):
            return ""
        shown = Counter(read.items)
        must = Counter(
            op.item or ""
            for op in self._acknowledged
            if op is read or (login.completed <= op.invoked and op.completed <= read.invoked)
        )
        may = Counter(op.item or "" for op in self._tried if op.invoked <= read.completed)
        missing = sorted(must - shown)
        foreign = sorted(shown - may)
        said = [f"{', '.join(missing)} missing"] if missing else []
        said += [f"{', '.join(foreign)} not its own"] if foreign else []
        return "; ".join(said)
