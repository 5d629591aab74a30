"""A stack that runs already, as values: where it is, and what it was started with."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from yarl import URL

from sessionlab.lab.description.cluster import BALANCER, CLUSTER, Description
from sessionlab.lab.errors import Skip, StartError, UsageError

FORM = "URL,nodes=HOST:PORT[,affinity=A][,algorithm=A][,balancer=B][,admin=URL]"
MOST_USERS = 1000  # a node's own default


@dataclass(frozen=True, slots=True)
class Target:
    """A stack that somebody else has started: its balancer's URL, and the name of its nodes.

    `host` resolves to every node's address, as it does in Docker's own DNS. `admin` is where our
    own balancer says what it knows, empty where that cannot be reached.
    """

    url: str
    host: str
    port: int
    password: str = field(repr=False)
    affinity: str = CLUSTER.affinity
    algorithm: str = CLUSTER.algorithm
    balancer: str = BALANCER
    admin: str = ""

    def addresses(self) -> list[str]:
        """The addresses of its nodes; raises StartError when the name has none."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise StartError(
                f"the nodes of {self.url} cannot be found: {self.host}: {error.strerror}",
                "is the stack up, and this on its network?",
            ) from None
        return sorted({str(address[0]) for *_, address in found})

    def suit(self, description: Description) -> None:
        """Raise Skip unless the stack is what a story describes, as far as it can be known."""
        service = description.services[0]
        if len(description.services) > 1:
            raise Skip("the running stack has one service, and this takes several")
        if not description.one_key:
            raise Skip("the nodes of the running stack share their signing key")
        if service.options or description.balancer_options or service.program != "sessionlab.nodes":
            raise Skip("this takes parts with options of their own, and the stack runs already")
        if description.tls or description.trust_balancer:
            raise Skip("this takes an edge of its own making, and the stack runs already")
        if description.jwt_algorithm != "HS256":
            raise Skip("this takes nodes with another signing algorithm")
        if description.balancer is None:
            return
        for what, wanted, there in (
            ("affinity", description.affinity, self.affinity),
            ("algorithm", description.algorithm, self.algorithm),
        ):
            if wanted != there:
                raise Skip(f"the running stack has {what} {there}, and this takes {wanted}")


def parse_target(text: str, password: str) -> Target:
    """`URL,nodes=HOST:PORT[,affinity=…]…`; raises UsageError."""
    url, *rest = text.split(",")
    options = dict(item.partition("=")[::2] for item in rest)
    host, _, port = options.pop("nodes", "").rpartition(":")
    unknown = options.keys() - {"affinity", "algorithm", "balancer", "admin"}
    options["admin"] = options.get("admin", "").rstrip("/")
    proper = _is_url(url) and (not options["admin"] or _is_url(options["admin"]))
    if not proper or not host or not port.isdigit() or unknown:
        raise UsageError(f"the target {text!r} makes no sense", f"write {FORM}")
    if not password:
        raise UsageError(
            "the password of the target's users is not known",
            "give it as SESSIONLAB_TARGET_PASSWORD",
        )
    return Target(url.rstrip("/"), host, int(port), password, **options)


def _is_url(text: str) -> bool:
    try:
        return URL(text).scheme in ("http", "https") and bool(URL(text).host)
    except ValueError:
        return False
