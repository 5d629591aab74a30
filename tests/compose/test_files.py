"""The Compose files and the balancers' configurations, as far as they can be judged unstarted."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from sessionlab.lab.fabrics.local.programs import executable
from tests.compose.tools import FOLDER, TOOLS, UNRUN
from tests.field import field
from tests.installed import needs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))
OVERLAYS = [name for name in FILES if name != "compose.yaml"]


def read(name: str) -> Any:
    return YAML(typ="safe").load(FOLDER / name)


def check(path: Path) -> subprocess.CompletedProcess[str]:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_what_the_compose_specification_says(name: str) -> None:
    checked = check(FOLDER / name)
    assert checked.returncode == 0, checked.stdout


def test_a_wrong_file_is_told_from_a_right_one(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    text = (FOLDER / "compose.yaml").read_text()
    wrong.write_text(text.replace("depends_on:", "depends_upon:"))
    checked = check(wrong)
    assert checked.returncode == 1
    assert "depends_upon" in checked.stdout


@pytest.mark.parametrize("tool", TOOLS, ids=str)
@pytest.mark.parametrize("name", [None, *OVERLAYS])
def test_every_compose_tool_here_loads_it(tool: tuple[str, ...], name: str | None) -> None:
    if shutil.which(tool[0]) is None:
        pytest.skip(f"{tool[0]} is not installed")
    files = ["-f", "compose.yaml", *(["-f", name] if name else [])]
    loaded = subprocess.run(
        [*tool, *files, "config", "-q"], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    assert "WARN" not in loaded.stderr, "every variable has its default in .env"


@field(
    "containers",
    sources="docker/compose#7231",
    peers="Compose merges an overlay into a service key by key, `build:` too",
)
def test_no_overlay_gives_the_name_of_its_image_to_a_build_of_ours() -> None:
    builds = [name for name, part in read("compose.yaml")["services"].items() if "build" in part]
    assert builds == ["secrets"]
    given = {name for file in OVERLAYS for name, part in services(file) if "image" in part}
    assert given == {"balancer"}


def services(name: str) -> Iterable[tuple[str, Any]]:
    found: dict[str, Any] = read(name)["services"]
    return found.items()


def test_the_image_of_a_plain_build_has_the_version_too() -> None:
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())["project"]
    assert f"ARG VERSION={project['version']}\n" in (FOLDER / "Dockerfile").read_text()


def test_every_port_is_published_on_the_loopback_only() -> None:
    ports = [
        port
        for name in FILES
        for service in read(name)["services"].values()
        for port in service.get("ports", [])
    ]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports), ports


def test_every_part_runs_unprivileged_on_a_read_only_file_system() -> None:
    for name, service in read("compose.yaml")["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name


def test_every_part_has_limits_and_its_log_is_rotated() -> None:
    for name, service in services("compose.yaml"):
        assert service["mem_limit"], name
        assert service["pids_limit"] <= 512, name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name


def test_every_file_of_the_checkout_is_mounted_read_only_and_labelled_for_selinux() -> None:
    mounts = [m for name in OVERLAYS for _, part in services(name) for m in part.get("volumes", [])]
    ours = [mount for mount in mounts if mount.startswith("./")]
    assert ours
    assert all(mount.endswith(":ro,z") for mount in ours), ours
    sockets = {m for m in mounts if "docker.sock" in m}
    assert sockets == {"/var/run/docker.sock:/var/run/docker.sock:ro"}
    assert [n for n in OVERLAYS if "docker.sock:" in (FOLDER / n).read_text()] == ["traefik.yaml"]


def test_no_secret_comes_by_way_of_a_file_or_the_environment() -> None:
    variables = {
        variable
        for name in FILES
        for service in read(name)["services"].values()
        for variable in service.get("environment", {})
    }
    names = {line.partition("=")[0] for line in (FOLDER / ".env").read_text().splitlines()}
    assert "AFFINITY" in variables & names
    assert not [n for n in variables | names if re.search("PASSWORD|SECRET|TOKEN|KEY", n)]


def test_a_file_says_whether_it_has_ever_been_run() -> None:
    says = {name for name in OVERLAYS if "NOT RUN" in (FOLDER / name).read_text()}
    assert says == UNRUN


@needs("haproxy")
@pytest.mark.parametrize("affinity", ["none", "cookie", "learn:sid", "source"])
def test_haproxy_takes_its_file_with_every_affinity(affinity: str) -> None:
    checked = haproxy(affinity)
    assert checked.returncode == 0, checked.stderr


@needs("haproxy")
def test_haproxy_refuses_an_affinity_that_there_is_not() -> None:
    checked = haproxy("glue")
    assert checked.returncode == 1
    assert "AFFINITY is none, cookie, learn:sid or source" in checked.stderr


def haproxy(affinity: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [executable("haproxy") or "haproxy", "-c", "-f", str(FOLDER / "balancers" / "haproxy.cfg")],
        env={
            "ADMIN": "127.0.0.1:8081",
            "AFFINITY": affinity,
            "BALANCER_COOKIE_SECRET": "secret",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@needs("nginx")
def test_nginx_takes_its_file(tmp_path: Path) -> None:
    text = (FOLDER / "balancers" / "nginx.conf").read_text().replace("/tmp/", f"{tmp_path}/")
    text = text.replace("balancer-admin:", "127.0.0.1:")
    (tmp_path / "nginx.conf").write_text(text)
    checked = subprocess.run(
        [executable("nginx") or "nginx", "-t", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_envoy_s_file_routes_to_the_cluster_that_it_has() -> None:
    resources = read("balancers/envoy.yaml")["static_resources"]
    (cluster,) = resources["clusters"]
    (chain,) = resources["listeners"][0]["filter_chains"]
    manager = chain["filters"][0]["typed_config"]
    (route,) = manager["route_config"]["virtual_hosts"][0]["routes"]
    assert (
        route["route"]["cluster"] == cluster["name"] == cluster["load_assignment"]["cluster_name"]
    )
    assert manager["http_filters"][-1]["name"] == "envoy.filters.http.router", "the router is last"
