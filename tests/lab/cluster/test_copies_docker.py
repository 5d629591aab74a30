"""Copies of an app that is not ours, each in a container of its own image."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import StartError, UsageError
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.docker.fabric import DockerFabric
from sessionlab.lab.fabrics.docker.image import OURS
from sessionlab.lab.recipes.chosen import Chosen
from sessionlab.lab.recipes.reading import parse
from sessionlab.lab.record.history import History

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SHOP = Path(__file__).parent.parent / "shop"
PYTHON = "/opt/sessionlab/bin/python"

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # the image may have to be built
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def fabric() -> AsyncIterator[DockerFabric]:
    fabric = DockerFabric()
    await fabric.open()
    yield fabric
    await fabric.close()


def shop(fabric: DockerFabric, image: str, python: str = PYTHON) -> Cluster:
    raw = {
        "name": "shop",
        "app": {
            "run": [python, "shop.py", "{host}", "{port}"],
            "env": {"REDIS": "{redis}", "SHARED": "{shared}", "OWN": "{dir}"},
            "before": [python, "-c", "import os; open(os.environ['SHARED'] + '/made', 'w')"],
            "ready": "/healthz",
            "stop": {"signal": "SIGINT"},
            "image": image,
        },
        "login": {"post": "/session", "form": {"name": "{user}", "password": "{password}"}},
        "me": {"get": "/whoami", "user": {"json": "name"}},
    }
    chosen = Chosen(parse(raw, SHOP / "sessionlab.toml"))
    description = Description((Service.of(chosen, 2),))
    return Cluster(description, fabric.sandbox("shop"), history=History(), events=Events())


async def test_the_same_command_runs_in_its_image(fabric: DockerFabric) -> None:
    async with shop(fabric, OURS.name) as cluster:
        alice = cluster.client("alice")
        await alice.login()
        assert (await alice.me_times(4)).recognised == 4
        await cluster.kill("n1")
        await cluster.start("n1")
        await cluster.stop("n2")
        await cluster.deploy("rolling", version="2")
        assert (await alice.me_times(4)).recognised == 4


async def test_what_is_not_in_the_image_is_said(fabric: DockerFabric) -> None:
    with pytest.raises(StartError, match="guniconr"):
        await shop(fabric, OURS.name, "guniconr").__aenter__()


async def test_an_app_without_an_image_runs_in_no_container(fabric: DockerFabric) -> None:
    with pytest.raises(UsageError, match="says no image"):
        await shop(fabric, "", sys.executable).__aenter__()
