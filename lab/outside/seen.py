"""What a probe has seen of a system: no value of a credential is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlab.lab.record.answers import Answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.record.answers import Answer


@dataclass(frozen=True, slots=True)
class Cookie:
    """As it was last set; `attributes` by their names in small letters, `""` for a mere flag."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """Its attributes in one line."""
        pairs = (f"{key}={value}" if value else key for key, value in self.attributes.items())
        return "; ".join(pairs) or "it has no attributes"

    @property
    def is_deleted(self) -> bool:
        """Whether a client drops it on the spot, as it does when a session ends."""
        has = self.attributes
        return has.get("max-age", "1").startswith(("0", "-")) or "1970" in has.get("expires", "")


@dataclass(frozen=True, slots=True)
class Token:
    """A JWT that the client holds: `where`, how it is signed, seconds that it is good for."""

    where: str
    algorithm: str
    lifetime: float | None
    claims: Sequence[str]


@dataclass
class Seen:
    """None, or empty, for what was not asked: too many requests, or not in the recipe.

    `before` came before the login; `known` over one connection, `anew` over new ones, `at_once`
    together, `untied` without the cookies of `tied`. `alone` has the answer without each other
    cookie, `survived` the names of those whose value a login did not change, `routes` the node's
    name at the end of a session's id.
    """

    https: bool = False
    before: Answer | None = None
    login: Answer | None = None
    known: Answers = field(default_factory=Answers)
    anew: Answers = field(default_factory=Answers)
    at_once: Answers = field(default_factory=Answers)
    untied: Answers = field(default_factory=Answers)
    alone: dict[str, Answer] = field(default_factory=dict)
    items: list[str] = field(default_factory=list)
    reads: Answers = field(default_factory=Answers)
    logout: Answer | None = None
    replayed: Answers = field(default_factory=Answers)
    cookies: dict[str, Cookie] = field(default_factory=dict)
    tied: list[str] = field(default_factory=list)
    survived: frozenset[str] = frozenset()
    routes: dict[str, str] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def carriers(self) -> list[str]:
        """The cookies without which the app does not know the user."""
        return [name for name, answer in self.alone.items() if answer.who == "nobody"]

    @property
    def why_not(self) -> str:
        """Why something was not asked."""
        return "; ".join(self.notes) or "the recipe does not say how"


def set_cookie(line: str) -> Cookie:
    """Out of `sid; Path=/; HttpOnly`."""
    name, *attributes = (part.strip() for part in line.split(";"))
    pairs = (one.partition("=") for one in attributes if one)
    return Cookie(name, {key.strip().lower(): value.strip() for key, _, value in pairs})


def counted(answers: Answers) -> str:
    """`5 of 8 recognised, 3 nobody (n1 ×4, n2 ×4)`."""
    kinds = Counter(
        "recognised" if one.recognised else {"user": "somebody else"}.get(one.who, one.who)
        for one in answers
    )
    rest = "".join(f", {n} {kind or 'error'}" for kind, n in kinds.items() if kind != "recognised")
    nodes = Counter(one.node for one in answers if one.node)
    where = ", ".join(f"{node} ×{n}" for node, n in sorted(nodes.items()))
    told = f" ({where})" if where else ""
    return f"{kinds['recognised']} of {len(answers)} recognised{rest}{told}"
