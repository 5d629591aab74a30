"""The requests that a cluster gets, from whoever sends them: read in the logs of who answered.

A node's access log says who asked and why not; the balancer's, what it answered itself. Nobody else
knows either. What a client has typed is in there as it was typed: see `lines.safe`.
"""

from __future__ import annotations

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
        """What came since the last time, in the order of the answers."""
        self._kinds |= {part.name: part.kind for part in self._inventory.parts()}
        rows = [
            (float(row["at" if kind is Kind.NODE else "time"]), name, row)
            for name, kind in self._kinds.items()
            if kind is not Kind.REDIS
            for row in self._rows(name)
        ]
        found = []
        for at, name, row in sorted(rows, key=lambda one: one[0]):
            if self._kinds[name] is Kind.NODE:
                found.append(self._of_node(row, at, name))
            else:
                found.append(_of_balancer(row, at))
        return [request for request in found if request]

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        """The whole lines of JSON that a part has added; a half one is for the next time."""
        since = self._read.get(name, 0)
        lines, newline, _ = self._inventory.printed(name, since).rpartition(b"\n")
        self._read[name] = since + len(lines) + len(newline)
        for line in lines.splitlines():
            try:
                row = json.loads(line) if line.startswith(b'{"') else None
            except ValueError:
                continue  # something else that begins like that
            if row and "status" in row and "method" in row:
                yield row

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


def _of_balancer(row: dict[str, Any], at: float) -> Request | None:
    """An answer of its own, or a request that ended without any; the rest is in a node's log."""
    cut, status = row.get("cut") or "", int(row["status"])
    if row["backend"] and not cut:
        return None
    reason = f"no answer: cut by the {cut}" if cut else PHRASES.get(status, "no proper answer")
    path = row["target"].partition("?")[0]  # the rest may hold a secret
    said = (status, row.get("detail") or reason, row["seconds"], "", cut)
    return Request(at, "", row["method"], path, row["backend"], *said)
