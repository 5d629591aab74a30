"""What every strategy is: how a node recognises a user, and where the session's own data lives.

A strategy turns a user into a credential (`login`), a credential into a session (`open`) and makes
a credential worthless as far as it can (`logout`). How the credential travels is the transport's
business, whether the password is right the directory's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from sessionlab.nodes.errors import Problem
from sessionlab.nodes.tokens.keys import Algorithm, KeySource
from sessionlab.nodes.transports.interface import Transport

CartWrites = Literal["field", "record"]
"""How a store's cart changes: one item is added, or the whole record is written back."""

OnStoreDown = Literal["error", "logout"]
"""What a store that cannot be reached means: that nothing can be told, or that nobody is known."""

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


class Options(Protocol):
    """The options of a node that strategies are made from; times are seconds."""

    @property
    def idle(self) -> float: ...
    @property
    def absolute(self) -> float: ...
    @property
    def cookie_name(self) -> str: ...
    @property
    def redis_url(self) -> str: ...
    @property
    def redis_timeout(self) -> float: ...
    @property
    def redis_pool(self) -> int: ...
    @property
    def on_store_down(self) -> OnStoreDown: ...
    @property
    def cart_writes(self) -> CartWrites: ...
    @property
    def jwt_algorithm(self) -> Algorithm: ...
    @property
    def jwt_transport(self) -> Literal["bearer", "cookie"]: ...
    @property
    def jwt_issuer(self) -> str: ...
    @property
    def jwt_audience(self) -> str: ...
    @property
    def jwt_lifetime(self) -> float: ...
    @property
    def jwt_leeway(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What a strategy is made from. `watch_sessions` takes what counts the sessions it holds."""

    options: Options
    keys: KeySource
    watch_sessions: Callable[[Callable[[], int]], None]


def cart_full() -> Problem:
    """409: the session holds as many items as it may."""
    return Problem(409, "cart-full", f"the cart holds {MAX_ITEMS} items, and no more fit")
