"""What clients come in through: TLS, the PROXY protocol, Unix sockets, IPv6."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st

from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.errors import RefusedError
from sessionlab.balancer.http.proxy_protocol import Header, parse
from sessionlab.balancer.processes.single import running
from sessionlab.balancer.proxy.states import DISCARD, READING
from tests.balancer.conftest import client_connections
from tests.balancer.rawhttp import Client, connect, get, ok, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.balancer.conftest import Lab

V2 = b"\r\n\r\n\0\r\nQUIT\n"
V2_TCP4 = V2 + b"\x21\x11\0\x0c" + bytes([192, 0, 2, 7, 127, 0, 0, 1]) + b"\x10\x00\0\x50"


def certificate(path: Path, name: str) -> None:
    """A key and a self-signed certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )


async def test_tls_ends_here_and_a_new_certificate_is_taken_over(lab: Lab, tmp_path: Path) -> None:
    backend = await lab.backend()
    path = tmp_path / "edge.pem"
    certificate(path, "first")
    balancer = await lab.balancer(backend, tls_cert=str(path))
    names = []
    for name in ("first", "second", "second"):
        async with _over_tls(balancer.listen) as (client, subject):
            assert (await client.get()).status == 200
            names.append(subject)
        if name == "first":
            certificate(path, "second")
        else:
            path.write_text("no certificate")
        balancer.reload(lambda: configure(_options(backend.spec, str(path))))
    assert names == ["first", "second", "second"], "a bad file changes nothing"
    assert backend.requests[0].value("x-forwarded-proto") == b"https"


def _options(spec: str, path: str) -> Options:
    return Options(backend=[spec], tls_cert=path, health_interval=0.0)


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _over_tls:  # noqa: N801 - reads as the function that it is
    def __init__(self, address: str) -> None:
        self._port = int(address.rpartition(":")[2])

    async def __aenter__(self) -> tuple[Client, str]:
        reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=_trusting()
        )
        der = self._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        (name,) = x509.load_der_x509_certificate(der).subject
        return Client(reader, self._writer), str(name.value)

    async def __aexit__(self, *error: object) -> None:
        self._writer.transport.abort()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("greeting", "source"),
    [
        (b"PROXY TCP4 192.0.2.7 127.0.0.1 4096 80\r\n", b"192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 ::1 4096 80\r\n", b"2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", b"127.0.0.1"),
        (V2_TCP4, b"192.0.2.7"),
        (V2 + b"\x20\x00\0\0", b"127.0.0.1"),
    ],
)
async def test_the_proxy_protocol_says_who_the_client_is(
    lab: Lab, greeting: bytes, source: bytes
) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend, proxy_protocol=True))
    for byte in greeting:
        await client.send(bytes([byte]))
    assert (await client.get()).status == 200
    assert backend.requests[0].value("x-forwarded-for") == source


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("greeting", [V2_TCP4, b"PROXY TCP4 192.0.2.7 127.0.0.1 4096 80\r\n"])
async def test_tls_begins_after_the_header(
    lab: Lab, tmp_path: Path, greeting: bytes, whole: bool
) -> None:
    path = tmp_path / "pem"
    certificate(path, "edge")
    backend = await lab.backend()
    balancer = await lab.balancer(backend, proxy_protocol=True, tls_cert=str(path))
    for _ in range(2):
        reader, writer = await asyncio.open_connection(*balancer.listen.split(":"))
        for piece in [greeting] if whole else [bytes([byte]) for byte in greeting]:
            writer.write(piece)
            await writer.drain()
        await writer.start_tls(_trusting())
        answer = await Client(reader, writer).get()
        assert answer.status == 200
        writer.transport.abort()
    request = backend.requests[-1]
    assert request.value("x-forwarded-for") == b"192.0.2.7"
    assert request.value("x-forwarded-proto") == b"https"


async def test_neither_tls_without_the_header_nor_the_header_without_tls(
    lab: Lab, tmp_path: Path
) -> None:
    path = tmp_path / "pem"
    certificate(path, "edge")
    backend = await lab.backend()
    balancer = await lab.balancer(
        backend, proxy_protocol=True, tls_cert=str(path), header_timeout=0.2
    )
    for said in (get(), b"\x16\x03\x01", V2_TCP4 + get(), b"PROXY", b""):
        async with connect(balancer.listen) as client:
            await client.send(said)
            with contextlib.suppress(ConnectionResetError):  # what it did not read is thrown away
                assert not (await client.rest()).startswith(b"HTTP/")
    assert backend.requests == []


async def test_a_handshake_that_does_not_come_has_a_time_and_a_number(
    lab: Lab, tmp_path: Path
) -> None:
    path = tmp_path / "pem"
    certificate(path, "edge")
    backend = await lab.backend()
    balancer = await lab.balancer(
        backend, tls_cert=str(path), header_timeout=30.0, max_connections=3
    )
    silent = [await lab.client(balancer) for _ in range(3)]
    for _ in range(5):
        assert await (await lab.client(balancer)).rest() == b"", "one too many is closed at once"
    silent[0].writer.transport.abort()
    async with asyncio.timeout(10):
        while True:
            try:
                async with _over_tls(balancer.listen) as (client, _):
                    assert (await client.get()).status == 200
                break
            except OSError:  # ssl.SSLError is one
                await asyncio.sleep(0.002)  # it has not noticed yet
    brief = await lab.balancer(backend, tls_cert=str(path), header_timeout=0.2)
    assert await (await lab.client(brief)).rest() == b"", "after the header's time"


class _Spoken:
    """A client in TLS that reads from its socket only when it is told to, a little at a time."""

    async def shake_hands(self, address: str) -> None:
        """Up to its last piece, which goes out with what is said first."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        host, _, port = address.rpartition(":")
        await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
        self._reader, self.writer = await asyncio.open_connection(sock=sock, limit=1024)
        self._came, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _trusting().wrap_bio(self._came, self._going)
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.do_handshake()
                return
            self.writer.write(self._going.read())
            self._came.write(await self._reader.read(4096))

    def say(self, raw: bytes) -> None:
        self._tls.write(raw)
        self.writer.write(self._going.read())

    async def hear(self, size: int) -> bytes:
        """That much at least, or all that comes."""
        heard = b""
        async with asyncio.timeout(10):
            while len(heard) < size and (data := await self._reader.read(4096)):
                self._came.write(data)
                with contextlib.suppress(ssl.SSLWantReadError):
                    while piece := self._tls.read(4096):  # empty after a goodbye
                        heard += piece
        return heard


async def test_who_is_refused_in_tls_is_not_asked_for_a_request(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "pem"
    certificate(path, "edge")
    backend = await lab.backend()
    balancer = await lab.balancer(backend, tls_cert=str(path), max_connections=1)
    async with _over_tls(balancer.listen) as (first, _):
        assert (await first.get()).status == 200
        refused = _Spoken()
        await refused.shake_hands(balancer.listen)
        refused.say(get("/refused"))
        assert (await refused.hear(12)).startswith(b"HTTP/1.1 503 ")
        states = sorted(connection.state for connection in client_connections(balancer))
        assert states == [READING, DISCARD]
        assert (await first.get()).status == 200
        refused.writer.transport.abort()
    assert [r.line.split()[1] for r in backend.requests] == [b"/", b"/"]


async def test_an_idle_client_in_tls_does_not_hold_up_the_end(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "pem"
    certificate(path, "edge")
    balancer = await lab.balancer(await lab.backend(), tls_cert=str(path), drain_timeout=600.0)
    async with _over_tls(balancer.listen) as (client, _):
        assert (await client.get()).status == 200
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # no goodbye
        async with asyncio.timeout(10):
            await balancer.context.drain()


async def test_the_last_answer_in_tls_is_read_to_its_end_while_we_stop(
    lab: Lab, tmp_path: Path
) -> None:
    path = tmp_path / "pem"
    certificate(path, "edge")
    body = b"x" * 60_000
    balancer = await lab.balancer(
        await lab.backend(answer=ok(body)), tls_cert=str(path), drain_timeout=60.0
    )
    slow = _Spoken()
    await slow.shake_hands(balancer.listen)
    slow.say(get())
    await until(lambda: bool(client_connections(balancer)))
    (connection,) = client_connections(balancer)
    accepted = connection.transport.get_extra_info("socket")
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await until(lambda: bool(balancer.context.cluster.backends()[0].pool.idle))
    end = asyncio.ensure_future(balancer.context.drain())
    ticked = balancer.context.clock
    await until(lambda: balancer.context.clock > ticked + 0.5)
    assert (await slow.hear(len(body))).endswith(body)
    await end
    slow.writer.transport.abort()


async def test_without_its_header_nothing_is_served(lab: Lab) -> None:
    backend = await lab.backend()
    client = await lab.client(await lab.balancer(backend, proxy_protocol=True))
    await client.send(get())
    assert await client.rest() == b""
    assert backend.requests == []


@pytest.mark.parametrize(
    "bad",
    [
        b"GET / HTTP/1.1\r\n",
        b"PROXY TCP4 2001:db8::7 ::1 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 x\r\n",
        b"PROXY TCP9 1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY TCP6 ::1%x\nEvil:1 ::1 1 2\r\n",
        b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        b"PROXY TCP6 ::1 ::1%x\nEvil:1 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 x 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 ::1 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 99999 2\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
        b"PROXY " + b"x" * 200,
        V2 + b"\x31\x11\0\x0c" + bytes(12),
        V2 + b"\x21\x11\0\x04" + bytes(4),
        V2 + b"\x21\x11\xff\xff",
    ],
)
def test_a_bad_greeting_is_refused(bad: bytes) -> None:
    with pytest.raises(RefusedError):
        parse(bad)


@given(st.sampled_from([V2_TCP4, b"PROXY TCP4 192.0.2.7 127.0.0.1 4096 80\r\n"]), st.binary())
def test_what_follows_a_greeting_is_left_alone(greeting: bytes, rest: bytes) -> None:
    assert parse(greeting + rest) == Header("192.0.2.7", len(greeting))
    assert all(parse(greeting[:n]) is None for n in range(len(greeting)))


@given(st.binary(max_size=60))
def test_no_bytes_crash_it(data: bytes) -> None:
    for start in (b"", V2, b"PROXY "):
        try:
            header = parse(start + data)
        except RefusedError:
            continue
        assert header is None or header.length <= len(start + data)


_WORDS = st.sampled_from([b"::1", b"1.2.3.4", b"%", b"\n", b"\r", b"\0", b"Evil:1", b"80", b" "])
_FIELDS = st.lists(st.one_of(_WORDS, st.binary(max_size=3)), max_size=6).map(b"".join)


@given(
    st.sampled_from([b"TCP4", b"TCP6", b"UNKNOWN"]),
    st.lists(_FIELDS, min_size=4, max_size=4).map(b" ".join),
)
@example(b"TCP6", b"::1%x\nEvil:1 ::1 1 2")
@example(b"TCP6", b"2001:DB8::1 ::1 1 2")
def test_a_source_is_an_address_and_nothing_else(family: bytes, fields: bytes) -> None:
    """It is forwarded and logged as it is."""
    try:
        header = parse(b"PROXY %b %b\r\n" % (family, fields))
    except RefusedError:
        return
    assert header is None or re.fullmatch(r"[0-9a-f:.]*", header.source)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(("source", "trusted"), [("203.0.113.9", False), ("10.0.0.7", True)])
async def test_the_announced_client_is_who_is_trusted_or_not(
    lab: Lab, tmp_path: Path, source: str, trusted: bool, tls: bool
) -> None:
    backend = await lab.backend()
    options: dict[str, Any] = {
        "trust_proxy": ["127.0.0.0/8", "10.0.0.0/8"],
        "proxy_protocol": True,
    }
    if tls:
        path = tmp_path / "pem"
        certificate(path, "edge")
        options["tls_cert"] = str(path)
    balancer = await lab.balancer(backend, **options)
    reader, writer = await asyncio.open_connection(*balancer.listen.split(":"))
    writer.write(f"PROXY TCP4 {source} 127.0.0.1 4096 80\r\n".encode())
    if tls:
        await writer.drain()
        await writer.start_tls(_trusting())
    assert (await Client(reader, writer).get("/", "X-Forwarded-For: 6.6.6.6")).status == 200
    writer.transport.abort()
    chain = f"6.6.6.6, {source}" if trusted else source
    assert backend.requests[0].values("x-forwarded-for") == [chain.encode()]


async def test_a_client_of_ipv4_is_one_on_a_socket_of_both_kinds(lab: Lab) -> None:
    backend = await lab.backend()
    options = {"health_interval": 0.0, "drain_timeout": 0.0, "admin": "none"}
    spec = Options(
        listen="[::]:0",
        backend=[backend.spec],
        trust_proxy=["127.0.0.1/32"],
        **options,  # type: ignore[arg-type]
    )
    async with running(configure(spec)) as balancer:
        port = balancer.listen.rpartition(":")[2]
        async with connect(f"127.0.0.1:{port}") as client:
            assert (await client.get("/", "X-Forwarded-For: 192.0.2.1")).status == 200
    assert backend.requests[0].values("x-forwarded-for") == [b"192.0.2.1, 127.0.0.1"]


async def test_a_request_without_a_host_on_a_unix_socket_is_for_localhost(
    lab: Lab, tmp_path: Path
) -> None:
    path = tmp_path / "inner.sock"
    backend = await lab.backend()
    options = {"health_interval": 0.0, "drain_timeout": 0.0, "admin": "none"}
    spec = Options(listen=f"unix:{path}", backend=[backend.spec], **options)  # type: ignore[arg-type]
    async with running(configure(spec)):
        reader, writer = await asyncio.open_unix_connection(path)
        assert (await Client(reader, writer).ask(b"GET / HTTP/1.0\r\n\r\n")).status == 200
        writer.transport.abort()
    assert backend.requests[0].values("host") == [b"localhost"]
    assert backend.requests[0].values("x-forwarded-host") == [b"localhost"]


async def test_unix_sockets_and_ipv6_work_on_both_sides(lab: Lab, tmp_path: Path) -> None:
    inner = tmp_path / "inner.sock"
    backend = await lab.backend()
    options = {"health_interval": 0.0, "drain_timeout": 0.0, "admin": "none"}
    first = Options(listen=f"unix:{inner}", backend=[backend.spec], **options)  # type: ignore[arg-type]
    second = Options(listen="[::1]:0", backend=[f"n1=unix:{inner}"], **options)  # type: ignore[arg-type]
    async with running(configure(first)), running(configure(second)) as outer:
        assert outer.listen.startswith("[::1]:")
        async with connect(outer.listen) as client:
            assert (await client.get()).status == 200
    request = backend.requests[0]
    assert request.values("via") == [b"1.1 sessionlab", b"1.1 sessionlab"]
