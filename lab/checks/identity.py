"""Identity: nobody is taken for somebody else, and nobody is shown what is somebody else's.

Every answer counts, however it was asked for: there is no excuse for somebody else's data. An item
is somebody else's when its name says so (see `schema`), or when its user never asked for it and
another one did.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sessionlab.lab.checks.columns import EXAMPLES, Columns, columns, total
from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.record.packed.schema import ITEM_WORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessionlab.lab.checks.columns import Mask, Numbers
    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.packed.shard import Shard


class Mixed(NamedTuple):
    """One shard's: `named` answers say for whom they are, `listed` show items."""

    named: int
    listed: int
    taken: int
    others: int
    users: int
    evidence: tuple[str, ...]


class Identity:
    """Somebody else's data, in a name or in a cart."""

    name = "identity"
    summary = "nobody is taken for somebody else, or shown what is somebody else's"
    figures: Mapping[str, str] = MappingProxyType(
        {
            "taken_for_another": "answers to one user that name another",
            "others_items": "answers that show what another user put in",
            "strangers": "users who got such an answer",
        }
    )

    def look(self, shard: Shard, _about: About) -> Mixed:
        of = columns(shard)
        found = of["found"]
        taken = np.flatnonzero((found > 0) & (found != of.user))
        others, items = _others(of)
        hit = np.union1d(taken, others)
        return Mixed(
            int((found > 0).sum()),
            int((of.items >= 0).sum()),
            len(taken),
            len(others),
            len(np.unique(of.group[hit])),
            (*_names(of, taken[:EXAMPLES]), *_items(of, others[:EXAMPLES], items)),
        )

    def judge(self, parts: Sequence[Mixed], _about: About) -> Finding:
        named, listed, users = (total(parts, one) for one in ("named", "listed", "users"))
        taken, others = total(parts, "taken"), total(parts, "others")
        figures = {"taken_for_another": taken, "others_items": others, "strangers": users}
        if users:
            said = f"{users} users: {taken} answers named another user, {others} showed its items"
            evidence = [line for part in parts for line in part.evidence][:EXAMPLES]
            return Finding(self.name, Verdict.BROKEN, said, figures, evidence)
        if not named and not listed:
            said = "no answer said for whom it was"
            return Finding(self.name, Verdict.UNKNOWN, said, dict.fromkeys(figures))
        said = f"{named} answers named their own user, and {listed} showed no other's items"
        return Finding(self.name, Verdict.HOLDS, said, figures)


IDENTITY = Identity()


def _others(of: Columns) -> tuple[Numbers, Numbers]:
    """The rows that show another user's item, and each item that one of them shows so."""
    rows = np.flatnonzero(of.items > 0)
    row = np.repeat(rows, of.items[rows])
    skip = of["seen"][rows].astype(np.int64) - np.cumsum(of.items[rows]) + of.items[rows]
    where = np.arange(len(row)) + np.repeat(skip, of.items[rows])
    owner = of.shard.seen["owner"][where]
    wrong = (owner > 0) & (owner != of.user[row])
    texts = np.flatnonzero(owner == 0)
    if len(texts):
        wrong[texts] = _written_by_others(of, of.shard.seen["item"][where[texts]], row[texts])
    return np.unique(row[wrong]), where[wrong]


def _written_by_others(of: Columns, item: Numbers, row: Numbers) -> Mask:
    """Whether each item was asked for in this shard, but never by the user of its row."""
    writes = np.flatnonzero(of["item"] >= ITEM_WORD)
    written = of["item"][writes].astype(np.int64)
    own = np.isin(_pairs(of.user[row], item), _pairs(of.user[writes], written))
    return np.isin(item, written) & ~own


def _pairs(user: Numbers, item: Numbers) -> Numbers:
    return (user.astype(np.int64) << 32) | item.astype(np.int64)


def _names(of: Columns, rows: Numbers) -> Iterator[str]:
    for row, found in zip(rows, of.texts("user", of["found"][rows]), strict=True):
        yield f"{of.said(row)}: was taken for {found}"


def _items(of: Columns, rows: Numbers, wrong: Numbers) -> Iterator[str]:
    for row in rows:
        first = int(of["seen"][row])
        own = wrong[(wrong >= first) & (wrong < first + of.items[row])]
        shown = (of.shard.seen[number] for number in own)
        said = (of.shard.words.item(int(one["owner"]), int(one["item"])) for one in shown)
        yield f"{of.said(row)}: was shown {', '.join(said)}"
