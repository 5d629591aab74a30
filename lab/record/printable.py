"""Text of somebody else's that is shown on a terminal: it is to move no cursor there."""

from __future__ import annotations

import re

_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")


def printable(text: str) -> str:
    """Without escape sequences (ECMA-48) and control characters; lines stay lines."""
    rest = _SEQUENCES.sub("", text)
    return "".join(one for one in rest if one.isprintable() or one in "\n\t")
