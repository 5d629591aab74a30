"""Generated configurations where a path holds what their languages take for something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.record.history import History
from tests.field import field
from tests.installed import needs

if TYPE_CHECKING:
    from pathlib import Path

ODD = """a b"c'd#e$HOME\\n;{f"""


@field("machines", sources="lerd-env/lerd#893, ishchenko/idea-nginx#46")
@pytest.mark.parametrize(
    "balancer", ["builtin", *(pytest.param(n, marks=needs(n)) for n in ("haproxy", "nginx"))]
)
async def test_no_character_of_a_path_breaks_a_configuration(
    balancer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ODD).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ODD))
    fabric = LocalFabric()
    await fabric.open()
    try:
        described = Description(
            (Service("app", 1, "redis"),), balancer, tls=True, redis=True, redis_keeps=True
        )
        sandbox = fabric.sandbox("here")
        async with Cluster(described, sandbox, history=History(), events=Events()) as running:
            alice = running.client("alice")
            await alice.login()
            await running.reload_balancer()
            assert (await alice.me()).status == 200
    finally:
        await fabric.close()
