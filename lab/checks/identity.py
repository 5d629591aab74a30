"""Identity: nobody is taken for somebody else, and nobody is shown what is somebody else's.

Every answer counts, however it was asked for: there is no excuse for somebody else's data. An item
is somebody else's when its name says so (see `schema`), or when its user never asked for it and
another one did.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sessionlab.lab.checks.columns import EXAMPLES, Columns, columns, total
from sessionlab.lab.checks.interface import Finding, Verdict
from sessionlab.lab.record.packed.schema import ITEM_WORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sessionlab.lab.checks.columns import Mask, Numbers
    from sessionlab.lab.checks.interface import About
    from sessionlab.lab.record.packed.shard import Shard


class Odd(NamedTuple):
    """An item that a user was shown, so many times, and has never asked for."""

    user: str
    item: str
    times: int
    line: str

    @property
    def owner(self) -> str:
        """Whose it is by its name."""
        return self.item.rpartition(".")[0]


class Mixed(NamedTuple):
    """One shard's: `named` answers say for whom they are, `listed` show items.

    `lines` are what was wrong with an answer, by its user. `odd` are items that their reader never
    asked for and whose owner this shard does not know; the users that it knows, and what they put
    in otherwise, are for the other shards.
    """

    named: int
    listed: int
    taken: int
    others: int
    strangers: frozenset[str]
    lines: tuple[str, ...]
    odd: tuple[Odd, ...]
    users: frozenset[str]
    texts: frozenset[str]


class Identity:
    """Somebody else's data, in a name or in a cart."""

    name = "identity"
    summary = "nobody is taken for somebody else, or shown what is somebody else's"
    figures: Mapping[str, str] = MappingProxyType(
        {
            "taken_for_another": "answers to one user that name another",
            "others_items": "items of another user that an answer showed",
            "strangers": "users who got such an answer",
        }
    )

    def look(self, shard: Shard, about: About) -> Mixed:
        of = columns(shard, about)
        found = of["found"]
        taken = np.flatnonzero((found > 0) & (found != of.user))
        shows = np.flatnonzero(of.items > 0)
        place, owner, item = of.shown(shows)
        row = shows[place]
        other = (owner > 0) & (owner != of.user[row])
        odd = np.flatnonzero(owner == 0)
        hit = np.concatenate((taken, row[other]))
        written = np.unique(of["item"][of["item"] >= ITEM_WORD]).astype(np.int64)
        odd = odd[~_own(of, row[odd], item[odd])]
        names = of.texts("user", of["found"][taken[:EXAMPLES]])
        return Mixed(
            int((found > 0).sum()),
            int((of.items >= 0).sum()),
            len(taken),
            int(other.sum()),
            frozenset(of.texts("user", np.unique(of.user[hit]))),
            (
                *(
                    _said(of, n, "was taken for", name)
                    for n, name in zip(taken, names, strict=False)
                ),
                *_lines(of, row[other][:EXAMPLES], owner[other], item[other]),
            ),
            tuple(_odd(of, row[odd], item[odd])),
            frozenset(of.texts("user", np.unique(of.user))),
            frozenset(of.shard.words.item(0, int(number)) for number in written),
        )

    def judge(self, parts: Sequence[Mixed], _about: About) -> Finding:
        named, listed = total(parts, "named"), total(parts, "listed")
        taken, others = total(parts, "taken"), total(parts, "others")
        users = frozenset[str]().union(*(part.users for part in parts))
        texts = frozenset[str]().union(*(part.texts for part in parts))
        odd = [
            one
            for part in parts
            for one in part.odd
            if one.item in texts or (one.owner != one.user and one.owner in users)
        ]
        strangers = {one.user for one in odd}.union(*(part.strangers for part in parts))
        others += sum(one.times for one in odd)
        count = len(strangers)
        figures = {"taken_for_another": taken, "others_items": others, "strangers": count}
        if strangers:
            said = f"{count} users: {taken} answers named another, {others} items were another's"
            evidence = [
                *(line for part in parts for line in part.lines),
                *(one.line for one in odd),
            ]
            return Finding(self.name, Verdict.BROKEN, said, figures, evidence[:EXAMPLES])
        if not named and not listed:
            said = "no answer said for whom it was"
            return Finding(self.name, Verdict.UNKNOWN, said, dict.fromkeys(figures))
        said = f"{named} answers named their own user, and {listed} showed no other's items"
        return Finding(self.name, Verdict.HOLDS, said, figures)


IDENTITY = Identity()


def _own(of: Columns, row: Numbers, item: Numbers) -> Mask:
    """Whether the user of each row has ever asked for that item."""
    writes = np.flatnonzero(of["item"] > 0)
    return np.isin(_pairs(of.user[row], item), _pairs(of.user[writes], of["item"][writes]))


def _pairs(user: Numbers, item: Numbers) -> Numbers:
    return (user.astype(np.int64) << 32) | item.astype(np.int64)


def _odd(of: Columns, row: Numbers, item: Numbers) -> Iterator[Odd]:
    _, first, times = np.unique(_pairs(of.user[row], item), return_index=True, return_counts=True)
    for number, count in zip(first, times, strict=True):
        text = of.shard.words.item(0, int(item[number]))
        line = _said(of, row[number], "was shown", text)
        yield Odd(of.name(row[number]), text, int(count), line)


def _lines(of: Columns, rows: Numbers, owners: Numbers, items: Numbers) -> Iterator[str]:
    for row, owner, item in zip(rows, owners, items, strict=False):
        yield _said(of, row, "was shown", of.shard.words.item(int(owner), int(item)))


def _said(of: Columns, row: Any, what: str, whose: str) -> str:
    return f"{of.said(row)}: {what} {whose}"
