"""The image: what is in it, what is not, and how it behaves when it is locked up."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import time
from io import BytesIO
from typing import Any

import pytest

from tests.compose.conftest import inspect
from tests.compose.tools import FOLDER, Images

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

LOCKED_UP = (
    *("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--network", "none"),
    *("--security-opt", "no-new-privileges", "--label", "sessionlab.test=image"),
)
MOST_BYTES_OVER_ITS_BASE = 155_000_000  # a third of it is NumPy


def docker(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False)


def run(image: str, *command: str) -> str:
    done = docker("run", "--rm", "--init", *LOCKED_UP, image, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("sessionlab --version", "sessionlab"),
        ("python -m sessionlab.nodes --help", "Run one node of the app"),
        ("python -m sessionlab.balancer --help", "Balance HTTP/1.1 requests"),
        ("valkey-server --version", "Valkey server"),
        ("id -u", "10001"),
    ],
)
def test_every_program_of_the_lab_runs_locked_up(images: Images, command: str, says: str) -> None:
    assert says in run(images.sessionlab, *command.split())


def test_the_lab_itself_tells_its_stories_in_one_container_without_a_network(
    images: Images,
) -> None:
    told = run(images.sessionlab, "sessionlab", "run", "monolith", "redis-round-robin", "sticky")
    assert "3 scenarios: 3 as predicted" in told


def test_what_experiments_need_is_inside_although_parts_of_it_were_taken_out(
    images: Images,
) -> None:
    needed = "import numpy, numpy.random, hdrh.histogram; print(numpy.unique([1, 1]))"
    assert run(images.sessionlab, "python", "-c", needed) == "[1]"


def test_nothing_that_installs_or_builds_is_left_inside(images: Images) -> None:
    left = (
        "for p in pip pip3 apt apt-get dpkg apk gcc cc make hatchling; do command -v $p; done; true"
    )
    assert run(images.sessionlab, "sh", "-c", left) == ""
    modules = "import importlib.util as u; print([m for m in %r if u.find_spec(m)])"
    names = ["pip", "ensurepip", "setuptools", "hatchling"]
    assert run(images.sessionlab, "python", "-c", modules % names) == "[]"
    assert (
        run(images.sessionlab, "sh", "-c", "find / -xdev -perm /6000 -type f 2>/dev/null; true")
        == ""
    )


def test_it_is_less_than_155_mb_larger_than_its_base(images: Images) -> None:
    layers = json.loads(inspect(images.sessionlab, "RootFS.Layers").replace(" ", '","').translate(
        {ord("["): '["', ord("]"): '"]'}
    ))  # fmt: skip
    ids = docker("images", "-q", "--no-trunc", "--filter", "label=sessionlab.image=base")
    bases = [base for base in ids.stdout.split() if inspect(base, "RootFS.Layers")[1:-1] in layers]
    over = int(inspect(images.sessionlab, "Size")) - int(inspect(bases[0], "Size"))
    assert 0 < over < MOST_BYTES_OVER_ITS_BASE


def test_its_labels_say_what_it_is(images: Images) -> None:
    labels = inspect(images.sessionlab, "Config.Labels")
    assert "sessionlab.image:sessionlab" in labels
    assert "sessionlab.version:" in labels


@pytest.mark.parametrize(
    "command",
    [
        "python -m sessionlab.nodes",
        "python -m sessionlab.balancer --backend n=127.0.0.1:1",
        "valkey-server --port 7000",
    ],
)
def test_its_health_check_tells_a_part_that_hangs_from_one_that_serves(
    images: Images, command: str
) -> None:
    soon = ("--health-interval", "500ms")  # of what is checked, nothing else is changed
    started = docker("run", "-d", "--init", *soon, *LOCKED_UP, images.sessionlab, *command.split())
    container = started.stdout.strip()
    check = ("exec", container, "python", "-IS", "/opt/sessionlab/healthy.py")
    try:
        wait_for(container, "healthy")
        before = time.monotonic()
        assert docker(*check, "--stay", "2").returncode == 0
        assert time.monotonic() - before >= 2, "it was found serving before"
        stop = "kill -STOP $(cat /proc/1/task/1/children)"
        assert docker("exec", container, "sh", "-c", stop).returncode == 0
        hung = docker(*check, "--stay", "600")
        assert hung.returncode == 1
        assert "timed out" in hung.stdout
    finally:
        docker("rm", "-f", container)


def wait_for(container: str, health: str) -> None:
    """Until Docker's own run of the check has said so; the test's time-out is the limit."""
    while (state := inspect_container(container))["Health"]["Status"] != health:
        assert state["Running"], docker("logs", container).stderr
        time.sleep(0.1)


def inspect_container(container: str) -> Any:
    return json.loads(docker("inspect", "--format", "{{json .State}}", container).stdout)


def test_two_builds_are_equal_file_by_file(images: Images) -> None:
    """The second is made from nothing: no step of the first is taken from the cache."""
    name = "sessionlab-test:again"
    base = docker("images", "-q", "--filter", "label=sessionlab.image=base").stdout.split()[0]
    built = docker(
        *("build", "--no-cache", "--network", "none", "-f", str(FOLDER / "Dockerfile"), "-t", name),
        *("--build-arg", f"BASE_IMAGE={base}", str(FOLDER.parent)),
    )
    try:
        assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
        first, second = files(images.sessionlab), files(name)
        different = {path for path in first | second if first.get(path) != second.get(path)}
        assert not different
        assert len(first) > 1000
    finally:
        docker("rmi", name)


def files(image: str) -> dict[str, tuple[int, str, str]]:
    """Every file that the image adds: mode, link and a digest of its content, by its path."""
    command = ["docker", "run", "--rm", *LOCKED_UP, image, "tar", "-C", "/opt", "-c", "sessionlab"]
    packed = subprocess.run(command, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        return {
            entry.name: (entry.mode, entry.linkname, digest(archive, entry)) for entry in archive
        }


def digest(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    content = archive.extractfile(entry) if entry.isreg() else None
    return hashlib.sha256(content.read()).hexdigest() if content else ""
