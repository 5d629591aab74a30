"""What of an answer's head is repaired, where the RFC lets a gateway do so.

What is passed on is the repaired head, which every recipient reads in one way. Requests are never
repaired, and neither is what only a guess could: NUL, a bare CR, two lengths that differ.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_CONTROLS = bytes([*range(1, 9), 11, 12, *range(14, 32), 127])
_TO_SPACES = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))


def end_of(data: bytes) -> int:
    """Where a head ends if a bare LF ends a line too (RFC 9112 section 2.2); 0: not yet."""
    match = _EMPTY_LINE.search(data)
    return match.end() if match else 0


def line_ends(head: bytes) -> bytes:
    """The head with CRLF behind each line."""
    return head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def fields(texts: list[bytes], is_plain: Callable[[bytes], bool]) -> list[bytes]:
    """Header lines unfolded (RFC 9112 section 5.2), without a space before the colon (5.1).

    Control characters are made spaces (RFC 9110 section 5.5) in fields that are `is_plain`, by
    their lower-case names: of those that mean something to us the value must be good as it is.
    """
    made: list[bytes] = []
    for text in texts:
        if text[:1] in {b" ", b"\t"} and made:
            made[-1] += b" " + text.strip(b" \t")
            continue
        name, colon, value = text.partition(b":")
        name = name.rstrip(b" \t")
        if is_plain(name.lower()):
            value = value.translate(_TO_SPACES)
        made.append(name + colon + value)
    return made
