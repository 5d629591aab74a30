"""TLS at the edge: a context whose certificate can be read again while it serves."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from sessionlab.balancer.errors import UsageError

if TYPE_CHECKING:
    from sessionlab.balancer.config.model import Config


def context_of(config: Config) -> ssl.SSLContext | None:
    """What the public listener serves with, None in the clear. HTTP/1.1 only by ALPN.

    Raises `UsageError` when the files don't fit.
    """
    if not config.tls_cert:
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    renew(made, config)
    return made


def renew(secured: ssl.SSLContext | None, config: Config) -> None:
    """Read the files for new connections; raises `UsageError`, and changes nothing, if they fail.

    They are tried in a context of their own first: a key that does not match would otherwise
    leave the serving one half changed.
    """
    if secured is None or not config.tls_cert:
        return
    try:
        for context in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), secured):
            context.load_cert_chain(config.tls_cert, config.tls_key or None, "")
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(f"--tls-cert {config.tls_cert}: {error}") from None
