"""A credential in short, for whoever looks at a tab: no part of it that would let one in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.page.model.visitors import Credential


def credential_of(client: Client) -> Credential | None:
    """What it holds now; None for nothing."""
    raise NotImplementedError
