"""What a client got back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sessionlab.lab.record.history import Operation

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]


@dataclass(frozen=True, slots=True)
class Answer:
    """How one conversation ended: what was recorded of it, and what its last answer held.

    `body` is its JSON object, `headers` are its headers; `set_cookies` the names and attributes of
    the cookies that came in this conversation, as in `sid; Path=/; HttpOnly`, never their values.
    """

    operation: Operation
    body: Mapping[str, JSON] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    set_cookies: Sequence[str] = ()
    tell: Callable[[], str] = field(default=str, repr=False)

    @property
    def status(self) -> int | None:
        """The HTTP status, None where no answer came."""
        return self.operation.status

    @property
    def who(self) -> str:
        """`user`, `nobody`, `error`, or empty where it says nothing of that."""
        return self.operation.who

    @property
    def said(self) -> str:
        """In one line what was asked, what came back, and what was looked for; no secrets."""
        return self.tell()

    @property
    def node(self) -> str | None:
        """Who answered; None for the balancer's own answer, and for none."""
        return self.operation.node

    @property
    def recognised(self) -> bool:
        """Whether the node knew the client, and for who it is; of a login, that it went through."""
        return self.operation.recognised

    @property
    def connection(self) -> str:
        """Whether it travelled on the connection of the client's request before."""
        return "a new connection" if self.operation.new_connection else "the same connection"

    @property
    def items(self) -> list[str]:
        """What a `read` has found, or a `write` where its answer says so."""
        return list(self.operation.items or ())


class Answers(tuple[Answer, ...]):
    """Several answers, in the order in which they were asked for."""

    __slots__ = ()

    @property
    def recognised(self) -> int:
        """How many of them recognised the client that asked."""
        return sum(answer.recognised for answer in self)

    @property
    def nodes(self) -> list[str]:
        """The nodes that answered, each once, sorted; the balancer's own answers count not."""
        return sorted({answer.node for answer in self if answer.node})

    @property
    def seconds(self) -> float:
        """From the first request to the last answer."""
        asked = [answer.operation.invoked for answer in self]
        answered = [answer.operation.completed for answer in self]
        return max(answered) - min(asked) if self else 0.0

    def with_status(self, *statuses: int) -> Answers:
        """Those with one of these statuses."""
        return Answers(answer for answer in self if answer.status in statuses)

    @property
    def statuses(self) -> str:
        """`200 ×4, 401 ×8`."""
        counts: dict[str, int] = {}
        for answer in self:
            said = str(answer.status or "no answer")
            counts[said] = counts.get(said, 0) + 1
        return ", ".join(f"{status} ×{count}" for status, count in sorted(counts.items())) or "none"

    def by(self, node: str) -> Answers:
        """Those that `node` gave."""
        return Answers(answer for answer in self if answer.node == node)


def together(groups: Iterable[Answers]) -> Answers:
    """All answers of several groups as one."""
    return Answers(answer for group in groups for answer in group)
