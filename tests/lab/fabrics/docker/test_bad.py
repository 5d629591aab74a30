"""What is wrong with the engine, or with what it is asked for: a clear message, and exit 3."""

from __future__ import annotations

import gc
import socket
import sys
import warnings
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest
from docker.types import IPAMConfig, IPAMPool

from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.docker.engine import connect
from sessionlab.lab.fabrics.docker.fabric import DockerFabric
from sessionlab.lab.fabrics.docker.network import PrivateNetwork
from tests.installed import docker_engine
from tests.lab import docker_clusters
from tests.lab.fabrics.docker.lab_process import start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Even root asks for permission once its bounding set (PR_CAPBSET_DROP) lacks what overrides it,
# CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH. Then it becomes the command that follows.
POWERLESS = """
import ctypes, os, sys
for capability in (1, 2):
    ctypes.CDLL(None).prctl(24, capability)
os.execv(sys.argv[1], sys.argv[1:])
"""
TAKEN = "198.51.100.0/22"  # in what RFC 5737 keeps for examples


def told(
    folder: Path,
    *arguments: str,
    status: int = 3,
    through: Sequence[str] = (),
    **environment: str,
) -> str:
    """What `sessionlab run --fabric docker` says when it can't."""
    words = ("run", "monolith", "--fabric", "docker", *arguments)
    lab = start(folder, *words, through=through, **environment)
    said, _ = lab.communicate(timeout=120)
    assert lab.returncode == status, said
    assert "Traceback" not in said
    assert not list(folder.glob("sessionlab-*/*"))
    return said


def test_without_an_engine_it_says_how_to_get_one(tmp_path: Path) -> None:
    said = told(tmp_path, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert f"no Docker engine answers at unix://{tmp_path}/none.sock" in said
    assert "apt install docker.io" in said
    assert "systemctl start docker" in said


def test_looking_for_one_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(StartError, match="no Docker engine answers"):
            connect()
        gc.collect()
    assert [said for one in warned if "socket" in (said := str(one.message))] == []


def test_an_engine_that_has_stopped_is_none(tmp_path: Path) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))  # and nobody listens
        said = told(tmp_path, DOCKER_HOST=f"unix://{path}")
    assert f"no Docker engine answers at unix://{path}" in said


def test_a_host_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    assert "the Docker engine at nonsense://x cannot be used" in told(
        tmp_path, DOCKER_HOST="nonsense://x"
    )


def test_without_permission_it_says_which_group(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        engine.listen()
        path.chmod(0)
        said = told(
            tmp_path, through=(sys.executable, "-c", POWERLESS), DOCKER_HOST=f"unix://{path}"
        )
    assert f"you have no permission to use the Docker engine at unix://{path}" in said
    assert "sudo usermod -aG docker $USER" in said


@pytest.mark.docker
def test_an_image_that_is_missing_is_named_with_the_way_to_build_it(tmp_path: Path) -> None:
    said = told(tmp_path, SESSIONLAB_IMAGE="no-such-image:1")
    assert "there is no image no-such-image:1" in said
    assert "compose/build.sh" in said


@pytest.mark.docker
def test_a_balancer_that_is_in_no_image_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    said = told(tmp_path, "--balancer", "haproxy", SESSIONLAB_PROGRAMS_IMAGE="no-such-image:1")
    assert "there is no haproxy for the parts to run" in said
    assert "compose/build.sh --programs" in said


@pytest.mark.docker
def test_a_range_of_addresses_that_makes_no_sense_is_wrong_usage(tmp_path: Path) -> None:
    assert "SESSIONLAB_SUBNETS cannot be used" in told(tmp_path, status=2, SESSIONLAB_SUBNETS="x")
    assert "198.51.100.0/24 is too small" in told(
        tmp_path, status=2, SESSIONLAB_SUBNETS="198.51.100.0/24"
    )


@pytest.fixture
def somebody_elses_network() -> Iterator[None]:
    engine = docker_engine()
    assert engine is not None
    network = engine.networks.create(
        "sessionlab-test-taken", ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=TAKEN)])
    )
    yield
    network.remove()


@pytest.mark.docker
@pytest.mark.usefixtures("somebody_elses_network")
def test_when_every_range_is_taken_it_says_how_to_free_one(tmp_path: Path) -> None:
    said = told(tmp_path, SESSIONLAB_SUBNETS=TAKEN)
    assert f"no address range is left for a network: all of {TAKEN} is taken" in said
    assert "docker network prune" in said


@pytest.mark.docker
def test_a_port_of_this_machine_s_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        lab = start(tmp_path, "up", "--fabric", "docker", "--port", str(port))
        said, _ = lab.communicate(timeout=120)
    assert lab.returncode == 3
    assert f"port {port} on 127.0.0.1 cannot be had" in said
    assert "Traceback" not in said


def test_an_engine_whose_containers_are_out_of_reach_is_refused() -> None:
    elsewhere = PrivateNetwork(None, IPv4Network("203.0.113.0/24"))
    with pytest.raises(StartError, match="can't be reached from here") as raised:
        elsewhere.check_reach()
    assert "Compose" in raised.value.hint


@pytest.mark.docker
async def test_the_log_of_a_container_that_dies_on_start_is_shown() -> None:
    fabric = DockerFabric()
    await fabric.open()
    described = docker_clusters.cluster(fabric, nodes=1, options={"no-such-option": "1"})
    with pytest.raises(StartError, match=r"(?s)n1 ended with exit status 2; .*no-such-option"):
        await described.__aenter__()
    await fabric.close()
