"""A system that cannot be reached, or is not what it seems: what is wrong, and what to do."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from yarl import URL

from sessionlab.lab.clients.network import ClientNetwork
from sessionlab.lab.errors import NothingShown, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.record.answers import Answer

FIRST = 3
"""How often to ask who has just logged in: its node may not be the first that is asked."""
_HINTS = {
    "Certificate": (
        "its certificate does not verify",
        "--ca FILE names the authority that signed it; the URL's host must be one of its names",
    ),
    "SSL": ("TLS cannot be agreed on", "is that port one for TLS? else write http://"),
    "Connector": ("nobody answers there", "is the address right, and reached from here?"),
    "DNS": ("the name is not known", "is it right, and known on this machine?"),
    "Timeout": ("no answer came in time", "is the system up? a step's `within` says how long"),
    "ServerDisconnected": ("it closed the connection", "is that the right port and scheme?"),
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the system is: as it is asked, and as it may be shown, without user and query."""

    asked: str = field(repr=False)
    shown: str
    password: str = field(repr=False)


def address(url: str) -> Address:
    """Raises UsageError for what is no URL."""
    try:
        found = URL(url).with_query(None).with_fragment(None)
        proper = found.scheme in ("http", "https") and bool(found.host)
    except ValueError:
        proper = False
    if not proper:
        raise UsageError("--url takes the URL of the system", "https://shop.example, say")
    shown = found.with_user(None)
    return Address(str(found).rstrip("/"), str(shown).rstrip("/"), found.password or "")


def network(ca: Path | None) -> ClientNetwork:
    """Certificates are verified by that authority, or by those that the system believes."""
    if ca is None:
        return ClientNetwork()
    try:
        return ClientNetwork(tls=ssl.create_default_context(cafile=ca))
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"{ca} holds no certificate: {error}", "a file in PEM") from None


def entry_of(recipe: Recipe) -> str:
    """The conversation by which a user begins: `me` where each request says who asks."""
    return next(name for name in ("login", "connect", "me") if recipe.steps(name))


def trouble(where: Address, answer: Answer) -> NothingShown | None:
    """Why the very first request was not answered; None when it was."""
    if answer.status is not None:
        return None
    said = answer.operation.error or "no answer"
    for part, (what, hint) in _HINTS.items():
        if part in said.partition(":")[0]:
            return NothingShown(f"{where.shown} cannot be reached: {what} ({said})", hint)
    return NothingShown(f"{where.shown} cannot be reached: {said}")


def not_in(user: str, where: Address, login: Answer, then: Answer) -> NothingShown:
    """What was answered in place of what was looked for; without anything secret."""
    said = f"{login.said}; and then: {then.said}"
    circle = "a circle: behind TLS an app may not know of it (X-Forwarded-Proto, trusted proxies)"
    wrong = "accounts and passwords are in the recipe's [users], and `sessionlab check` shows"
    wrong += " whether it is right; where only one node knows a session, no other lets anybody in"
    hint = circle if "redirects" in said else wrong
    return NothingShown(f"{user} could not log in to {where.shown}: {said}", hint)
