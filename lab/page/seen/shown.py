"""A request as it was read in the logs becomes the event that the page shows."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec import structs

from sessionlab.lab.page.model.visitors import Request
from sessionlab.lab.record.history import Ending, ending_of
from sessionlab.lab.verdicts.pins import in_words

TABLE_LOST = "table-lost"
_NO_ANSWER = {
    "ClientConnectorError": "nothing takes connections there",
    "ServerDisconnectedError": "the connection was closed before an answer came",
    "ClientOSError": "the connection broke before an answer came",
    "ClientPayloadError": "the connection broke before all of the answer came",
}
"""By aiohttp's names."""

if TYPE_CHECKING:
    from sessionlab.lab.bench.requests import Request as Read
    from sessionlab.lab.page.seen.sendings import Sendings


def shown(read: Read, at: float, cluster: str, sendings: Sendings) -> Request:
    """`at` is in seconds since the run began, `cluster` its id on the page."""
    sending = sendings.of(read.id)
    hops = structs.replace(read.hops, client=sending.seconds)
    is_own = bool(sending.tab) and not sending.is_forged
    return Request(
        **structs.asdict(read) | {"at": round(at, 3), "hops": hops},
        cluster=cluster,
        tab=sending.tab,
        pin_says=pin_says(read.pin, read.moved, is_own=is_own),
        how=how(read),
    )


def pin_says(pin: str, moved: str, *, is_own: bool) -> str:
    """What the letters mean, "" without any.

    A balancer can't tell a value that it has lost from one that somebody has made up: only of what
    a tab was given by it, is it known which.
    """
    if moved == TABLE_LOST and not is_own:
        return (
            f"the balancer did not know the pin: it has lost it, or never had it ({pin}, {moved})"
        )
    return in_words(pin, moved) if pin else ""


def no_answer(error: str, seconds: float) -> str:
    """Why none came, of a client's error; it would have waited so many `seconds`."""
    kind = error.partition(":")[0]
    if kind == TimeoutError.__name__:
        return f"nothing came within {seconds:g} s"
    return _NO_ANSWER.get(kind, error or "nobody knows why")


def how(read: Read) -> str:
    """ok, refused (for nobody, or a 4xx), failed; unknown where it may have been carried out."""
    status = None if read.cut else read.status
    ending = ending_of(read.method, status, sent=True)
    if ending is Ending.UNKNOWN:
        return "unknown"
    if read.cut or read.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "failed"
    return "refused" if ending is Ending.FAILED or read.reason else "ok"
