"""What a check means for whoever runs the app, in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.check.diagnosis import NONE, Table, lives_in, replayed, works_with
from sessionlab.lab.check.results import Counts, Diagnosis
from sessionlab.lab.verdicts.headline import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionlab.lab.check.results import Cell, Control

WHERE = {
    "process": "in each process: even the copy that knows a user logs it out by another of its"
    " workers",
    "copy": "in each copy, and are gone with it",
    "shared-store": "in a store that all copies share",
    "client": "with the client: the credential itself says who it is",
    "unknown": "where could not be told from what was seen",
}
"""`sessions_live_in`, as it ends the sentence "This app's sessions live …"."""
_BROKEN = {
    "kill": "When a copy is killed",
    "restart": "When a copy is restarted",
    "drain": "When a copy is drained",
    "grow": "When a copy is added",
    "balancer-restart": "When the balancer is restarted",
    "store-blip": "When Redis goes away and comes back empty",
}


def diagnose(control: Control, cells: Sequence[Cell]) -> Diagnosis:
    """What the cells say together."""
    table = Table(cells)
    works = works_with(table)
    where = lives_in(control, table)
    return Diagnosis(where, works, list(_advice(control, table, works, where)))


def _advice(control: Control, table: Table, works: list[str], where: str) -> Iterator[str]:
    if not any(cell.shown for cell in table.cells):
        return
    yield _setting(table, works)
    yield from _secret(table, where)
    if control.workers > 1 or where == "process":
        yield (
            "No balancer can tie a user to a process: give each copy one worker, or put the"
            " sessions where all workers find them."
        )
    best = works[0] if works else table.affinities[0]
    yield from _deploy(table, best)
    for ordeal, when in _BROKEN.items():
        counts = table.counts(best, ordeal)
        if counts and works and counts.lost:
            yield f"{when}, {_lost(counts)} under affinity {best}, and no affinity repairs that."
    yield from _data(table)
    yield from _logouts(table)


def _setting(table: Table, works: list[str]) -> str:
    tried = ", ".join(table.affinities)
    if NONE in works:
        return "No affinity is needed: every copy knows every user."
    if works:
        others = f" (tried: {tried})" if len(table.affinities) > len(works) else ""
        return f"Affinity {' or '.join(works)} keeps everybody in while nothing breaks{others}."
    return f"No affinity that was tried keeps everybody in: {tried}."


def _secret(table: Table, where: str) -> Iterator[str]:
    if where in ("client", "shared-store") and table.all_in(NONE, "ask") is False:
        yield (
            "Each copy refuses what another has signed: give all the same secret, and no affinity"
            " is needed."
        )


def _deploy(table: Table, best: str) -> Iterator[str]:
    counts = table.counts(best, "deploy")
    if counts is None:
        return
    if counts.everybody_in:
        interrupted = f"; {number(counts.interrupted, 'user')} got errors meanwhile"
        yield (
            f"A rolling deploy keeps everybody in under affinity {best}"
            f"{interrupted if counts.interrupted else ''}."
        )
    elif counts.lost:
        yield (
            f"A rolling deploy loses users ({_lost(counts)} under affinity {best}): keep the"
            " sessions outside the copies, or let them end before an old copy leaves."
        )


def _data(table: Table) -> Iterator[str]:
    for affinity in table.affinities:
        counts = table.counts(affinity, "data")
        if counts and counts.wrong_data:
            yield (
                f"Under affinity {affinity} {counts.wrong_data} of {number(counts.users, 'user')}"
                " did not find what they had been told was written: copies keep old versions of a"
                " session, or lose it."
            )


def _logouts(table: Table) -> Iterator[str]:
    for affinity in table.affinities:
        accepted, refused = replayed(table.cell(affinity, "logout"))
        if accepted:
            where = "everywhere" if not refused else "by some copies"
            yield (
                f"After a logout the old credential is still accepted {where} (affinity"
                f" {affinity}): whoever has copied it stays in until it expires."
            )


def _lost(counts: Counts) -> str:
    how = {
        "logged out": counts.logged_out,
        "stuck": counts.stuck,
        "given wrong data": counts.wrong_data,
    }
    said = " and ".join(f"{count} {words}" for words, count in how.items() if count)
    return f"{said} of {number(counts.users, 'user')}"
