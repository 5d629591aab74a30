"""What the lab writes for HAProxy and nginx, judged by the programs themselves where they are."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest

from lab.balancers import haproxy_config, nginx_config
from lab.balancers.interface import Backend
from lab.balancers.plan import Plan
from lab.description import Description, Service
from lab.errors import Skip
from lab.fabrics.interface import Address
from lab.fabrics.local import executable
from tests.installed import needs

HERE = "127.0.0.1"
PUBLIC, ADMIN, PEER = (Address(HERE, port) for port in (18901, 18902, 18903))
AFFINITIES = ("none", "cookie", "learn:sid", "source", "header:X-User")
KEYS = ("source", "path", "header:X-User", "cookie:visitor")
HASHES = [f"{name}:{key}" for name in ("hash", "consistent-hash") for key in KEYS]


def plan(room: Path, services: tuple[str, ...] = ("app",), **wishes: str) -> Plan:
    described = Description(tuple(Service(name, 2) for name in services), **wishes)  # type: ignore[arg-type]
    backends = [
        Backend(name, f"{name}-n{number}", Address(HERE, 19000 + number))
        for name in services
        for number in (1, 2)
    ]
    return Plan(PUBLIC, ADMIN, PEER, str(room), described, backends)


@needs("haproxy")
@pytest.mark.parametrize(
    ("algorithm", "affinity"),
    list(itertools.product((*haproxy_config.ALGORITHMS, *HASHES), AFFINITIES)),
)
@pytest.mark.parametrize("services", [("app",), ("auth", "orders")])
def test_haproxy_accepts_every_configuration(
    tmp_path: Path, services: tuple[str, ...], algorithm: str, affinity: str
) -> None:
    text = haproxy_config.configuration(
        plan(tmp_path, services, algorithm=algorithm, affinity=affinity)
    )
    path = tmp_path / "haproxy.cfg"
    path.write_text(text)
    done = subprocess.run(
        [executable("haproxy") or "", "-c", "-L", haproxy_config.PEER, "-f", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + text
    assert "WARNING" not in done.stderr


@needs("nginx")
@pytest.mark.parametrize(
    ("algorithm", "affinity"),
    list(itertools.product((*nginx_config.ALGORITHMS, *HASHES), nginx_config.AFFINITIES)),
)
@pytest.mark.parametrize("services", [("app",), ("auth", "orders")])
def test_nginx_accepts_every_configuration(
    tmp_path: Path, services: tuple[str, ...], algorithm: str, affinity: str
) -> None:
    text = nginx_config.configuration(
        plan(tmp_path, services, algorithm=algorithm, affinity=affinity)
    )
    path = tmp_path / "nginx.conf"
    path.write_text(text)
    done = subprocess.run(
        [executable("nginx") or "", "-t", "-p", tmp_path, "-e", "stderr", "-c", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + text
    assert "[warn]" not in done.stderr


@pytest.mark.parametrize("affinity", ["cookie", "learn:sid", "header:X-User"])
def test_what_nginx_cannot_do_is_a_skip_with_the_reason(tmp_path: Path, affinity: str) -> None:
    with pytest.raises(Skip, match=f"nginx has no affinity `{affinity}`") as raised:
        nginx_config.configuration(plan(tmp_path, affinity=affinity))
    assert "none, source" in raised.value.hint


@pytest.mark.parametrize("write", [haproxy_config.configuration, nginx_config.configuration])
def test_an_algorithm_that_nobody_has_is_a_skip(tmp_path: Path, write: object) -> None:
    assert callable(write)
    with pytest.raises(Skip, match="no algorithm `by-moon`"):
        write(plan(tmp_path, algorithm="by-moon"))


@pytest.mark.parametrize("write", [haproxy_config.configuration, nginx_config.configuration])
def test_a_hash_of_what_nobody_hashes_is_a_skip(tmp_path: Path, write: object) -> None:
    assert callable(write)
    with pytest.raises(Skip, match="no hash key `moon`"):
        write(plan(tmp_path, algorithm="hash:moon:full"))


def test_many_servers_are_checked_less_often(tmp_path: Path) -> None:
    few = plan(tmp_path)
    many = Plan(PUBLIC, ADMIN, PEER, str(tmp_path), few.description, [few.backends[0]] * 100)
    assert "inter 100ms" in haproxy_config.configuration(few)
    assert "inter 500ms" in haproxy_config.configuration(many)
