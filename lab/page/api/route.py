"""One request of the API: what it is called by, what it takes and gives, and what answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sessionlab.lab.page.desk.desk import Desk


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what it names in its path and query, and its body, decoded."""

    desk: Desk
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    wanted: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Route:
    """`takes` and `gives` are the types of its body and of its answer.

    `query` says what may be asked besides; `events` are those of a stream, by name.
    """

    method: str
    path: str
    does: str
    answer: Callable[[Call], Awaitable[Any]] | None
    takes: Any = None
    gives: Any = None
    status: HTTPStatus = HTTPStatus.OK
    query: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, type] = field(default_factory=dict)
