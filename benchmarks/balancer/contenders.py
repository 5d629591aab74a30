"""The balancers that are compared, each with one thread, checks or their like, and keep-alive."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sessionlab.lab.fabrics.local.programs import executable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


_MAX_ACTIVE = 1000  # requests at one backend at a time: a limit that counts, and never queues here
_LEARN = (
    "  stick-table type string len 64 size 100k expire 1h\n"  # as many, and as long, as ours
    "  stick on req.cook(sid)\n  stick store-response res.cook(sid)\n"
)


@dataclass(frozen=True)
class Setup:
    """At which port, before which backends, with which affinity if any; where files may go."""

    port: int
    backends: Sequence[int]
    cookie: bool
    directory: Path
    learn: bool = False


@dataclass(frozen=True)
class Contender:
    """One balancer and the command that starts it."""

    name: str
    command: Callable[[Setup], list[str]]
    has_cookies: bool = True
    directory: Path | None = None
    """Where it is started: for ours, the tree that is measured."""


def _ours(module: str, setup: Setup) -> list[str]:
    affinity = "learn:sid" if setup.learn else "cookie" if setup.cookie else "none"
    command = [sys.executable, "-m", module, "--listen", f"127.0.0.1:{setup.port}"]
    command += ["--admin", "127.0.0.1:0", "--affinity", affinity]
    command += ["--max-active", str(_MAX_ACTIVE)]
    for number, backend in enumerate(setup.backends):
        command += ["--backend", f"n{number}=127.0.0.1:{backend}"]
    return command


def _haproxy(setup: Setup) -> list[str]:
    servers = "".join(
        f"  server n{n} 127.0.0.1:{b} check maxconn {_MAX_ACTIVE} cookie n{n}\n"
        for n, b in enumerate(setup.backends)
    )
    config = setup.directory / f"haproxy-{setup.port}.cfg"
    config.write_text(
        "global\n  nbthread 1\n  maxconn 4000\n"
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
        "  timeout http-request 10s\n  timeout http-keep-alive 60s\n  http-reuse always\n"
        f"frontend f\n  bind 127.0.0.1:{setup.port}\n  option forwardfor\n"
        "  unique-id-format %{+X}o%ci%cp%Ts%rt%pid\n  unique-id-header X-Request-ID\n"
        "  default_backend b\n"
        "backend b\n  balance roundrobin\n  option httpchk GET /readyz\n"
        + ("  cookie SRV insert indirect nocache\n" if setup.cookie else "")
        + (_LEARN if setup.learn else "")
        + servers
    )
    return [executable("haproxy") or "haproxy", "-db", "-q", "-f", str(config)]


def _nginx(setup: Setup) -> list[str]:
    servers = "".join(f"server 127.0.0.1:{b}; " for b in setup.backends)
    config = setup.directory / f"nginx-{setup.port}.conf"
    config.write_text(
        f"daemon off; master_process off; pid {setup.directory}/nginx-{setup.port}.pid;\n"
        f"error_log {setup.directory}/nginx.log;\nworker_rlimit_nofile 8192;\n"
        "events { worker_connections 4096; }\n"
        "http { access_log off; keepalive_requests 100000000;\n"
        + "".join(
            f"{kind}_temp_path {setup.directory}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + f"upstream b {{ {servers} keepalive 600; keepalive_requests 100000000; }}\n"
        f"server {{ listen 127.0.0.1:{setup.port}; location / {{ proxy_pass http://b;\n"
        "proxy_http_version 1.1; proxy_set_header Connection '';\n"
        "proxy_set_header X-Forwarded-For $remote_addr;\n"
        "proxy_set_header X-Request-ID $request_id; } } }\n"
    )
    return [executable("nginx") or "nginx", "-c", str(config)]


def ours(name: str, directory: Path | None = None) -> Contender:
    """Our balancer as it is in that tree (this one, when none is named)."""
    return Contender(name, partial(_ours, _module_in(directory)), directory=directory)


def _module_in(directory: Path | None) -> str:
    """Until it moved into one package, the balancer was one of its own."""
    old = directory is not None and not (directory / "sessionlab").exists()
    return "balancer" if old else "sessionlab.balancer"


def found() -> list[Contender]:
    """Those that are installed; ours first."""
    contenders = [ours("ours")]
    if executable("haproxy"):
        contenders.append(Contender("haproxy", _haproxy))
    if executable("nginx"):
        contenders.append(Contender("nginx", _nginx, has_cookies=False))
    return contenders
