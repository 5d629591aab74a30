"""A node put together from its options."""

import logging
import secrets
import sys

from sessionlab.nodes.process.options import Options
from sessionlab.nodes.strategies import make
from sessionlab.nodes.strategies.interface import Setting
from sessionlab.nodes.tokens.keys import KeyRing, KeySource, generate
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
        strategy=make(options.strategy, Setting(options, keys, metrics.watch_sessions)),
        directory=Directory(options.users, _password(options), hasher),
        hasher=hasher,
        keys=keys,
        edge=Edge(options.cookie_secure, options.trust_proxy),
        metrics=metrics,
        readiness=Readiness(),
        max_body=options.max_body,
        cart_delay=options.cart_delay,
    )


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
