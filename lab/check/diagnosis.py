"""Where an app keeps its sessions, as far as its users' fates tell: a pure function of the cells.

No affinity and everybody in: every copy knows every session, so a store has them, or the client. A
store, where the sessions go with Redis, where a logout at one copy is known to all, or where a
second client with the same credential sees what the first has written. The client, where none of
that is so and the credential is data that anybody can read, or the written is nowhere else.

Users that are lost without affinity and kept with one are known to one copy only: to its memory,
where its restart loses them, unless the credential shows that only the key is the copy's own. Users
whom even the copy that knew them logs out are known to one of its processes. Anything else is
unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.check.cells import lost_at_home, replays
from sessionlab.lab.record.history import Ending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.check.results import Cell, Control, Counts
    from sessionlab.lab.record.history import Operation

NONE = "none"
CALM = ("ask", "data", "two-tabs", "first-visit")
"""What happens to users any day, with nothing broken and nothing deployed."""
QUIET = (*CALM, "grow", "drain")
"""What ends no copy."""


@dataclass(frozen=True, slots=True)
class Table:
    """The cells that have shown something."""

    cells: Sequence[Cell]

    def cell(self, affinity: str, ordeal: str) -> Cell | None:
        found = (c for c in self.cells if c.shown and (c.affinity, c.ordeal) == (affinity, ordeal))
        return next(found, None)

    def counts(self, affinity: str, ordeal: str) -> Counts | None:
        cell = self.cell(affinity, ordeal)
        return cell.counts if cell else None

    def all_in(self, affinity: str, ordeal: str) -> bool | None:
        """Whether nobody was lost there; None where that is not known."""
        counts = self.counts(affinity, ordeal)
        if counts is None:
            return None
        return False if counts.lost else True if counts.everybody_in else None

    @property
    def affinities(self) -> list[str]:
        return list(dict.fromkeys(cell.affinity for cell in self.cells if cell.shown))


def works_with(table: Table) -> list[str]:
    """The affinities that keep everybody in while nothing is broken."""
    found = []
    for affinity in table.affinities:
        said = [one for ordeal in CALM if (one := table.all_in(affinity, ordeal)) is not None]
        known = [table.counts(affinity, ordeal) for ordeal in CALM]
        if said and all(said) and all(one.everybody_in for one in known if one):
            found.append(affinity)
    return found


def lives_in(control: Control, table: Table) -> str:
    """`process`, `copy`, `shared-store`, `client` or `unknown`."""
    quiet = [c for c in table.cells if c.shown and c.affinity != NONE and c.ordeal in QUIET]
    if lost_at_home([user for cell in quiet for user in cell.judged.judged])[0]:
        return "process"
    sticky = next((a for a in table.affinities if a != NONE and table.all_in(a, "ask")), None)
    if outside := _outlives_copies(table):
        return _everywhere(control, table, outside)
    if sticky:
        return _at_one_copy(control, table, sticky)
    asked = [cell for a in table.affinities if (cell := table.cell(a, "ask"))]
    home, elsewhere = lost_at_home([user for cell in asked for user in cell.judged.judged])
    return "copy" if elsewhere and not home and not control.carries_data else "unknown"


def _outlives_copies(table: Table) -> str | None:
    """An affinity under which every copy was seen to know everybody.

    Where none was not tried, that is one under which a deploy has replaced all copies.
    """
    if table.counts(NONE, "ask"):
        return NONE if table.all_in(NONE, "ask") else None
    return next((a for a in table.affinities if table.all_in(a, "deploy")), None)


def _everywhere(control: Control, table: Table, affinity: str) -> str:
    accepted, refused = replayed(table.cell(affinity, "logout"))
    seen, unseen = written_seen(table.cell(affinity, "data"))
    if needs_store(table, affinity) or (refused and not accepted):
        return "shared-store"
    if unseen and not seen:
        return "client"
    if control.carries_data and not refused:
        return "client"
    return "shared-store" if seen or refused else "unknown"


def _at_one_copy(control: Control, table: Table, sticky: str) -> str:
    if needs_store(table, sticky):
        return "shared-store"
    accepted, refused = replayed(table.cell(sticky, "logout"))
    seen, unseen = written_seen(table.cell(sticky, "data"))
    ended = refused and not accepted  # at the copy that knew it, too: that keeps something
    if (control.carries_data and not ended) or (unseen and not seen):
        return "client"
    survives = table.all_in(sticky, "restart")
    alone = survives is False or (survives is None and table.all_in(NONE, "ask") is False)
    return "copy" if alone and not accepted else "unknown"


def needs_store(table: Table, affinity: str) -> bool:
    """Whether users were unknown once the shared store had come back, empty.

    Errors while it was away say less: an app may need it for something else.
    """
    counts = table.counts(affinity, "store-blip")
    return counts is not None and counts.logged_out > 0


def replayed(cell: Cell | None) -> tuple[int, int]:
    """How often a copy took a credential that was logged out, and how often it did not."""
    asked = replays(cell.history) if cell else []
    taken = sum(op.recognised for op in asked)
    return taken, len(asked) - taken


def written_seen(cell: Cell | None) -> tuple[int, int]:
    """How often a twin with the same credential saw at a copy what was written, and how often not.

    The twin asks past the balancer, before anything new is written. That it sees nothing says
    something only where the user itself has seen it: an app may keep nothing at all.
    """
    operations = list(cell.history) if cell else []
    reads = [op for op in operations if op.items is not None]
    found = {read: bool(_acknowledged(operations, read) & set(read.items or ())) for read in reads}
    own = {read.client for read, sees in found.items() if sees and not read.direct}
    twins = [sees for read, sees in found.items() if read.direct and (sees or read.client in own)]
    return sum(twins), len(twins) - sum(twins)


def _acknowledged(operations: Sequence[Operation], read: Operation) -> set[str | None]:
    """What its client had written by then, as the app has said."""
    return {
        op.item
        for op in operations
        if op.item
        and op.client == read.client
        and op.outcome is Ending.OK
        and op.completed <= read.invoked
    }
