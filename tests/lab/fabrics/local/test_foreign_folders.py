"""What lies in a user's folder, or on its Python's path, ends no run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from sessionlab.lab.errors import FabricLost
from sessionlab.lab.fabrics.interface import Part
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.fabrics.local.loading import options_of
from tests.field import field

COMMAND = str(Path(sys.executable).parent / "sessionlab")
STORY = """
from sessionlab import Lab, scenario

@scenario("mine", "t")
async def mine(lab: Lab) -> None:
    async with lab.cluster(nodes=1) as cluster:
        client = cluster.client("alice")
        await client.login()
        lab.claim("she is known", expected=200, observed=(await client.me()).status)
"""


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "story.py").write_text(STORY)
    return subprocess.run(
        [COMMAND, "run", "./story.py"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@field("machines", sources="python/cpython#57684", peers="`python -P`, since 3.11")
def test_a_module_of_the_user_s_folder_takes_the_place_of_none_that_a_part_needs(
    tmp_path: Path,
) -> None:
    for name in ("redis", "random", "select"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the user s own')")
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@field("machines", sources="pallets/click#2424")
def test_options_that_the_user_s_environment_holds_are_none_of_a_part_s(tmp_path: Path) -> None:
    done = run(tmp_path, NODE_COOKIE_SECURE="always", NODE_LISTEN="no", BALANCER_ALGORITHM="no",
        BALANCER_COOKIE_SECURE="yes", BALANCER_CONFIG="/no", NODE_OPTIONS="kept")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_program_of_the_user_s_own_has_the_user_s_environment() -> None:
    ours = options_of("sessionlab.nodes") | options_of("sessionlab.balancer")
    assert {"NODE_COOKIE_SECURE", "NODE_REDIS_URL", "NODE_USER_PASSWORD"} <= ours
    assert {"BALANCER_LISTEN", "BALANCER_BACKEND", "BALANCER_COOKIE_SECRET"} <= ours
    assert not {"NODE_ENV", "NODE_OPTIONS", "NODE_PATH", "BALANCER_URL", "PATH"} & ours
    assert options_of("/bin/sh") == options_of("tests.lab.never_ready") == frozenset()


@field("machines", sources="davidhalter/jedi#2081, modelcontextprotocol/python-sdk#671")
def test_what_python_prints_at_its_start_is_no_report_of_the_forkserver(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("print('hello')")
    done = run(tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert done.returncode == 0, done.stdout + done.stderr


async def test_who_waits_for_a_part_learns_at_once_that_no_report_comes_any_more() -> None:
    fabric = LocalFabric()
    await fabric.open()
    sandbox = fabric.sandbox("here")
    try:
        await sandbox.start(Part("p", "/bin/sleep", ["1000"]))
        reader = fabric._forks._reader
        assert reader is not None
        reader.cancel()
        await asyncio.wait([reader])
        with pytest.raises(FabricLost):
            await asyncio.wait_for(sandbox.gone("p"), 5)
        with pytest.raises(FabricLost):
            await asyncio.wait_for(sandbox.start(Part("q", "/bin/sleep", ["1000"])), 5)
    finally:
        await fabric.close()
