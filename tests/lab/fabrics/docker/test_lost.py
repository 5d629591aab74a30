"""An engine that goes away in the middle of a run: one of the tests' own, since it is killed."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from sessionlab.lab.fabrics.docker.image import OURS
from sessionlab.lab.fabrics.local.programs import executable
from sessionlab.lab.fabrics.run_folder import MARK
from tests.installed import IN_CI, docker_engine
from tests.lab.fabrics.docker.lab_process import View, start, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        os.getuid() != 0 or (not IN_CI and executable("dockerd") is None),
        reason="no dockerd, or no root to start one",
    ),
]


class OwnEngine:
    """A dockerd beside the machine's, with all that it keeps in one folder.

    Its containerd is started apart, so that only the engine goes away when it is killed.
    """

    def __init__(self, folder: Path) -> None:
        self.url = f"unix://{folder}/engine.sock"
        self._folder = folder
        (folder / "containerd.toml").write_text(CONTAINERD.format(folder=folder))
        # With `--bridge none` it would remove the bridge of this machine's own engine, docker0.
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("address", "add", "192.0.2.1/24", "dev", BRIDGE)
        self._containerd = self._run("containerd", "--config", f"{folder}/containerd.toml")
        self._engine: subprocess.Popen[bytes] | None = None

    def start(self) -> docker.DockerClient:
        """Start it; a client once it answers."""
        folder = self._folder
        wait(lambda: listens(f"{folder}/containerd.sock"))
        self._engine = self._run(
            "dockerd",
            *("--containerd", f"{folder}/containerd.sock"),
            *("--host", self.url),
            *("--data-root", f"{folder}/data"),
            *("--exec-root", f"{folder}/exec"),
            *("--pidfile", f"{folder}/pid"),
            *("--bridge", BRIDGE, "--iptables=false", "--ip6tables=false"),
        )
        wait(lambda: listens(self.url.removeprefix("unix://")))
        return docker.DockerClient(self.url, version="1.41")

    def kill(self) -> None:
        assert self._engine is not None
        self._engine.kill()
        self._engine.wait()

    def end(self) -> None:
        for process in (self._engine, self._containerd):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait()
        ip("link", "delete", BRIDGE)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in reversed(mounts):  # what an engine that was killed has left mounted
            if mount.startswith(f"{self._folder}/"):
                subprocess.run(["umount", mount], check=True)

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        path = executable(program)
        assert path is not None
        with (self._folder / f"{program}.log").open("ab") as log:
            return subprocess.Popen([path, *arguments], stdout=log, stderr=log)


CONTAINERD = """
version = 2
root = "{folder}/containerd"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{folder}/containerd.sock"
"""


BRIDGE = f"slt{os.getpid()}"


def ip(*words: str) -> None:
    subprocess.run([executable("ip") or "ip", *words], check=True)


def listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as knock, contextlib.suppress(OSError):
        knock.connect(path)
        return True
    return False


@pytest.fixture
def own() -> Iterator[OwnEngine]:
    with tempfile.TemporaryDirectory(prefix="sessionlab-engine-") as folder:
        engine = OwnEngine(Path(folder))
        yield engine
        engine.end()


def load(client: docker.DockerClient) -> None:
    """Bring the image over from the machine's own engine."""
    machine = docker_engine()
    assert machine is not None
    client.images.load(machine.images.get(OURS.name).save(named=True))


def marked(run: str) -> list[str]:
    """The processes of that run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={run}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_text())
    return found


def test_an_engine_that_is_killed_in_mid_run_is_told_and_nothing_runs_on(
    tmp_path: Path, own: OwnEngine
) -> None:
    client = own.start()
    load(client)
    view = View(client, tmp_path)
    words = ("run", "sticky", "redis-round-robin", "jwt-everywhere", "--fabric", "docker")
    lab = start(tmp_path, *words, DOCKER_HOST=own.url, SESSIONLAB_IMAGE=OURS.name)
    wait(lambda: len(view.containers(status="running")) >= 3, lab)
    (run,) = (folder.name for folder in view.files())
    assert marked(run)
    own.kill()

    said, _ = lab.communicate(timeout=120)
    assert lab.returncode == 3, said
    assert "Traceback" not in said
    assert "the Docker engine" in said
    assert "`sessionlab down` then removes what it still holds" in said
    assert marked(run) == []
    assert view.files() == []

    client.close()
    view = View(own.start(), tmp_path)
    assert view.networks()
    down = start(tmp_path, "down", DOCKER_HOST=own.url)
    told, _ = down.communicate()
    assert f"removed what run {run} left in the Docker engine" in told
    assert view.everything() == []
