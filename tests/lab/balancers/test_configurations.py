"""What the lab writes for HAProxy and nginx, judged by the programs themselves where they are."""

from __future__ import annotations

import itertools
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sessionlab.lab.balancers import haproxy_config, nginx_config
from sessionlab.lab.balancers.interface import Backend
from sessionlab.lab.balancers.plan import Plan
from sessionlab.lab.balancers.tls import Edge
from sessionlab.lab.description.certificates import new_certificate
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import Skip
from sessionlab.lab.fabrics.interface import Address
from sessionlab.lab.fabrics.local.programs import executable
from tests.installed import needs

HERE = "127.0.0.1"
PUBLIC, ADMIN, PEER = (Address(HERE, port) for port in (18901, 18902, 18903))
AFFINITIES = ("none", "cookie", "learn:sid", "source", "header:X-User")
KEYS = ("source", "path", "header:X-User", "cookie:visitor")
HASHES = [f"{name}:{key}" for name in ("hash", "consistent-hash") for key in KEYS]


def with_tls(plain: Plan) -> Plan:
    """The same plan, and a certificate for it."""
    made = new_certificate(HERE)
    for name, text in (("crt", made.chain), ("key", made.key), ("pem", made.chain + made.key)):
        (Path(plain.room) / f"edge.{name}").write_text(text)
    chain, key, both = (f"{plain.room}/edge.{name}" for name in ("crt", "key", "pem"))
    return replace(plain, edge=Edge(chain, key, both, made.authority))


def plan(room: Path, services: tuple[str, ...] = ("app",), **wishes: str) -> Plan:
    described = Description(tuple(Service(name, 2) for name in services), **wishes)  # type: ignore[arg-type]
    backends = [
        Backend(name, f"{name}-n{number}", Address(HERE, 19000 + number))
        for name in services
        for number in (1, 2)
    ]
    return Plan(PUBLIC, ADMIN, PEER, str(room), described, backends)


def haproxy_accepts(wanted: Plan) -> None:
    text = haproxy_config.configuration(wanted)
    path = Path(wanted.room) / "haproxy.cfg"
    path.write_text(text)
    done = subprocess.run(
        [executable("haproxy") or "", "-c", "-L", haproxy_config.PEER, "-f", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + text
    assert "WARNING" not in done.stderr


def nginx_accepts(wanted: Plan) -> None:
    text = nginx_config.configuration(wanted)
    path = Path(wanted.room) / "nginx.conf"
    path.write_text(text)
    done = subprocess.run(
        [executable("nginx") or "", "-t", "-p", wanted.room, "-e", "stderr", "-c", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + text
    assert "[warn]" not in done.stderr


@needs("haproxy")
@pytest.mark.parametrize(
    ("algorithm", "affinity"),
    list(itertools.product((*haproxy_config.ALGORITHMS, *HASHES), AFFINITIES)),
)
@pytest.mark.parametrize("services", [("app",), ("auth", "orders")])
def test_haproxy_accepts_every_configuration(
    tmp_path: Path, services: tuple[str, ...], algorithm: str, affinity: str
) -> None:
    haproxy_accepts(plan(tmp_path, services, algorithm=algorithm, affinity=affinity))


@needs("nginx")
@pytest.mark.parametrize(
    ("algorithm", "affinity"),
    list(itertools.product((*nginx_config.ALGORITHMS, *HASHES), nginx_config.AFFINITIES)),
)
@pytest.mark.parametrize("services", [("app",), ("auth", "orders")])
def test_nginx_accepts_every_configuration(
    tmp_path: Path, services: tuple[str, ...], algorithm: str, affinity: str
) -> None:
    nginx_accepts(plan(tmp_path, services, algorithm=algorithm, affinity=affinity))


@needs("haproxy")
def test_haproxy_accepts_a_certificate(tmp_path: Path) -> None:
    haproxy_accepts(with_tls(plan(tmp_path)))


@needs("nginx")
def test_nginx_accepts_a_certificate(tmp_path: Path) -> None:
    nginx_accepts(with_tls(plan(tmp_path)))


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
