"""What a client sends ties it where the affinity goes by it, and nowhere else."""

from __future__ import annotations

import pytest

from sessionlab.lab.clients.ties import holds_tie


@pytest.mark.parametrize(
    ("affinity", "holds"),
    [
        ("none", False),
        ("source", True),
        ("learn:session", True),
        ("learn:no-such-cookie", False),
        ("header:X-Session", True),
        ("header:x-other", False),
        ("header:Host", True),
        ("header:cookie", True),
        ("learn-header:x-session", True),
        ("learn-header:mcp-session-id", False),
        ("query:id", True),
        ("query:other", False),
        ("cookie", None),
        ("somebody-else-s", None),
    ],
)
def test_a_request_holds_what_the_affinity_goes_by_or_does_not(
    affinity: str, holds: bool | None
) -> None:
    assert holds_tie(affinity, {"X-Session": "1"}, ["session"], ["id"]) is holds
