"""The options of a node, each described once: its type, its default and its help."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

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


def _option(parse: Callable[[str], T], metavar: str, text: str) -> Any:
    """An option whose value `parse` makes; its `OptionError` becomes that option's wrong value."""

    @wraps(parse)
    def parser(value: str | T) -> T:
        if not isinstance(value, str):
            return value  # typer passes the default through, too
        try:
            return parse(value)
        except OptionError as error:
            raise typer.BadParameter(str(error)) from error

    return typer.Option(parser=parser, metavar=metavar, help=text)


def _seconds(text: str, *, least: float = 0.001) -> Any:
    """An option in seconds, up to ten years."""
    return typer.Option(min=least, max=315_360_000, metavar="SECONDS", help=text)


_LISTEN = Address("127.0.0.1", 8001)
_NOBODY = Networks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One node, as somebody asked for it."""

    listen: Annotated[
        Address,
        _option(
            parse_address, "HOST:PORT", "Where to listen. Port 0 takes a free one and prints it."
        ),
    ] = _LISTEN
    id: Annotated[
        str, _option(_name, "NAME", "The node's name: the header X-Node of every answer.")
    ] = "n1"
    service: Annotated[str, _option(_name, "NAME", "The service that this node is one of.")] = "app"
    app_version: Annotated[
        str, _option(_name, "TEXT", "The app's version, which /me and /readyz tell.")
    ] = "1"
    strategy: Annotated[
        str,
        _option(
            parse_strategy,
            "|".join(STRATEGIES),
            "How a user is recognised: by a session in this process, by one in Redis, or by a"
            " signed token; or by what an installed package offers.",
        ),
    ] = "memory"

    idle: Annotated[float, _seconds("A session ends when it is not used for so long.")] = 1800.0
    absolute: Annotated[float, _seconds("A session ends then, however much used.")] = 43200.0
    cookie_name: Annotated[str, _option(_token, "NAME", "The name of the app's cookie.")] = "sid"
    cookie_secure: Annotated[
        SecurePolicy,
        typer.Option(
            help="Whether cookies are Secure. auto: when a proxy in --trust-proxy sends"
            " X-Forwarded-Proto: https."
        ),
    ] = "auto"
    trust_proxy: Annotated[
        Networks,
        _option(
            parse_networks,
            "CIDR,…",
            "Networks of the proxies whose X-Forwarded-* headers are believed; nobody's otherwise.",
        ),
    ] = _NOBODY

    redis_url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="The session store, a Redis of one server: redis://, unix://, or rediss:// with"
            " ?ssl_ca_certs=FILE, ssl_cert_reqs=none, …",
        ),
    ] = field(default="redis://127.0.0.1:6379/0", repr=False)
    redis_timeout: Annotated[
        float, _seconds("What an answer of Redis may take, waiting for a connection included.")
    ] = 1.0
    redis_pool: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="Connections to Redis at most.")
    ] = 16

    on_store_down: Annotated[
        OnStoreDown,
        typer.Option(
            help="Strategy redis, when Redis does not answer. error: 503, and the session is there"
            " again when Redis is. logout, the wrong way round: 401, and the cookie is cleared."
        ),
    ] = "error"

    cart_writes: Annotated[
        CartWrites,
        typer.Option(
            help="Strategies memory and redis. field: an item is added to what is there by then."
            " record: the cart is loaded with the session and written back whole, so that one of"
            " two requests at once loses its item."
        ),
    ] = "field"
    cart_delay: Annotated[
        float,
        typer.Option(
            min=0,
            max=60,
            metavar="SECONDS",
            help="What POST /cart takes between knowing the user and changing the cart.",
        ),
    ] = 0.0

    jwt_algorithm: Annotated[
        Algorithm, typer.Option(help="What signs tokens; a token's own word on it is not asked.")
    ] = "HS256"
    jwt_keys: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A JWK set with private keys: the first signs, all verify; read again on SIGHUP."
            " Without it a key is made that no other node knows.",
        ),
    ] = None
    jwt_transport: Annotated[
        Literal["bearer", "cookie"],
        typer.Option(help="How a token travels: Authorization: Bearer, or the app's cookie."),
    ] = "bearer"
    jwt_issuer: Annotated[
        str, _option(_claim, "NAME", "The issuer that tokens name, and must name.")
    ] = "sessionlab"
    jwt_audience: Annotated[
        str, _option(_claim, "NAME", "The audience that tokens are for, and must be for.")
    ] = "sessionlab"
    jwt_lifetime: Annotated[float, _seconds("How long a token is good.", least=1)] = 900.0
    jwt_leeway: Annotated[
        float,
        typer.Option(
            min=0,
            max=300,
            metavar="SECONDS",
            help="How far the nodes' clocks may be apart when a token's times are checked.",
        ),
    ] = 0.0

    users: Annotated[
        int,
        typer.Option(
            min=0,
            max=999_999_999,
            metavar="N",
            help="Users user-000001 … to seed, besides alice, bob and carol.",
        ),
    ] = 1000
    user_password: Annotated[
        str | None,
        typer.Option(
            metavar="PASSWORD",
            help="The seeded users' password; other users of this machine can read a command"
            " line, so give it as NODE_USER_PASSWORD. Without it one is made and printed.",
        ),
    ] = field(default=None, repr=False)
    hash_cost: Annotated[
        Cost,
        _option(
            parse_cost,
            "COST",
            "What a password hash (argon2id) takes: low (for tests), standard, high, or"
            " t=PASSES,m=KIB,p=LANES.",
        ),
    ] = LEVELS["standard"]

    max_body: Annotated[
        int, typer.Option(min=1, max=2**20, metavar="BYTES", help="The largest request body.")
    ] = 16384
    drain: Annotated[float, _seconds("What open requests may still take at SIGTERM.", least=0)] = (
        10.0
    )
    drain_delay: Annotated[
        float,
        _seconds(
            "How long the node still takes connections at SIGTERM, with /readyz at 503, so that"
            " balancers notice.",
            least=0,
        ),
    ] = 0.0
    access_log: Annotated[
        AccessLogForm,
        typer.Option(
            help="A line for each request on standard error, in words or as JSON; that names users,"
            " and tells credentials by a mark of theirs."
        ),
    ] = "none"

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
