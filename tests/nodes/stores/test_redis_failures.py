import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from sessionlab.lab.description.certificates import new_certificate
from sessionlab.nodes.errors import Unavailable
from sessionlab.nodes.stores.redis import RedisStore
from sessionlab.nodes.stores.sessions import new_id
from sessionlab.nodes.strategies.redis import RedisStrategy
from sessionlab.nodes.transports.cookie import CookieTransport
from tests.field import field
from tests.nodes.valkey import Valkey


async def problem_at_login(url: str, presented: str | None = None) -> Unavailable:
    strategy = RedisStrategy(RedisStore(url, 5.0, 4), CookieTransport("sid"), 100, 1000)
    try:
        with pytest.raises(Unavailable) as caught:
            await strategy.login("alice", presented)
    finally:
        await strategy.close()
    return caught.value


@field(
    "tokens",
    sources="oauth2-proxy/oauth2-proxy#1658, alisaifee/flask-limiter#398,"
    " taskforcesh/bullmq#3351, https://redis.io/docs/latest/develop/reference/protocol-spec/",
)
@pytest.mark.parametrize(
    ("said", "command", "code"),
    [
        ("READONLY", ("REPLICAOF", "127.0.0.1", "1"), "store-error"),
        ("OOM", ("CONFIG", "SET", "maxmemory", "1"), "store-error"),
        ("NOPERM", ("ACL", "SETUSER", "default", "-@scripting"), "store-error"),
        ("NOAUTH", ("CONFIG", "SET", "requirepass", "secret"), "store-refused"),
    ],
)
async def test_what_redis_said_is_in_the_reason_and_in_the_log(
    own_valkey: Valkey,
    caplog: pytest.LogCaptureFixture,
    said: str,
    command: tuple[str, ...],
    code: str,
) -> None:
    """The first word of what Redis says (READONLY, NOAUTH, OOM …) is in the reason and the log."""
    own_valkey.do(*command)
    problem = await problem_at_login(own_valkey.url)
    assert f" {said}: " in problem.detail
    assert problem.code == code
    assert problem.detail in caplog.messages


async def test_a_wrong_password_is_told_from_a_missing_one(own_valkey: Valkey) -> None:
    own_valkey.do("CONFIG", "SET", "requirepass", "secret")
    problem = await problem_at_login(own_valkey.url.replace("unix://", "unix://:wrong@"))
    assert (problem.code, "WRONGPASS" in problem.detail) == ("store-refused", True)


async def test_a_database_that_is_not_there_is_an_error_of_the_store(valkey: Valkey) -> None:
    assert "ERR" in (await problem_at_login(f"{valkey.url}?db=99")).detail


async def test_nobody_there_is_said_in_the_words_of_the_system() -> None:
    problem = await problem_at_login("redis://127.0.0.1:1/0")
    assert (problem.code, "refused" in problem.detail.lower()) == ("store-unreachable", True)


@field("tokens", sources="redis/redis#1122, Jimdo/prometheus_client_php#110")
async def test_a_redis_cluster_is_named_as_what_sessions_cannot_use() -> None:
    server = Valkey.of_a_cluster()
    server.start()
    try:
        assert "Redis Cluster" in (await problem_at_login(server.url)).detail  # CLUSTERDOWN
        server.serve_all_slots()
        problem = await problem_at_login(server.url, presented=new_id())
        assert "CROSSSLOT" in problem.detail
    finally:
        server.remove()


@asynccontextmanager
async def behind_tls(server: Valkey, folder: Path) -> AsyncIterator[str]:
    """The same at HOST:PORT by TLS, which this Valkey is built without; `ca.pem` vouches for it."""
    certificate = new_certificate("127.0.0.1")
    (folder / "ca.pem").write_text(certificate.authority)
    (folder / "both.pem").write_text(certificate.key + certificate.chain)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "both.pem")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_unix_connection(server.url.removeprefix("unix://"))
        await asyncio.gather(_copy(reader, outer), _copy(inner, writer))

    front = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context)
    async with front:
        yield "{}:{}".format(*front.sockets[0].getsockname())


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(4096):
            writer.write(data)
    writer.close()


@field("tokens", sources="laixintao/iredis#403, goauthentik/authentik#9121")
async def test_tls_to_redis_is_checked_as_the_url_says_and_says_what_failed(
    valkey: Valkey, tmp_path: Path
) -> None:
    async with behind_tls(valkey, tmp_path) as place:
        for options in (f"ssl_ca_certs={tmp_path}/ca.pem", "ssl_cert_reqs=none"):
            store = RedisStore(f"rediss://{place}/0?{options}", 5.0, 1)
            assert await store.fields("none") == {}
            await store.client.aclose()
        problem = await problem_at_login(f"rediss://{place}/0")
        assert "CERTIFICATE_VERIFY_FAILED" in problem.detail
        problem = await problem_at_login(f"rediss://{place}/0?ssl_ca_certs=/nowhere.pem")
        assert "No such file" in problem.detail
