"""What every strategy is: how a node recognises a user, and where the session's own data lives.

A strategy turns a user into a credential (`login`), a credential into a session (`open`) and makes
a credential worthless as far as it can (`logout`). How the credential travels is the transport's
business, whether the password is right the directory's.
"""

from dataclasses import dataclass
from typing import Protocol

from sessionlab.nodes.errors import Problem
from sessionlab.nodes.transports.interface import Transport

MAX_ITEMS = 100
"""Items in one cart: what one session may make a store hold is bounded."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A credential that the client shall use from now on, and the seconds that it lasts at most."""

    credential: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Added:
    """The cart after an item was added; a grant when the credential itself had to change."""

    items: list[str]
    grant: Grant | None = None


class Session(Protocol):
    """One recognised user's session. All methods may raise `Refused` or `Unavailable`."""

    @property
    def user(self) -> str: ...

    async def items(self) -> list[str]: ...

    async def add(self, item: str) -> Added:
        """Append `item`, raising `cart_full()` when there is no room."""


class Strategy(Protocol):
    """How a node recognises a user."""

    @property
    def name(self) -> str: ...

    @property
    def transport(self) -> Transport: ...

    async def login(self, user: str, presented: str | None) -> Grant:
        """A new credential for `user`, never `presented`, whose own session ends (no fixation).

        Raises `Unavailable` when the store cannot be reached.
        """

    async def open(self, credential: str) -> Session:
        """The session that `credential` stands for; counts as use of it.

        Raises `Refused` with the reason, or `Unavailable` when that cannot be known now.
        """

    async def logout(self, credential: str) -> bool:
        """End the session; whether anything ended. Raises `Unavailable`."""

    async def close(self) -> None:
        """Give back connections."""


def cart_full() -> Problem:
    """409: the session holds as many items as it may."""
    return Problem(409, "cart-full", f"the cart holds {MAX_ITEMS} items, and no more fit")
