"""A new connection to a backend, for a request or for a check."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, TypeVar

from sessionlab.balancer.errors import ExhaustedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.config.model import Address

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
P = TypeVar("P", bound=asyncio.Protocol)


async def connect(
    protocol: Callable[[], P], address: Address, seconds: float
) -> tuple[asyncio.Transport, P]:
    """A new connection, made within that many seconds.

    Raises OSError, also for a time-out; ExhaustedError for what is no fault of the backend's.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            if address.path:
                return await loop.create_unix_connection(protocol, address.path)
            return await loop.create_connection(protocol, address.host, address.port)
    except OSError as error:
        if error.errno in _EXHAUSTED:
            raise ExhaustedError(error) from error
        raise
