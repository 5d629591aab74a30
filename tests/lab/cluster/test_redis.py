from __future__ import annotations

import signal
from pathlib import Path

import pytest
import redis.asyncio

from sessionlab.lab.cluster.processes import Parts
from sessionlab.lab.cluster.redis import Redis, executable
from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.local.fabric import LocalFabric


async def test_it_starts_asks_for_its_password_and_stops() -> None:
    fabric = LocalFabric()
    await fabric.open()
    sandbox = fabric.sandbox("here")
    redis = Redis.on(sandbox)
    assert redis.part is not None
    assert not await redis.answers()
    await Parts(sandbox).start(redis.part, redis.answers)
    assert await redis.answers()
    assert not await Redis(redis.url.replace("redis://:", "redis://:not")).answers()
    await Parts(sandbox).end("redis", signal.SIGKILL)
    assert not await redis.answers()
    await fabric.close()


@pytest.mark.parametrize(("keeps", "found"), [(True, b"alice"), (False, None)])
async def test_what_it_held_is_there_after_a_kill_only_when_it_keeps_it(
    keeps: bool, found: bytes | None
) -> None:
    fabric = LocalFabric()
    await fabric.open()
    sandbox = fabric.sandbox("here")
    server = Redis.on(sandbox, keeps=keeps)
    assert server.part is not None
    await Parts(sandbox).start(server.part, server.answers)
    async with redis.asyncio.from_url(server.url) as client:
        await client.set("user", "alice")
    await Parts(sandbox).end("redis", signal.SIGKILL)
    await Parts(sandbox).start(server.part, server.answers)
    async with redis.asyncio.from_url(server.url) as client:
        assert await client.get("user") == found
    await fabric.close()


def test_its_password_does_not_show() -> None:
    assert "hush" not in repr(Redis("redis://:hush@127.0.0.1:6379/0"))


async def test_a_url_that_makes_no_sense_is_a_clear_error() -> None:
    with pytest.raises(StartError, match="cannot be used"):
        await Redis("http://127.0.0.1:6379").answers()


def test_a_server_on_the_path_replaces_the_embedded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = executable(LocalFabric())
    server = tmp_path / "valkey-server"
    server.write_text("")
    server.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert executable(LocalFabric()) == str(server)
    assert embedded != str(server)
