# ruff: noqa: RUF009 - each call makes a field
"""The options of a node, each described once: its default, how it is read, and its help."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import click

from sessionlab.nodes.errors import OptionError
from sessionlab.nodes.process.listening import Address, parse_address
from sessionlab.nodes.strategies import STRATEGIES, parse_strategy
from sessionlab.nodes.strategies.interface import CartWrites, OnStoreDown
from sessionlab.nodes.tokens.keys import Algorithm
from sessionlab.nodes.users.passwords import LEVELS, Cost, parse_cost
from sessionlab.nodes.web.access_log import AccessLogForm
from sessionlab.nodes.web.bodies import MAX_PASSWORD
from sessionlab.nodes.web.edge import Networks, SecurePolicy, parse_networks

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", re.ASCII)
# RFC 6265 section 4.1.1: a cookie's name is a token (RFC 9110 section 5.6.2).
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", re.ASCII)
_CLAIM = re.compile(r"[\x21-\x7e]{1,256}", re.ASCII)

T = TypeVar("T")


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise OptionError(f"{text!r}: use 1 to 64 letters, digits, dots, plus, minus, underscores")
    return text


def _token(text: str) -> str:
    if _TOKEN.fullmatch(text) is None:
        raise OptionError(
            f"{text!r} is not a cookie name: 1 to 64 letters, digits, !#$%&'*+.^_`|~-"
        )
    return text


def _claim(text: str) -> str:
    if _CLAIM.fullmatch(text) is None:
        raise OptionError(f"{text!r}: use 1 to 256 printable characters without spaces")
    return text


class _Number(click.FloatRange):
    """A range of numbers; nan is in none, which Click does not see."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = super().convert(value, param, ctx)
        return self.fail(f"{value!r} is no number.", param, ctx) if isnan(number) else number


class _Integer(click.IntRange):
    name = "integer"


def _option(
    default: T, metavar: str | None, text: str, kind: Callable[[str], object], *, shown: bool = True
) -> T:
    """An option whose value `kind` makes, one of Click's types or a function."""
    described = {"metavar": metavar, "help": text, "type": kind}
    made: T = field(default=default, repr=shown, metadata=described)
    return made


def _parsed(default: T, metavar: str, text: str, parse: Callable[[str], T]) -> T:
    """An option whose value `parse` makes; its `OptionError` becomes that option's wrong value."""

    def parser(value: str | T) -> T:
        if not isinstance(value, str):
            return value  # Click passes the default through, too
        try:
            return parse(value)
        except OptionError as error:
            raise click.BadParameter(str(error)) from error

    return _option(default, metavar, text, parser)


def _choice(default: T, names: object, text: str) -> T:
    """An option that is one of the names of a `Literal`."""
    return _option(default, None, text, click.Choice(get_args(names)))


def _seconds(
    default: float, text: str, *, least: float = 0.001, most: float = 315_360_000
) -> float:
    """An option in seconds, up to ten years."""
    return _option(default, "SECONDS", text, _Number(least, most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One node, as somebody asked for it."""

    listen: Address = _parsed(
        Address("127.0.0.1", 8001),
        "HOST:PORT",
        "Where to listen. Port 0 takes a free one and prints it.",
        parse_address,
    )
    id: str = _parsed("n1", "NAME", "The node's name: the header X-Node of every answer.", _name)
    service: str = _parsed("app", "NAME", "The service that this node is one of.", _name)
    app_version: str = _parsed("1", "TEXT", "The app's version, which /me and /readyz tell.", _name)
    strategy: str = _parsed(
        "memory",
        "|".join(STRATEGIES),
        "How a user is recognised: by a session in this process, by one in Redis, or by a signed"
        " token; or by what an installed package offers.",
        parse_strategy,
    )

    idle: float = _seconds(1800.0, "A session ends when it is not used for so long.")
    absolute: float = _seconds(43200.0, "A session ends then, however much used.")
    cookie_name: str = _parsed("sid", "NAME", "The name of the app's cookie.", _token)
    cookie_secure: SecurePolicy = _choice(
        "auto",
        SecurePolicy,
        "Whether cookies are Secure. auto: when a proxy in --trust-proxy sends"
        " X-Forwarded-Proto: https.",
    )
    trust_proxy: Networks = _parsed(
        Networks(),
        "CIDR,…",
        "Networks of the proxies whose X-Forwarded-* headers are believed; nobody's otherwise.",
        parse_networks,
    )

    redis_url: str = _option(
        "redis://127.0.0.1:6379/0",
        "URL",
        "The session store, a Redis of one server: redis://, unix://, or rediss:// with"
        " ?ssl_ca_certs=FILE, ssl_cert_reqs=none, …",
        str,
        shown=False,
    )
    redis_timeout: float = _seconds(
        1.0, "What an answer of Redis may take, waiting for a connection included."
    )
    redis_pool: int = _option(16, "N", "Connections to Redis at most.", _Integer(1, 10_000))

    on_store_down: OnStoreDown = _choice(
        "error",
        OnStoreDown,
        "Strategy redis, when Redis does not answer. error: 503, and the session is there again"
        " when Redis is. logout, the wrong way round: 401, and the cookie is cleared.",
    )

    cart_writes: CartWrites = _choice(
        "field",
        CartWrites,
        "Strategies memory and redis. field: an item is added to what is there by then. record:"
        " the cart is loaded with the session and written back whole, so that one of two requests"
        " at once loses its item.",
    )
    cart_delay: float = _seconds(
        0.0,
        "What POST /cart takes between knowing the user and changing the cart.",
        least=0,
        most=60,
    )

    jwt_algorithm: Algorithm = _choice(
        "HS256", Algorithm, "What signs tokens; a token's own word on it is not asked."
    )
    jwt_keys: Path | None = _option(
        None,
        "FILE",
        "A JWK set with private keys: the first signs, all verify; read again on SIGHUP. Without"
        " it a key is made that no other node knows.",
        Path,
    )
    jwt_transport: Literal["bearer", "cookie"] = _choice(
        "bearer",
        Literal["bearer", "cookie"],
        "How a token travels: Authorization: Bearer, or the app's cookie.",
    )
    jwt_issuer: str = _parsed(
        "sessionlab", "NAME", "The issuer that tokens name, and must name.", _claim
    )
    jwt_audience: str = _parsed(
        "sessionlab", "NAME", "The audience that tokens are for, and must be for.", _claim
    )
    jwt_lifetime: float = _seconds(900.0, "How long a token is good.", least=1)
    jwt_leeway: float = _seconds(
        0.0,
        "How far the nodes' clocks may be apart when a token's times are checked.",
        least=0,
        most=300,
    )

    users: int = _option(
        1000,
        "N",
        "Users user-000001 … to seed, besides alice, bob and carol.",
        _Integer(0, 999_999_999),
    )
    user_password: str | None = _option(
        None,
        "PASSWORD",
        "The seeded users' password; other users of this machine can read a command line, so give"
        " it as NODE_USER_PASSWORD. Without it one is made and printed.",
        str,
        shown=False,
    )
    hash_cost: Cost = _parsed(
        LEVELS["standard"],
        "COST",
        "What a password hash (argon2id) takes: low (for tests), standard, high, or"
        " t=PASSES,m=KIB,p=LANES.",
        parse_cost,
    )

    max_body: int = _option(16384, "BYTES", "The largest request body.", _Integer(1, 2**20))
    drain: float = _seconds(10.0, "What open requests may still take at SIGTERM.", least=0)
    drain_delay: float = _seconds(
        0.0,
        "How long the node still takes connections at SIGTERM, with /readyz at 503, so that"
        " balancers notice.",
        least=0,
    )
    access_log: AccessLogForm = _choice(
        "none",
        AccessLogForm,
        "A line for each request on standard error, in words or as JSON; that names users, and"
        " tells credentials by a mark of theirs.",
    )

    def __post_init__(self) -> None:
        """Raises `OptionError` for values that contradict each other."""
        # RFC 6265bis section 4.1.3: browsers drop such a cookie when it is not Secure.
        prefixed = self.cookie_name.lower().startswith(("__host-", "__secure-"))
        if prefixed and self.cookie_secure == "never":
            raise OptionError(
                f"--cookie-name {self.cookie_name} needs Secure, and --cookie-secure is never"
            )
        if self.user_password is not None and not 1 <= len(self.user_password) <= MAX_PASSWORD:
            raise OptionError(f"--user-password must have 1 to {MAX_PASSWORD} characters")
