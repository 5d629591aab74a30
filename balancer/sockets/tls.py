"""TLS at the edge: a context whose certificate can be read again while it serves."""

from __future__ import annotations

import ssl

from sessionlab.balancer.errors import UsageError


def context(certificate: str, key: str) -> ssl.SSLContext:
    """A server's context; raises `UsageError` when the files don't fit. HTTP/1.1 only by ALPN."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    load(made, certificate, key)
    return made


def load(made: ssl.SSLContext, certificate: str, key: str) -> None:
    """Use these files for new connections; raises `UsageError`, and changes nothing, if they fail.

    The files are tried in a context of their own first: a key that does not match would otherwise
    leave the serving one half changed.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key or None, "")
        made.load_cert_chain(certificate, key or None, "")
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(f"--tls-cert {certificate}: {error}") from None
