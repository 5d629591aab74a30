from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import redis.asyncio

from sessionlab.lab.cluster.processes import Parts
from sessionlab.lab.cluster.redis import Redis, executable
from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from tests.field import field
from tests.nodes.valkey import Valkey

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("REPLICAOF", "127.0.0.1", "1"), "READONLY"),
        (("CONFIG", "SET", "maxmemory", "1"), "OOM"),
        (("ACL", "SETUSER", "default", "-@scripting"), "NOPERM"),
        (("CONFIG", "SET", "requirepass", "another"), "NOAUTH"),
    ],
)
@field("tokens", sources="oauth2-proxy/oauth2-proxy#1658, taskforcesh/bullmq#3351")
async def test_a_redis_that_cannot_hold_sessions_is_the_lab_s_trouble_and_never_a_verdict(
    command: tuple[str, ...], says: str
) -> None:
    server = Valkey()
    server.start()
    try:
        await Redis.named(server.url).prove()
        assert server.do("DBSIZE") == 0  # it has left nothing
        server.do(*command)
        with pytest.raises(StartError, match=f"can't hold sessions: {says} "):
            await Redis.named(server.url).prove()
    finally:
        server.remove()


@field("tokens", sources="redis/redis#1122, Jimdo/prometheus_client_php#110")
async def test_a_redis_cluster_is_refused_before_anybody_logs_in() -> None:
    server = Valkey.of_a_cluster()
    server.start()
    try:
        server.serve_all_slots()
        with pytest.raises(StartError, match="CROSSSLOT") as raised:
            await Redis.named(server.url).prove()
        assert "no Cluster" in raised.value.hint
    finally:
        server.remove()


async def test_a_wrong_password_is_said_as_redis_says_it() -> None:
    server = Valkey()
    server.start()
    try:
        server.do("CONFIG", "SET", "requirepass", "secret")
        with pytest.raises(StartError, match="WRONGPASS"):
            await Redis.named(server.url.replace("unix://", "unix://:wrong@")).prove()
    finally:
        server.remove()


async def test_nobody_there_is_said_with_the_reason() -> None:
    with pytest.raises(StartError, match=r"does not answer: .*127\.0\.0\.1:1\b"):
        await Redis.named("redis://:hush@127.0.0.1:1/0").prove()


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
