"""TLS at the edge: the files that a balancer is given, and what its clients believe."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.description.certificates import new_certificate

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.interface import Sandbox


@dataclass(frozen=True, slots=True)
class Edge:
    """Paths as the balancer sees them; `both` is chain and key in one file, as HAProxy wants it.

    `authority` is the one whose certificates clients believe, and no other's.
    """

    chain: str
    key: str
    both: str
    authority: str

    @classmethod
    def on(cls, sandbox: Sandbox, host: str) -> Edge:
        """Make a certificate for that host, and write it where the balancer can read it."""
        made = new_certificate(host)
        return cls(
            sandbox.write("edge.crt", made.chain),
            sandbox.write("edge.key", made.key),
            sandbox.write("edge.pem", made.chain + made.key),
            made.authority,
        )

    def believed(self) -> ssl.SSLContext:
        """A client's context: the certificate must be for the host that was asked for."""
        return ssl.create_default_context(cadata=self.authority)
