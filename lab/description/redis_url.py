"""The URL of somebody else's Redis, as nodes take it: what they would refuse is refused here."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from sessionlab.lab.errors import UsageError

FORM = "redis://[USER:PASSWORD@]HOST:PORT/DB, rediss://… or unix://PATH"
_ASKING = frozenset({"db", "username", "password", "client_name"})
_TLS = frozenset(
    f"ssl_{what}"
    for what in (
        *("cert_reqs", "check_hostname", "ca_certs", "ca_path"),
        *("certfile", "keyfile", "password"),
    )
)
_URL = re.compile(
    r"(?:(?P<scheme>rediss?)://(?:[^/?#\s]*@)?"
    r"(?:\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]\s]+)(?::[0-9]{1,5})?(?:/[0-9]*)?"
    r"|unix://(?:[^/?#\s]*@)?/[^?#@\s]+)(?:\?(?P<options>[^#@\s]*))?",
    re.ASCII,
)


def checked(url: str) -> str:
    """The URL, if nodes can use it. Raises UsageError, which never repeats it: see its password."""
    found = _URL.fullmatch(url)
    if found is None:
        raise UsageError(
            "that Redis URL makes no sense",
            f"write {FORM}; in a password %2F for a slash, %23 for #, %3F for ?, %40 for @",
        )
    allowed = _ASKING | _TLS if found["scheme"] == "rediss" else _ASKING
    names = {name for name, _ in parse_qsl(found["options"] or "", keep_blank_values=True)}
    if names - allowed:
        raise UsageError(
            "that Redis URL has an option that nodes don't take",
            f"they take {', '.join(sorted(_ASKING))}; with rediss:// {', '.join(sorted(_TLS))}",
        )
    return url
