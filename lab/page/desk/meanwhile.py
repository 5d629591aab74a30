"""Until what looks into credentials is there: what can be said without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.page.model.visitors import Credential

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client


def credential_of(client: Client) -> Credential | None:
    held = client.credential
    return (
        Credential(str(hash(held))[-8:], "jwt" if client.token else "session-id", "…")
        if held
        else None
    )
