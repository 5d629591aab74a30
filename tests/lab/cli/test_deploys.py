"""A deploy that is interrupted, or that cannot be done: what is left, what is said."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.lab.cli.test_command import (
    COMMAND,
    nothing_is_left,  # noqa: F401  it watches over the tests here as well
    sessionlab,
    story,
)

DEPLOY = """
async with lab.cluster("memory", nodes=2, affinity="cookie") as cluster:
    await cluster.client("alice").login()
    print("deploying", flush=True)
    await cluster.deploy(Rolling(limit=60), version="2")
"""


@pytest.mark.parametrize("moment", ["at its beginning", "while it drains"])
def test_ctrl_c_in_the_middle_of_a_deploy_leaves_nothing(tmp_path: Path, moment: str) -> None:
    path = story(tmp_path, "from sessionlab import Rolling", *DEPLOY.splitlines())
    lab = subprocess.Popen(
        [*COMMAND, "run", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert lab.stdout is not None
    while lab.stdout.readline() != "deploying\n":
        assert lab.poll() is None
    if moment == "while it drains":  # the new node runs, and waits for alice to go from the old
        folder = Path(os.environ["TMPDIR"])
        while not any(folder.glob("sessionlab-*/*/*/n3.log")):
            time.sleep(0.005)
    lab.send_signal(signal.SIGINT)
    _, said = lab.communicate(timeout=30)
    assert lab.returncode == 130
    assert "everything that was started is gone" in said
    assert "Traceback" not in said


def test_a_deploy_that_cannot_be_done_is_exit_status_1_and_says_why(tmp_path: Path) -> None:
    bad = DEPLOY.replace('"2"', '"no label"').splitlines()
    done = sessionlab("run", story(tmp_path, "from sessionlab import Rolling", *bad))
    assert done.returncode == 1
    assert "n3 did not come up" in done.stdout
    assert "its last lines" in done.stdout
    assert "what was there before serves on: n1, n2" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
