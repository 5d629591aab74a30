"""Request ids for those who sent none: unique in the world, in order within a process."""

from __future__ import annotations

from itertools import chain, count
from secrets import token_hex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAST_DIGITS = [b"%03x" % number for number in range(16**3)]


def request_ids() -> Iterator[bytes]:
    """Ids without end, each 28 hexadecimal digits: of this iterator, then counted.

    Made where they are used, after any fork: two processes must not count on from one beginning.
    An id costs one concatenation, a third of formatting a number.
    """
    return chain.from_iterable(_thousands())


def _thousands() -> Iterator[Iterator[bytes]]:
    begin = token_hex(8).encode()
    for number in count():
        yield map((b"%b%09x" % (begin, number)).__add__, _LAST_DIGITS)
