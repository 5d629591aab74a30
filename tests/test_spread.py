"""How tests are spread over processes."""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif(os.environ.get("TESTS_SPREAD") != "loadgroup", reason="nobody asked for groups")
@pytest.mark.parametrize("number", range(4))
def test_those_of_a_file_share_a_process(number: int, request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith(f"[{number}]@test_spread.py")
    with_them = [item for item in request.session.items if item.path == request.path]
    assert len(with_them) == 4
    place = request.config.stash.setdefault(HERE, [])
    place.append(number)
    assert place == list(range(number + 1)), "others of this file ran in another process"


HERE = pytest.StashKey[list[int]]()
