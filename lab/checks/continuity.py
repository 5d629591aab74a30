"""Continuity: who stayed logged in, who did not, and what brought that about."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.checks.interface import About, Finding, Part
    from sessionlab.lab.record.packed.shard import Shard


class Continuity:
    """The verdicts of `sessionlab.lab.verdicts` on every user of a stored history."""

    name = "continuity"
    summary = "every user stays logged in, with its own data, until it logs out"
    figures: Mapping[str, str] = MappingProxyType(
        {
            "lost": "users who were logged out, stuck, or given wrong data",
        }
    )

    def look(self, shard: Shard, about: About) -> Part:
        raise NotImplementedError

    def judge(self, parts: Sequence[Part], about: About) -> Finding:
        raise NotImplementedError


CONTINUITY = Continuity()
