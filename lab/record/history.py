"""What clients asked and how it ended, in order: the evidence that every claim rests on.

As in Jepsen and Maelstrom an operation ends *ok*, *failed* (it certainly did not happen) or
*unknown* (it may have happened: a time-out, a connection lost after the request was sent).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


SCHEMA = 1
USER, NOBODY, ERROR = "user", "nobody", "error"
ENTRIES = ("connect", "login")


class Ending(StrEnum):
    """How a request ended; unknown is one that may have been carried out, unanswered."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Operation:
    """One conversation of one client. Times are seconds since the run began.

    `conversation` is what it was about (login, me, read and so on, `request` for a bare one), and
    `who` how it ended for the client: `user` (it was taken for somebody: `user` says for whom),
    `nobody`, `error` (it was not served, and not told either that it is not known; `error` says
    why), or empty where it says nothing of that. `method` and `path` are those of the last request,
    the path with its variables. `service` is the one that was asked, where there are several;
    `enters` says that it was to begin a session; `farewell` that a workload's time was over, and it
    asked only what had become of its client: no figure of that time counts it.

    `status` is None when no answer came, and `error` then says why. `node` is who answered, None
    when the balancer did itself. `credential` is the size in bytes of the
    credential headers that were sent, so 0 for a client that holds nothing.

    `verdict` and `reason` are what the balancer said of the client's pin (`X-Balancer`), empty when
    it said nothing: what it found (N, I, D, V, E, O, U), what it did about it (N, I, U, D), and why
    a pin moved. `tie` is what the client itself knows: whether the request held what its cluster's
    affinity goes by, None where it can't know. `version` is that of the app that answered, where it
    says so. `item` is what a request puts into the cart, `items` what an answer says is in it, None
    when it does not say. `cluster` is where it happened, for a story that builds several; `tab`
    tells one user's several clients apart; `direct` means past the balancer, straight to a node;
    `given_up` that the client itself went away before an answer came. `code` is what a problem
    document (RFC 9457) says of why the request was refused: `session-unknown`, `token-expired`.
    `token_left` is how many seconds the token that it sent had left (`exp`), None without one.
    """

    client: str
    method: str
    path: str
    invoked: float
    completed: float
    outcome: Ending
    status: int | None
    node: str | None = None
    user: str | None = None
    error: str | None = None
    new_connection: bool = False
    credential: int = 0
    verdict: str = ""
    reason: str = ""
    version: str | None = None
    item: str | None = None
    items: tuple[str, ...] | None = None
    cluster: str = ""
    tab: int = 0
    direct: bool = False
    given_up: bool = False
    tie: bool | None = None
    code: str = ""
    token_left: float | None = None
    conversation: str = ""
    who: str = ""
    service: str = ""
    enters: bool = False
    farewell: bool = False

    @property
    def recognised(self) -> bool:
        """The app knew the client, and for who it is; of a login, that it went through.

        Whether a login has begun a session is for `me` to say: see `sessionlab.lab.verdicts`.
        """
        if self.conversation in ENTRIES and not self.who:
            return self.outcome is Ending.OK
        return self.who == USER and self.user == self.client


def ending_of(method: str, status: int | None, *, sent: bool) -> Ending:
    """How an operation ended, seen from its client.

    A gateway's 502 or 504 to a request that changes something is *unknown*: the node may have
    done it before its answer was lost (RFC 9110, 9.2.2).
    """
    safe = method in ("GET", "HEAD", "OPTIONS")
    if status is None:
        return Ending.UNKNOWN if sent and not safe else Ending.FAILED
    if status in (502, 504) and not safe:
        return Ending.UNKNOWN
    return Ending.OK if status < 400 else Ending.FAILED  # noqa: PLR2004


class History:
    """The operations of one scenario in the order in which they completed."""

    def __init__(self, operations: Iterable[Operation] = ()) -> None:
        self._operations = list(operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def __len__(self) -> int:
        return len(self._operations)

    def append(self, operation: Operation) -> None:
        self._operations.append(operation)

    def to_jsonl(self) -> str:
        """One JSON object a line; `from_jsonl` reads it back."""
        return "".join(
            json.dumps({"schema": SCHEMA, **asdict(op)}) + "\n" for op in self._operations
        )

    @classmethod
    def from_jsonl(cls, text: str) -> History:
        return cls(_read(json.loads(line)) for line in text.split("\n") if line)


def _read(row: dict[str, Any]) -> Operation:
    schema = row.pop("schema", None)
    if schema not in (None, SCHEMA):
        raise ValueError(f"a history of schema {schema}: this sessionlab reads up to {SCHEMA}")
    row["outcome"] = Ending(row["outcome"])
    if row.get("items") is not None:
        row["items"] = tuple(row["items"])
    for name in ("invoked", "completed"):
        if not isinstance(row[name], (int, float)):
            raise TypeError(f"{name} is no number of seconds: {row[name]!r}")
    if not isinstance(row["status"], (int, type(None))):
        raise TypeError(f"status is no number: {row['status']!r}")
    operation = Operation(**row)
    return operation if schema else of_before(operation)


_BEFORE = {"POST cart": "write", "GET cart": "read"}
_OWN_FAULTS = (405, 409, 413, 415, 422)  # of the request, whoever had sent it


def of_before(operation: Operation) -> Operation:
    """What 0.1.0 has written, which knew the paths of our own app and no conversations."""
    service, _, last = operation.path.strip("/").rpartition("/")
    said = _BEFORE.get(f"{operation.method} {last}", last)
    conversation = said if said in ("login", "me", "write", "read", "logout") else "request"
    return replace(
        operation,
        conversation=conversation,
        service=service,
        who=_who(operation, conversation),
        enters=conversation == "login",
    )


def _who(operation: Operation, conversation: str) -> str:
    status = operation.status
    if status is None or status >= 500:  # noqa: PLR2004
        return ERROR
    if status == 401:  # noqa: PLR2004
        return "" if conversation == "login" else NOBODY
    if operation.user is not None:
        return USER
    if 200 <= status < 300:  # noqa: PLR2004
        return NOBODY if conversation == "me" else ""
    return "" if status in _OWN_FAULTS else ERROR
