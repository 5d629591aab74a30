"""What a failed operation on Redis means: the 503, with the first word of what was said.

The word alone (`READONLY`, `CERTIFICATE_VERIFY_FAILED`), for the rest may repeat keys and values.
"""

import os
import re
import ssl
from collections.abc import Iterator

from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from sessionlab.nodes.errors import Unavailable

_CLUSTER = "this is one of a Redis Cluster, and sessions need a Redis of one server"
_MEANINGS = {
    "NOAUTH": "it wants a password",
    "WRONGPASS": "it refuses this node's user or password",
    "NOPERM": "this node's user needs EVALSHA, SCRIPT LOAD, TIME, HGETALL, HSET, HMGET, HGET, DEL,"
    " EXISTS, PTTL and PEXPIRE on sessionlab:*",
    "READONLY": "this is a replica, which takes no writes",
    "OOM": "it is full",
    "MOVED": _CLUSTER,
    "ASK": _CLUSTER,
    "CROSSSLOT": _CLUSTER,
    "CLUSTERDOWN": _CLUSTER,
}
# The first word of an error is its code by convention: Redis's protocol, "Simple errors".
_CODE = re.compile(r"([A-Z]{3,})(?: |$)", re.ASCII)


def unavailable(error: RedisError | OSError, timeout: float) -> Unavailable:
    """The problem that an error of the client's is, after at most `timeout` seconds."""
    if isinstance(error, (TimeoutError, RedisTimeoutError)):
        return Unavailable(
            "store-timeout", f"the session store did not answer within {timeout:g} s"
        )
    causes = list(_causes(error))
    if code := next(filter(None, map(_code, causes)), None):
        meaning = f": {_MEANINGS[code]}" if code in _MEANINGS else ""
        refused = any(isinstance(cause, AuthenticationError) for cause in causes)
        return Unavailable(
            "store-refused" if refused else "store-error",
            f"the session store answered {code}{meaning}",
        )
    why = next(filter(None, map(_words, causes)), None)
    return Unavailable(
        "store-unreachable", "the session store cannot be reached" + (f": {why}" if why else "")
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it came of: the client wraps what happens while it connects."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _code(error: BaseException) -> str | None:
    """What Redis itself said, if it said anything."""
    if not isinstance(error, RedisError):
        return None
    found = _CODE.match(str(error))
    return error.status_code or (found[1] if found else None)


def _words(error: BaseException) -> str | None:
    """What TLS or the system said."""
    if isinstance(error, ssl.SSLError):
        return error.reason
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno) if error.errno > 0 else error.strerror
    return None
