"""What the README shows is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sessionlab.lab.scenario.finding import installed

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_scenario_in_the_readme_runs_and_holds(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    path = tmp_path / "my_deploy.py"
    path.write_text(block)
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_scenario_is_in_the_readme_s_table() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", README, re.MULTILINE) == list(installed())
