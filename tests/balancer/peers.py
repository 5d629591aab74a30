"""HAProxy and nginx, when they are installed, in front of a backend that always answers."""

from __future__ import annotations

import http.server
import socket
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.fabrics.local.programs import executable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HAPROXY = """
defaults
  mode http
  timeout connect 1s
  timeout client 2s
  timeout http-request 1s
  timeout server 2s
listen all
  bind 127.0.0.1:{port}
  server n1 127.0.0.1:{backend}
"""
_NGINX = """
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p;
  fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  client_header_timeout 1s; client_body_timeout 1s;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{backend}; }} }}
}}
"""


@dataclass(frozen=True)
class Peer:
    """Another balancer, running."""

    name: str
    address: str


class _Always200(http.server.BaseHTTPRequestHandler):
    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        if not self._read_body():
            return  # never whole, so a balancer has not let it through
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _read_body(self) -> bool:
        if self.headers.get("Transfer-Encoding") is None:
            length = int(self.headers.get("Content-Length", "0"))
            return len(self.rfile.read(min(length, 1 << 20))) == length
        while line := self.rfile.readline():
            size = int(line.partition(b";")[0], 16)
            if size == 0:
                break
            self.rfile.read(size + 2)
        while line.strip():
            line = self.rfile.readline()
        return bool(line)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        pass


@pytest.fixture(scope="module")
def haproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """HAProxy with its defaults."""
    directory = tmp_path_factory.mktemp("haproxy")
    yield from _run("haproxy", directory, _HAPROXY, ["-db", "-q", "-f"])


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Nginx with its defaults."""
    directory = tmp_path_factory.mktemp("nginx")
    yield from _run("nginx", directory, _NGINX, ["-c"])


def _run(name: str, directory: Path, template: str, arguments: list[str]) -> Iterator[Peer]:
    port = _free_port()
    with _backend() as backend:
        config = directory / "config"
        config.write_text(template.format(port=port, backend=backend, dir=directory))
        process = subprocess.Popen(
            [executable(name) or name, *arguments, str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _await_listener(port, process)
            yield Peer(name, f"127.0.0.1:{port}")
        finally:
            process.kill()
            process.wait()


@contextmanager
def _backend() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Always200) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_listener(port: int, process: subprocess.Popen[bytes]) -> None:
    while True:
        assert process.poll() is None, "the peer did not start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
