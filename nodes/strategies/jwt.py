"""A signed value instead of a session: any node that has the keys recognises the user alone.

There is no store, so what a value cannot do is not done behind its back:

- `logout` ends nothing. The client drops its copy; any other copy works until it expires.
- The cart is in the token. Adding an item makes a new token with one more item, which the client
  must use from then on. Whoever goes on with the old one has the old cart, and two requests at once
  each make a token that lacks the other's item: the price of a value, shown and not repaired.
  Keeping the cart in a store beside the token would hide it, and make every node depend on that
  store.
- The new token expires when the old one would have: activity does not prolong a login.
- The token grows with each item, up to what a browser keeps (4096 bytes); then 409.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from sessionlab.nodes.strategies.interface import (
    MAX_ITEMS,
    Added,
    Grant,
    Setting,
    Strategy,
    cart_full,
)
from sessionlab.nodes.tokens.clock import wall
from sessionlab.nodes.tokens.tokens import Claims, Tokens
from sessionlab.nodes.transports.bearer import BearerTransport
from sessionlab.nodes.transports.cookie import CookieTransport
from sessionlab.nodes.transports.interface import Transport


@dataclass(frozen=True, slots=True)
class TokenSession:
    """What one verified token says."""

    claims: Claims
    tokens: Tokens

    @property
    def user(self) -> str:
        return self.claims.user

    async def items(self) -> list[str]:
        return list(self.claims.cart)

    async def add(self, item: str) -> Added:
        if len(self.claims.cart) >= MAX_ITEMS:
            raise cart_full()
        claims = self.claims.with_item(item)
        grant = Grant(self.tokens.sign(claims), self.tokens.left(claims))
        return Added(list(claims.cart), grant)


class JwtStrategy:
    """Strategy `jwt`."""

    name: ClassVar[str] = "jwt"

    def __init__(self, tokens: Tokens, transport: Transport) -> None:
        self.tokens = tokens
        self.transport = transport

    async def login(self, user: str, presented: str | None) -> Grant:  # noqa: ARG002 - an old token cannot be ended
        claims = self.tokens.fresh(user)
        return Grant(self.tokens.sign(claims), math.floor(self.tokens.lifetime))

    async def open(self, credential: str) -> TokenSession:
        return TokenSession(self.tokens.verify(credential), self.tokens)

    async def logout(self, credential: str) -> bool:  # noqa: ARG002 - nothing here could end it
        return False

    async def close(self) -> None:
        """Nothing is held open."""


def make(setting: Setting) -> Strategy:
    """`--strategy jwt`, as the options want it."""
    options = setting.options
    tokens = Tokens(
        keys=setting.keys,
        clock=wall,
        algorithm=options.jwt_algorithm,
        issuer=options.jwt_issuer,
        audience=options.jwt_audience,
        lifetime=options.jwt_lifetime,
        leeway=options.jwt_leeway,
    )
    in_cookie = options.jwt_transport == "cookie"
    return JwtStrategy(
        tokens, CookieTransport(options.cookie_name) if in_cookie else BearerTransport()
    )
