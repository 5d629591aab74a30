"""The requests that a cluster gets, from whoever sends them: read in the logs of who answered.

A node's access log says who asked and why not; the balancer's, what it answered itself. Nobody else
knows either. What a client has typed is in there as it was typed: see `lines.safe`.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sessionlab.lab.cluster.inventory import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.cluster.inventory import Inventory

PROBES = ("/readyz", "/healthz", "/metrics")
MOST_CREDENTIALS = 10_000
MOST_BYTES = 1_000_000  # of a log, in one look; one of which more was read is emptied
UNFIT = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
PHRASES = {status.value: status.phrase.lower() for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Request:
    """One request and its answer. `at` is in seconds since 1970, `seconds` is what it took.

    `user` is empty where nobody knows; `node` where the balancer itself answered. `cut` says who
    ended it without an answer: client, backend or balancer. `credential` is a mark of what was
    presented, and tells nothing but whether it was the same. `does` is what a form of the page at
    `/` is for. A good status with a `reason` was for nobody.
    """

    at: float
    user: str
    method: str
    path: str
    node: str
    status: int
    reason: str
    seconds: float
    credential: str = ""
    cut: str = ""
    does: str = ""

    @property
    def is_good(self) -> bool:
        return not self.cut and self.status < HTTPStatus.BAD_REQUEST


class Requests:
    """Follows the logs of every part of a cluster, those of nodes that have left included."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._kinds: dict[str, Kind] = {}
        self._read: dict[str, int] = {}
        self._users: dict[str, str] = {}

    def new(self) -> list[Request]:
        """What came since the last time, in the order of the answers; a row that fits none is left.

        A node that has left is read to its end, and then forgotten.
        """
        there = {part.name: part.kind for part in self._inventory.parts()}
        over = {name for name in self._kinds.keys() - there if self._inventory.has_ended(name)}
        self._kinds |= there
        rows = [row for name in self._kinds for row in self._rows(name)]
        found = []
        for at, name, row in sorted(rows, key=lambda one: one[:2]):
            with contextlib.suppress(*UNFIT):
                is_node = self._kinds[name] is Kind.NODE
                found.append(self._of_node(row, at, name) if is_node else self._of_front(row, at))
        for name in over - {name for _, name, _ in rows}:
            del self._kinds[name]
            self._read.pop(name, None)
        return [request for request in found if request and _fits(request)]

    def _rows(self, name: str) -> Iterator[tuple[float, str, dict[str, Any]]]:
        """The whole lines of JSON that a part has added, each with its time."""
        kind = self._kinds[name]
        for line in self._lines(name) if kind is not Kind.REDIS else ():
            with contextlib.suppress(*UNFIT):  # something else that begins like that
                row = json.loads(line) if line.startswith(b'{"') else {}
                if "status" in row and "method" in row:
                    yield float(row["at" if kind is Kind.NODE else "time"]), name, row

    def _lines(self, name: str) -> list[bytes]:
        """What it has added; a half line is for the next time, unless it is longer than a look."""
        since = self._read.get(name, 0)
        added = self._inventory.printed(name, since, MOST_BYTES)
        end = added.rfind(b"\n") + 1 or (len(added) if len(added) == MOST_BYTES else 0)
        since += end
        if since >= MOST_BYTES and self._inventory.empty(name, since):
            since = 0
        self._read[name] = since
        return added[:end].splitlines()

    def _of_front(self, row: dict[str, Any], at: float) -> Request | None:
        return _of_balancer(row, at, whole=self._inventory.is_of_an_app)

    def _of_node(self, row: dict[str, Any], at: float, node: str) -> Request | None:
        if row["path"] in PROBES and not row["forwarded"]:
            return None  # the balancer's check, or the lab's own
        status, credential = row["status"], row["credential"] or ""
        user = row["user"] or self._users.get(credential, "")
        if row["user"] and status < HTTPStatus.BAD_REQUEST:
            self._users |= {mark: user for mark in (credential, row["granted"]) if mark}
        while len(self._users) > MOST_CREDENTIALS:
            del self._users[next(iter(self._users))]
        said = (status, row["reason"] or "", row["seconds"], credential)
        does = row.get("does") or ""
        return Request(at, user, row["method"], row["path"], node, *said, does=does)


def _of_balancer(row: dict[str, Any], at: float, *, whole: bool = False) -> Request | None:
    """An answer of its own, or a request that ended without any; the rest is in a node's log.

    With `whole` that is told here too: nodes that are copies of some app may log anything.
    """
    cut, status = row.get("cut") or "", int(row["status"])
    if row["backend"] and not cut:
        if not whole:
            return None
        path = row["target"].partition("?")[0]
        return Request(at, "", row["method"], path, row["backend"], status, "", row["seconds"])
    reason = f"no answer: cut by the {cut}" if cut else PHRASES.get(status, "no proper answer")
    path = row["target"].partition("?")[0]  # the rest may hold a secret
    said = (status, row.get("detail") or reason, row["seconds"], "", cut)
    return Request(at, "", row["method"], path, row["backend"], *said)


def _fits(request: Request) -> bool:
    """Whether it can be shown: its row may be of a program of the user's own."""
    texts = (request.user, request.method, request.path, request.node, request.reason, request.cut)
    return isinstance(request.status, int) and all(isinstance(text, str) for text in texts)
