"""Other reverse proxies in Python: what to install, and each configured as well as it can be.

All run on uvloop and httptools where they can, keep their connections to the backends where they
can, and write no log. Those that know no balancing send everything to the first backend, which
spares them a choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SERVE = """
import uvicorn
uvicorn.run(app, host="127.0.0.1", port=port, loop="uvloop", http="httptools",
            access_log=False, log_level="error", timeout_keep_alive=600)
"""
_PORTS = "import sys\nport, *backends = map(int, sys.argv[1:])\n"

_AIOHTTP = """
import itertools
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web
import uvloop
turn = itertools.cycle([f"http://127.0.0.1:{backend}" for backend in backends])
HOP = {"Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Date", "Server"}

async def proxy(request):
    body = request.content if request.body_exists else None
    headers = {k: v for k, v in request.headers.items() if k not in HOP}
    async with session.request(request.method, next(turn) + request.raw_path, headers=headers,
                               data=body, allow_redirects=False) as got:
        headers = [(k, v) for k, v in got.headers.items() if k not in HOP]
        return web.Response(status=got.status, headers=headers, body=await got.read())

async def main():
    global session
    session = ClientSession(connector=TCPConnector(limit=0, keepalive_timeout=600),
                            cookie_jar=DummyCookieJar(), auto_decompress=False)
    server = web.Server(proxy, access_log=None, keepalive_timeout=600)
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    import asyncio
    await asyncio.Event().wait()

uvloop.run(main())
"""
_ASGI_AIOHTTP = """
import itertools
from aiohttp import ClientSession, DummyCookieJar, TCPConnector
turn = itertools.cycle([f"http://127.0.0.1:{backend}" for backend in backends])
HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server"}
session = None

async def app(scope, receive, send):
    global session
    if scope["type"] != "http":
        return
    if session is None:
        session = ClientSession(connector=TCPConnector(limit=0, keepalive_timeout=600),
                                cookie_jar=DummyCookieJar(), auto_decompress=False)
    query = scope["query_string"].decode()
    url = next(turn) + scope["path"] + ("?" + query if query else "")
    headers = [(k.decode(), v.decode()) for k, v in scope["headers"] if k not in HOP]
    async with session.request(scope["method"], url, headers=headers,
                               allow_redirects=False) as got:
        headers = [(k.lower(), v) for k, v in got.raw_headers if k.lower() not in HOP]
        await send({"type": "http.response.start", "status": got.status, "headers": headers})
        await send({"type": "http.response.body", "body": await got.read()})
"""
_GRANIAN = """
from granian import Granian
from granian.constants import Interfaces, Loops
if __name__ == "__main__":
    Granian(__file__ + ":app", address="127.0.0.1", port=port, interface=Interfaces.ASGINL,
            loop=Loops.uvloop, workers=1, log_enabled=False).serve()
"""
_HTTPX = """
import itertools, httpx
turn = itertools.cycle([f"http://127.0.0.1:{backend}" for backend in backends])
client = httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=None,
                           max_connections=None, keepalive_expiry=600), trust_env=False)
HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server"}

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    query = scope["query_string"].decode()
    url = next(turn) + scope["path"] + ("?" + query if query else "")
    headers = [(k, v) for k, v in scope["headers"] if k not in HOP]
    got = await client.send(client.build_request(scope["method"], url, headers=headers))
    headers = [(k.lower(), v) for k, v in got.headers.raw if k.lower() not in HOP]
    await send({"type": "http.response.start", "status": got.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": got.content})
"""
_FASTAPI_PROXY_LIB = """
import httpx
from fastapi_proxy_lib.fastapi.app import reverse_http_app
client = httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=None,
                           max_connections=None, keepalive_expiry=600), trust_env=False)
app = reverse_http_app(client, base_url=f"http://127.0.0.1:{backends[0]}/")
"""
_FASTAPI_REVERSE_PROXY = """
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request
from fastapi_reverse_proxy import LoadBalancer, Proxy
balancer = LoadBalancer([f"http://127.0.0.1:{backend}" for backend in backends])

@asynccontextmanager
async def lifespan(app):
    async with Proxy(app):
        yield

app = FastAPI(lifespan=lifespan)

@app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
async def index(request: Request, path: str):
    return await balancer.proxy_pass(request, "/" + path)
"""
_ASGIPROXY = """
from asgiproxy.__main__ import make_app
app, context = make_app(f"http://127.0.0.1:{backends[0]}")
"""
_TWISTED = """
from twisted.internet import reactor
from twisted.web import proxy, server
resource = proxy.ReverseProxyResource("127.0.0.1", backends[0], b"")
reactor.listenTCP(port, server.Site(resource), interface="127.0.0.1")
reactor.run()
"""


@dataclass(frozen=True)
class Peer:
    """A proxy: its packages, and a program that takes its port and those of the backends."""

    name: str
    packages: Sequence[str]
    program: str = ""
    command: Callable[[int, Sequence[int]], list[str]] | None = None
    """For what is a program already: its own command line, without the folder."""
    room: str = "shared"
    """The environment it is installed into: one of its own if it asks for old versions."""


def _mitmdump(port: int, backends: Sequence[int]) -> list[str]:
    command = ["mitmdump", "-q", "--mode", f"reverse:http://127.0.0.1:{backends[0]}"]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    return [*command, "--set", "stream_large_bodies=1", "--set", "flow_detail=0"]


_UVICORN = ("uvicorn", "uvloop", "httptools")
PEERS = [
    Peer("aiohttp", ("aiohttp", "uvloop"), _PORTS + _AIOHTTP),
    Peer("uvicorn+aiohttp", (*_UVICORN, "aiohttp"), _PORTS + _ASGI_AIOHTTP + _SERVE),
    Peer("granian+aiohttp", ("granian", "uvloop", "aiohttp"), _PORTS + _ASGI_AIOHTTP + _GRANIAN),
    Peer("uvicorn+httpx", (*_UVICORN, "httpx"), _PORTS + _HTTPX + _SERVE),
    Peer("asgiproxy", ("asgiproxy", *_UVICORN), _PORTS + _ASGIPROXY + _SERVE),
    Peer(
        "fastapi-proxy-lib", ("fastapi-proxy-lib", *_UVICORN), _PORTS + _FASTAPI_PROXY_LIB + _SERVE
    ),
    Peer(
        "fastapi-reverse-proxy",
        ("fastapi-reverse-proxy", *_UVICORN),
        _PORTS + _FASTAPI_REVERSE_PROXY + _SERVE,
    ),
    Peer("twisted", ("twisted",), _PORTS + _TWISTED),
    Peer("mitmproxy", ("mitmproxy",), command=_mitmdump, room="mitmproxy"),
]
