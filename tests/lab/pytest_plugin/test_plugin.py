"""The plugin as somebody's test suite meets it: what the page about it shows, run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.timeout(180)  # whole test suites, with clusters of processes
PAGE = (ROOT / "docs" / "pytest.md").read_text(encoding="utf-8")
CONFIGURATION = """
[tool.pytest.ini_options]
addopts = "--strict-markers -p no:cacheprovider"
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
filterwarnings = ["error"]
"""


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [text for said, text in found if said == language]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Somebody's shop, with the recipe that the page shows."""
    shutil.copy(ROOT / "tests" / "lab" / "shop" / "shop.py", tmp_path)
    (tmp_path / "pyproject.toml").write_text(blocks("toml")[0] + CONFIGURATION)
    return tmp_path


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return {**kept, "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}"}


def ran(shop: Path, test: str, *options: str) -> tuple[int, str]:
    (shop / "test_sessions.py").write_text(test)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_sessions.py"],
        cwd=shop,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_example_passes_by_the_last_line_of_its_ci_job(shop: Path) -> None:
    (shop / "test_sessions.py").write_text(blocks("python")[0])
    *_, last = re.findall(r"- run: (.*)", blocks("yaml")[0])
    done = subprocess.run(
        last, shell=True, cwd=shop, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


SHARED_ASYNC_AND_WRONG = """
import os, pytest

def test_one(shared_sessionlab_cluster):
    alice = shared_sessionlab_cluster.login("alice")
    shared_sessionlab_cluster.kill(alice.me().node)
    assert not alice.me().recognised
    assert shared_sessionlab_cluster.verdicts().lost == 1
    with open(f"urls-{os.getpid()}", "a") as file:
        file.write(shared_sessionlab_cluster.url + "\\n")

def test_another_of_the_same_cluster_has_lost_nobody(shared_sessionlab_cluster):
    assert shared_sessionlab_cluster.login("bob").read().items == []
    shared_sessionlab_cluster.assert_nobody_lost()
    with open(f"urls-{os.getpid()}", "a") as file:
        file.write(shared_sessionlab_cluster.url + "\\n")

def test_nobody_was_asked_anything(shared_sessionlab_cluster):
    shared_sessionlab_cluster.assert_nobody_lost()

def test_nobody_was_asked_anything_since_a_kill(shared_sessionlab_cluster):
    shared_sessionlab_cluster.login("bob")
    shared_sessionlab_cluster.restart_balancer()
    shared_sessionlab_cluster.assert_nobody_lost()

def test_only_one_of_two_was_asked_since_then(shared_sessionlab_cluster):
    users = shared_sessionlab_cluster.users(2)
    shared_sessionlab_cluster.restart_balancer()
    users[0].me()
    shared_sessionlab_cluster.assert_nobody_lost()

async def test_another_that_is_async(shared_sessionlab_cluster):
    shared_sessionlab_cluster.login("carol")

@pytest.mark.sessionlab(afinity="none")
def test_a_mark_that_is_none(sessionlab_cluster):
    pass

def test_a_node_that_is_none(shared_sessionlab_cluster):
    shared_sessionlab_cluster.kill("n9")

@pytest.mark.sessionlab(variant="mem")
def test_a_variant_that_is_none(sessionlab_cluster):
    pass

@pytest.mark.sessionlab(app="elsewhere")
def test_a_recipe_that_is_not_there(sessionlab_cluster):
    pass

"""


def test_one_cluster_serves_a_session_and_what_fails_is_told_in_words(shop: Path) -> None:
    options = ("--sessionlab-variant", "memory", "-o", "sessionlab_nodes=4")
    status, said = ran(shop, SHARED_ASYNC_AND_WRONG + "".join(blocks("python")[1:]), *options)
    assert status == 1
    assert "4 passed" in said, said
    (urls,) = shop.glob("urls-*")
    assert len(set(urls.read_text().split())) == 1
    assert "sessionlab: @pytest.mark.sessionlab takes no 'afinity'\n  did you mean aff" in said
    assert re.search(r"StepError: no node named 'n9'\nE +there are: n1, n2, n3, n4\n", said)
    assert len(re.findall(r"\nE +AssertionError: nobody has asked anything since", said)) == 1
    since = r"has not been asked since balancer restarted at .* s, so .* ask each \(`user.me\(\)`"
    assert len(re.findall(rf"\nE +AssertionError: user\d {since}", said)) == 2, said
    assert "has no variant 'mem'\n  did you mean memory?" in said
    assert "/elsewhere: No such file or directory\n  `sessionlab init` writes a recipe" in said
    assert not re.search(r"(asked|clusters)\.py", said), "the lab's own lines are nobody's"
    shown = [changing(line) for line in said.splitlines()]
    for line in blocks("")[0].splitlines():
        assert changing(line) in shown, said


def changing(line: str) -> str:
    """Without what differs from run to run."""
    return re.sub(r"\d+\.\d s|n\d", "#", line)


KILLED = """
import os, pathlib, signal, pytest

@pytest.mark.parametrize("number", range(2))
def test_it(sessionlab_cluster, number):
    sessionlab_cluster.login("alice")
    for one in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            is_copy = b"shop.py" in (one / "cmdline").read_bytes()
            if is_copy and (one / "cwd").resolve() == pathlib.Path.cwd():
                pathlib.Path(f"pids-{one.name}").touch()
        except OSError:  # it has ended, or is somebody else's
            continue
    with open("urls", "a") as file:
        file.write(sessionlab_cluster.url + "\\n")
    if number:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks in /proc")
def test_each_worker_has_its_own_and_of_a_killed_one_nothing_is_left(shop: Path) -> None:
    options = ("-n", "2", "--max-worker-restart", "0", "--sessionlab-variant", "memory")
    _, said = ran(shop, KILLED, *options)
    assert "crashed" in said, said
    assert len(set((shop / "urls").read_text().split())) == 2
    pids = [int(path.name.removeprefix("pids-")) for path in shop.glob("pids-*")]
    assert len(pids) >= 3
    deadline = time.monotonic() + 30
    while left := [pid for pid in pids if Path(f"/proc/{pid}/cwd").exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_nothing_of_the_lab_is_loaded_until_a_fixture_is_used() -> None:
    code = (
        "import sys, sessionlab.lab.pytest_plugin.plugin as plugin\n"
        "heavy = {'aiohttp', 'msgspec', 'rich', 'asyncio', 'docker'} & set(sys.modules)\n"
        "ours = sorted(name for name in sys.modules if name.startswith('sessionlab'))\n"
        "print(heavy or ours)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = ["sessionlab", "sessionlab.lab", "sessionlab.lab.pytest_plugin"]
    ours.append("sessionlab.lab.pytest_plugin.options")
    assert done.stdout == f"{[*ours, 'sessionlab.lab.pytest_plugin.plugin']}\n"
