"""Affinity by the address that a client comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.affinity.header import HeaderAffinity
from sessionlab.balancer.affinity.interface import Claim
from sessionlab.balancer.affinity.row import key_of

if TYPE_CHECKING:
    from sessionlab.balancer.affinity.table import Table
    from sessionlab.balancer.http.request_fields import Fields


class SourceAffinity(HeaderAffinity):
    """As by a header, which every request has."""

    def __init__(self, table: Table) -> None:
        super().__init__("", table)

    def claim(self, fields: Fields, peer: bytes) -> Claim:
        """The hash of the address."""
        return Claim(key_of(peer), fields.cookie)
