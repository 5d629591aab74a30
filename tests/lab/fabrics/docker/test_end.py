"""However a lab ends, and whenever: nothing of it stays in the engine."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.fabrics.docker import reaper
from tests.installed import docker_engine
from tests.lab.fabrics.docker import lab_process as docker_lab
from tests.lab.fabrics.docker.lab_process import View, start, wait

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

STORY = ("run", "--fabric", "docker", "redis-round-robin")
PARTS = 5  # three nodes, Redis, the balancer


@pytest.fixture
def view(tmp_path: Path) -> View:
    engine = docker_engine()
    assert engine is not None
    return View(engine, tmp_path)


def clearing(view: View) -> bool:
    """Whether all parts have run, and one has gone since."""
    wait(lambda: len(view.containers(status="running")) >= PARTS)
    wait(lambda: len(view.containers(status="running")) < PARTS)
    return True


STAGES: dict[str, Callable[[View], object]] = {
    "when it has begun": View.files,
    "when it looks into the images": View.containers,
    "when it has made its network": View.networks,
    "when a container runs": lambda view: view.containers(status="running"),
    "when every part runs": lambda view: len(view.containers(status="running")) >= PARTS,
    "while it clears away": clearing,
}


@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_leaves_nothing_at_any_stage(tmp_path: Path, view: View, stage: str) -> None:
    lab = start(tmp_path, *STORY)
    wait(lambda: STAGES[stage](view), lab)
    said = docker_lab.end(lab, signal.SIGINT)
    assert view.everything() == []
    assert "Traceback" not in said
    if lab.returncode != 0 or stage != "while it clears away":  # it may have been faster
        assert lab.returncode == 130, said
        assert "interrupted; everything that was started is gone" in said


def test_a_second_ctrl_c_leaves_at_once_and_nothing_stays(tmp_path: Path, view: View) -> None:
    lab = start(tmp_path, *STORY)
    wait(lambda: view.containers(status="running"), lab)
    lab.send_signal(signal.SIGINT)
    docker_lab.end(lab, signal.SIGINT)
    wait(lambda: not view.everything())


@pytest.mark.parametrize("stage", STAGES)
def test_kill_9_leaves_nothing_at_any_stage(tmp_path: Path, view: View, stage: str) -> None:
    lab = start(tmp_path, *STORY)
    wait(lambda: STAGES[stage](view), lab)
    docker_lab.end(lab, signal.SIGKILL)
    wait(lambda: not view.everything())


def test_down_removes_what_a_lab_left_and_nothing_of_one_that_lives(
    tmp_path: Path, view: View
) -> None:
    dead, living = start(tmp_path, *STORY), start(tmp_path, "up", "--fabric", "docker")
    try:
        wait(lambda: len(view.containers(status="running")) >= 2 * PARTS - 1, dead)
        for pid in reapers_of(dead.pid):
            os.kill(pid, signal.SIGKILL)
        docker_lab.end(dead, signal.SIGKILL)
        assert len(view.files()) == 2
        before = len(view.containers())

        down = start(tmp_path, "down")
        said, _ = down.communicate()
        assert down.returncode == 0, said
        assert "left in the Docker engine: " in said
        assert f"to end it: kill {living.pid}" in said
        assert len(view.files()) == 1
        assert len(view.networks()) == 1
        assert 0 < len(view.containers()) < before
        assert living.poll() is None
    finally:
        docker_lab.end(living, signal.SIGTERM)
    assert view.everything() == []
    again, _ = start(tmp_path, "down").communicate()
    assert "nothing was left behind\n" in again


def reapers_of(pid: int) -> list[int]:
    """The processes that a lab has started to clear away after it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = [
        int(child)
        for child in children
        if reaper.__file__.encode() in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    assert found, "a lab without one leaves what it has made"
    return found
