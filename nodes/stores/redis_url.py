"""`--redis-url`: where Redis is, who asks, and how TLS is checked; nothing else of the client's.

redis-py hands every option of a URL to its connections as it is. So a misspelt one shows at the
first login, `decode_responses` turns each answer into another type, `socket_timeout` undoes the
node's own, and `/abc` is database 0. Here an option is one of a few, or the node does not start.
"""

import re
from urllib.parse import parse_qsl

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sessionlab.nodes.errors import OptionError

OPTIONS = ("db", "username", "password", "client_name")
TLS_OPTIONS = (
    "ssl_cert_reqs",
    "ssl_check_hostname",
    "ssl_ca_certs",
    "ssl_ca_path",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_password",
)

# RFC 3986 section 3.2: what is left of an unencoded / ? or # in a password matches no part.
_USER = r"(?:[^/?#\s]*@)?"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]\s]+)(?::[0-9]+)?"
_OPTIONS = r"(?:\?(?P<options>[^#@\s]*))?"
_URL = re.compile(
    rf"(?P<scheme>rediss?)://{_USER}{_HOST}(?:/[0-9]*)?{_OPTIONS}"
    rf"|unix://{_USER}/[^?#@\s]+(?:\?(?P<unix>[^#@\s]*))?",
    re.ASCII,
)
_NAME = re.compile(r"[a-z_]+", re.ASCII)


def pool_of(url: str, *, timeout: float, connections: int) -> BlockingConnectionPool:
    """The connections to that Redis, none open yet. Raises `OptionError`.

    Its message never repeats the URL, nor redis-py's own words: there is a password in either.
    """
    _check(url)
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
        )
        pool.connection_class(**pool.connection_kwargs)  # does not connect
    except (ValueError, TypeError, RedisError) as error:
        raise _not_one() from error
    return pool


def _check(url: str) -> None:
    found = _URL.fullmatch(url)
    if found is None:
        raise _not_one()
    given = parse_qsl(found["options"] or found["unix"] or "", keep_blank_values=True)
    for name, _ in given:
        if _NAME.fullmatch(name) is None:
            raise _not_one()
        if name in TLS_OPTIONS and found["scheme"] != "rediss":
            raise OptionError(f"--redis-url: {name} is an option of rediss://")
        if name not in OPTIONS + TLS_OPTIONS:
            raise OptionError(
                f"--redis-url: {name} is no option here. There are {', '.join(OPTIONS)}, for"
                f" rediss:// also {', '.join(TLS_OPTIONS)}"
            )


def _not_one() -> OptionError:
    return OptionError(
        "--redis-url is not a Redis URL. Give redis://HOST:PORT/DB, rediss://… or unix://PATH, and"
        " in a password %2F for a slash, %23 for #, %3F for ?, %40 for @"
    )
