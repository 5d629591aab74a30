"""A credential in short, for whoever looks at a tab: no part of it that would let one in."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

from sessionlab.lab.page.credentials.tokens import opened
from sessionlab.lab.page.model.visitors import Credential
from sessionlab.lab.recipes.demo import demo

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client

Kind = Literal["session-id", "jwt", "other"]
SHOWN = 5  # characters
_ISSUED = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # sessionlab.nodes.stores.sessions


def credential_of(client: Client) -> Credential | None:
    """What it holds now; None for nothing. The mark is that of our nodes' logs."""
    value = client.credential
    if not value:
        return None
    mark = hashlib.sha256(value.encode()).hexdigest()[:8]
    kind = kind_of(client)
    short = f"{value[:3]}…{value[-SHOWN:]}" if kind == "jwt" else f"{value[:SHOWN]}…"
    return Credential(mark, kind, short if len(value) > 3 * SHOWN else "…")


def kind_of(client: Client) -> Kind:
    """What its credential is, by its form; of an app that is not ours an id can't be told."""
    if opened(client.credential):
        return "jwt"
    is_id = client.recipe is demo() and _ISSUED.fullmatch(client.credential)
    return "session-id" if is_id else "other"
