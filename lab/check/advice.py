"""What a check means for whoever runs the app, in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.check.diagnosis import CALM, NONE, Table, lives_in, replayed, works_with
from sessionlab.lab.check.results import Counts, Diagnosis
from sessionlab.lab.verdicts.headline import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sessionlab.lab.check.results import Cell, Control

WHERE = {
    "process": "This app's sessions live in each process, or with a connection: even the copy that"
    " knows a user logs it out, by another of its workers or on a new connection",
    "copy": "This app's sessions live in each copy, and are gone with it",
    "shared-store": "This app's sessions live in a store that all copies share",
    "client": "This app's sessions live with the client: the credential itself says who it is",
    "unknown": "Where this app's sessions live could not be told from what was seen",
}
"""`sessions_live_in` as a sentence, without its full stop."""
_WHEN = {
    "deploy": "In a rolling deploy",
    "kill": "When a copy is killed",
    "restart": "When a copy is restarted",
    "drain": "When a copy is drained",
    "grow": "When a copy is added",
    "balancer-restart": "When the balancer is restarted",
    "store-blip": "When Redis goes away and comes back empty",
}
_ONE_KEY = ": one secret for all copies does, if those that come later have it too"
_REPAIR = {
    "deploy": ": let sessions end before an old copy leaves, or keep them outside the copies",
    "kill": ": only sessions that are kept outside the copies survive one",
    "restart": ": only sessions that are kept outside the copies survive one",
    "store-blip": ": let Redis keep its data, or have a second one",
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
    yield from _setting(table, works)
    yield from _secret(table, where)
    if where == "process" or (control.workers > 1 and where != "shared-store" and not works):
        yield (
            "No balancer can tie a user to a process: give each copy one worker, or put the"
            " sessions where all workers find them."
        )
    signed = where == "client" and table.all_in(NONE, "ask") is False
    for ordeal, when in _WHEN.items():
        repair = _ONE_KEY if signed else _REPAIR.get(ordeal, "")
        yield from _broken(table, works, ordeal, when, repair)
    yield from _data(table)
    yield from _logouts(table, works)


def _setting(table: Table, works: list[str]) -> Iterator[str]:
    tried = ", ".join(table.affinities)
    if NONE in works:
        yield "No affinity is needed: every copy knows every user."
    elif works:
        others = f" (tried: {tried})" if len(table.affinities) > len(works) else ""
        yield f"Affinity {' or '.join(works)} keeps everybody in while nothing breaks{others}."
    elif any(table.all_in(a, o) is not None for a in table.affinities for o in CALM):
        yield f"No affinity that was tried keeps everybody in: {tried}."


def _secret(table: Table, where: str) -> Iterator[str]:
    if where in ("client", "shared-store") and table.all_in(NONE, "ask") is False:
        yield (
            "Each copy refuses what another has signed: give all the same secret, and no affinity"
            " is needed."
        )


def _broken(table: Table, works: list[str], ordeal: str, when: str, repair: str) -> Iterator[str]:
    """What that costs under the affinities that keep everybody in on other days."""
    found = {a: counts for a in works if (counts := table.counts(a, ordeal))}
    lost = {affinity: counts for affinity, counts in found.items() if counts.lost}
    safe = [affinity for affinity, counts in found.items() if counts.everybody_in]
    alike: dict[str, list[str]] = {}
    for affinity, counts in lost.items():
        alike.setdefault(_lost(counts), []).append(affinity)
    for said, affinities in alike.items():
        yield f"{when} {said} under affinity {' or '.join(affinities)}."
    if lost and safe:
        yield f"{when} nobody is lost under affinity {' or '.join(safe)}."
    elif lost:
        yield f"No affinity that was tried repairs that{repair}."
    elif safe and ordeal == "deploy":
        yield f"{when} nobody is lost{_errors(found.values())}."


def _errors(found: Iterable[Counts]) -> str:
    most = max(counts.interrupted for counts in found)
    return f", though {number(most, 'user')} got errors meanwhile" if most else ""


def _data(table: Table) -> Iterator[str]:
    known = [a for a in table.affinities if table.all_in(a, "ask") is not False]
    found = {a: counts.wrong_data for a in known if (counts := table.counts(a, "data"))}
    if bad := [affinity for affinity, wrong in found.items() if wrong]:
        yield (
            f"Under affinity {' or '.join(bad)} users did not find what they had been told was"
            " written: copies keep old versions of a session, or lose it."
        )


def _logouts(table: Table, works: list[str]) -> Iterator[str]:
    said = {a: replayed(table.cell(a, "logout")) for a in works or table.affinities}
    if accepted := [affinity for affinity, (taken, _) in said.items() if taken]:
        some = any(refused for _, refused in said.values())
        yield (
            f"After a logout {'some copies' if some else 'all copies'} still accept the old"
            f" credential (affinity {', '.join(accepted)}): whoever has copied it stays in until it"
            " expires."
        )


def _lost(counts: Counts) -> str:
    """`3 of 7 users are logged out and 1 is stuck`."""
    how = {
        "logged out": counts.logged_out,
        "stuck": counts.stuck,
        "given wrong data": counts.wrong_data,
    }
    said = [(count, words) for words, count in how.items() if count]
    of = f" of {number(counts.users, 'user')}"
    return " and ".join(
        f"{count}{of if place == 0 else ''} {'is' if count == 1 else 'are'} {words}"
        for place, (count, words) in enumerate(said)
    )
