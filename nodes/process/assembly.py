"""A node put together from its options. The strategies are found here by name.

Redis's client and PyJWT are imported by the strategy that needs them: a third of what a node costs
before it serves, and in a container every node pays it anew.
"""

import logging
import secrets
import sys
from collections.abc import Callable

from sessionlab.nodes.process.options import Options
from sessionlab.nodes.strategies import StrategyName
from sessionlab.nodes.strategies.interface import Strategy
from sessionlab.nodes.strategies.logging_out import LoggingOut
from sessionlab.nodes.strategies.memory import MemorySessions, MemoryStrategy
from sessionlab.nodes.strategies.whole_records import Records, WholeRecords
from sessionlab.nodes.tokens import clock
from sessionlab.nodes.tokens.keys import KeyRing, KeySource, generate
from sessionlab.nodes.transports.bearer import BearerTransport
from sessionlab.nodes.transports.cookie import CookieTransport
from sessionlab.nodes.transports.interface import Transport
from sessionlab.nodes.users.directory import Directory
from sessionlab.nodes.users.passwords import Hasher
from sessionlab.nodes.web.edge import Edge
from sessionlab.nodes.web.metrics import Metrics
from sessionlab.nodes.web.node import Node
from sessionlab.nodes.web.readiness import Readiness

_log = logging.getLogger("nodes")


def assemble(options: Options) -> Node:
    """The node. Raises `OptionError`; must be called where an event loop runs."""
    keys = _keys(options)
    metrics = Metrics(options.id, options.service, options.app_version, options.strategy)
    hasher = Hasher(options.hash_cost)
    return Node(
        id=options.id,
        service=options.service,
        version=options.app_version,
        strategy=_STRATEGIES[options.strategy](options, keys, metrics),
        directory=Directory(options.users, _password(options), hasher),
        hasher=hasher,
        keys=keys,
        edge=Edge(options.cookie_secure, options.trust_proxy),
        metrics=metrics,
        readiness=Readiness(),
        max_body=options.max_body,
        cart_delay=options.cart_delay,
    )


def _memory(options: Options, keys: KeySource, metrics: Metrics) -> Strategy:  # noqa: ARG001
    sessions = MemorySessions(clock.monotonic, options.idle, options.absolute)
    metrics.watch_sessions(sessions.alive)
    transport = CookieTransport(options.cookie_name)
    return _with_carts(MemoryStrategy(sessions, transport, options.absolute), options)


def _redis(options: Options, keys: KeySource, metrics: Metrics) -> Strategy:  # noqa: ARG001
    from sessionlab.nodes.stores.redis import RedisStore  # noqa: PLC0415
    from sessionlab.nodes.strategies.redis import RedisStrategy  # noqa: PLC0415

    store = RedisStore(options.redis_url, options.redis_timeout, options.redis_pool)
    transport = CookieTransport(options.cookie_name)
    redis = RedisStrategy(store, transport, options.idle, options.absolute)
    strategy = _with_carts(redis, options)
    return LoggingOut(strategy) if options.on_store_down == "logout" else strategy


def _with_carts(strategy: Records, options: Options) -> Strategy:
    return WholeRecords(strategy) if options.cart_writes == "record" else strategy


def _jwt(options: Options, keys: KeySource, metrics: Metrics) -> Strategy:  # noqa: ARG001
    from sessionlab.nodes.strategies.jwt import JwtStrategy  # noqa: PLC0415
    from sessionlab.nodes.tokens.tokens import Tokens  # noqa: PLC0415

    transports: dict[str, Callable[[], Transport]] = {
        "bearer": BearerTransport,
        "cookie": lambda: CookieTransport(options.cookie_name),
    }
    tokens = Tokens(
        keys=keys,
        clock=clock.wall,
        algorithm=options.jwt_algorithm,
        issuer=options.jwt_issuer,
        audience=options.jwt_audience,
        lifetime=options.jwt_lifetime,
        leeway=options.jwt_leeway,
    )
    return JwtStrategy(tokens, transports[options.jwt_transport]())


_STRATEGIES: dict[StrategyName, Callable[[Options, KeySource, Metrics], Strategy]] = {
    "memory": _memory,
    "redis": _redis,
    "jwt": _jwt,
}


def _keys(options: Options) -> KeySource:
    if options.strategy != "jwt":
        return KeySource(KeyRing())
    if options.jwt_keys is not None:
        return KeySource.of_file(options.jwt_keys, options.jwt_algorithm)
    _log.warning(
        "no --jwt-keys: signing with a key made just now; other nodes will refuse these tokens"
    )
    return KeySource(generate(options.jwt_algorithm))


def _password(options: Options) -> str:
    if options.user_password is not None:
        return options.user_password
    password = secrets.token_urlsafe(12)
    # The one secret that is ever printed, since nobody could log in otherwise.
    print(f"node {options.id}: the users' password is {password}", file=sys.stderr)  # noqa: T201
    return password
