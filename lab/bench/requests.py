"""The requests that a cluster gets, from whoever sends them: read in the logs of who answered.

A node's access log says who asked and why not; the balancer's, what it answered itself, and of what
a node has answered the pin and its own seconds, if it knows them. Nobody else knows either. What a
client has typed is in there as it was typed: see `lines.safe`.
"""

from __future__ import annotations

import contextlib
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from msgspec import Struct, ValidationError, convert, structs

from sessionlab.lab.bench.joining import Joining, Row
from sessionlab.lab.cluster.inventory import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.cluster.inventory import Inventory

PROBES = ("/readyz", "/healthz", "/metrics")
MOST_CREDENTIALS = 10_000
MOST_ID = 64  # characters of an id
MOST_BYTES = 1_000_000  # of a log, in one look; one of which more was read is emptied
UNFIT = (KeyError, TypeError, ValueError, AttributeError, RecursionError, ValidationError)
PHRASES = {status.value: status.phrase.lower() for status in HTTPStatus}
NO_PHRASE = "no proper answer"


class Hops(Struct, frozen=True):
    """Seconds that a request took as each one on its way saw it; null where nobody knows.

    `store` is the node's time for finding out who asks: with Redis, most of it is Redis's.
    """

    client: float | None = None
    balancer: float | None = None
    node: float | None = None
    store: float | None = None


class Request(Struct, frozen=True):
    """One request and its answer. `at` is in seconds since 1970, `seconds` is what it took.

    `user` is empty where nobody knows; `node` where the balancer itself answered. `cut` says who
    ended it without an answer: client, backend or balancer. `credential` is a mark of what was
    presented, and tells nothing but whether it was the same. `does` is what a form of the page at
    `/` is for. A good status with a `reason` was for nobody. `id` is what it had in X-Request-ID at
    its node, `pin` are the balancer's letters, `moved` says why the pin moved.
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
    id: str = ""
    pin: str = ""
    moved: str = ""
    hops: Hops = Hops()

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
        self._joining = Joining()

    def new(self) -> list[Request]:
        """What came since the last time, in the order of the answers; a row that fits none is left.

        Those of which one row is not there yet are for the next time. A node that has left is read
        to its end, and then forgotten.
        """
        there = {part.name: part.kind for part in self._inventory.parts()}
        over = {name for name in self._kinds.keys() - there if self._inventory.has_ended(name)}
        self._kinds |= there
        rows = [row for name in self._kinds for row in self._rows(name)]
        rows.sort(key=lambda row: (row.at, row.part))
        found: list[Request] = []
        for node, front in self._joining.of(map(self._noted, rows), time.monotonic()):
            with contextlib.suppress(*UNFIT):
                if request := self._told(node, front):
                    found.append(request)
        for name in over - {row.part for row in rows}:
            del self._kinds[name]
            self._read.pop(name, None)
        return found

    def _rows(self, name: str) -> Iterator[Row]:
        """The whole lines of JSON that a part has added."""
        kind = self._kinds[name]
        for line in self._lines(name) if kind is not Kind.REDIS else ():
            with contextlib.suppress(*UNFIT):  # something else that begins like that
                data = json.loads(line) if line.startswith(b'{"') else {}
                if "status" in data and "method" in data:
                    yield self._row(name, data, is_node=kind is Kind.NODE)

    def _row(self, name: str, data: dict[str, Any], *, is_node: bool) -> Row:
        at = float(data["at" if is_node else "time"])
        where = name if is_node else data["backend"]
        known = _id(data)
        if not (known and where and self._inventory.tells_ids and data.get("forwarded", True)):
            return Row(at, name, data, is_node)
        waits = is_node or not (data.get("cut") or self._inventory.is_of_an_app)
        return Row(at, name, data, is_node, (known, where), waits)

    def _noted(self, row: Row) -> Row:
        """Itself: whose its credential is, is known from then on."""
        with contextlib.suppress(*UNFIT):
            data = row.data
            if row.is_node and data["user"] and data["status"] < HTTPStatus.BAD_REQUEST:
                marks = (data["credential"], data["granted"])
                self._users |= {mark: data["user"] for mark in marks if mark}
        while len(self._users) > MOST_CREDENTIALS:
            del self._users[next(iter(self._users))]
        return row

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

    def _told(self, node: Row | None, front: Row | None) -> Request | None:
        there = self._of_node(node) if node else None
        here = self._of_front(front) if front else None
        if front is None:
            return there
        if there is None or here is None or here.cut:
            return here  # who was cut off has nothing of what the node has answered
        hops = structs.replace(there.hops, balancer=here.seconds)
        return structs.replace(there, pin=here.pin, moved=here.moved, hops=hops)

    def _of_front(self, row: Row) -> Request | None:
        """What a balancer has answered, or passed on; where nodes tell the same, that is None."""
        data, status = row.data, int(row.data["status"])
        cut, node, pin = data.get("cut") or "", data["backend"], data.get("affinity") or ""
        if node and not cut and row.joins is None and not self._inventory.is_of_an_app:
            return None
        why = f"no answer: cut by the {cut}" if cut else PHRASES.get(status, NO_PHRASE)
        return _request(
            data,
            at=row.at,
            path=data["target"].partition("?")[0],  # the rest may hold a secret
            node=node,
            status=status,
            reason="" if node and not cut else data.get("detail") or why,
            pin="" if pin == "--" else pin,
            moved=data.get("reason") or "",
            hops={"balancer": data["seconds"]},
        )

    def _of_node(self, row: Row) -> Request | None:
        data = row.data
        if data["path"] in PROBES and not data["forwarded"]:
            return None  # the balancer's check, or the lab's own
        user = data["user"] or self._users.get(data["credential"] or "", "")
        hops = {"node": data["seconds"], "store": data.get("auth") or None}
        return _request(data, at=row.at, user=user, node=row.part, hops=hops)


def _request(data: dict[str, Any], **known: object) -> Request:
    """Of a row, with what is known better; nothing is said by null.

    Raises ValidationError for what cannot be shown: a row may be of a program of the user's own.
    """
    said = {name: value for name, value in data.items() if value is not None}
    return convert({"user": "", "reason": "", **said, "id": _id(data), **known}, Request)


def _id(data: dict[str, Any]) -> str:
    return str(data.get("request_id") or "")[:MOST_ID]
