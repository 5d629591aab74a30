"""The experiments that are shipped run as they are, and show what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sessionlab.lab.experiment.reading import read

EXPERIMENTS = Path(__file__).parents[3] / "scenarios" / "experiments"
COMMAND = str(Path(sys.executable).parent / "sessionlab")
STATUS = {"deploy-under-load": 0, "far-away": 0, "node-killed": 1, "redis-dies-and-comes-back": 0}


def test_each_has_its_verdict_here_and_can_be_read() -> None:
    found = {path.stem: read(path, 1) for path in EXPERIMENTS.glob("*.toml")}
    assert {one.experiment.name for one in found.values()} == set(found) == set(STATUS)


@pytest.mark.timeout(120)  # 48 s on a busy machine
@pytest.mark.parametrize("name", STATUS)
def test_it_runs_and_gives_its_verdict(tmp_path: Path, name: str) -> None:
    words = ["run", str(EXPERIMENTS / f"{name}.toml"), "--seed", "1", "--out", str(tmp_path)]
    done = subprocess.run(
        [COMMAND, *words], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == STATUS[name], done.stdout + done.stderr
    told = json.loads((tmp_path / "run.json").read_text())
    if name == "node-killed":
        lost = {cell["experiment"]: cell["bounds"][0]["met"] for cell in told["cells"]}
        assert [one for one, met in lost.items() if not met] == ["memory-none", "memory-cookie"]
    else:
        assert all(bound["met"] for bound in told["bounds"])
        assert not told["trouble"]
