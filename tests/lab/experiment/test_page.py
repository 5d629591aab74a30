"""What stands on `docs/experiments.md` is so."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.checks import CHECKS
from sessionlab.lab.experiment.model import Cluster, Matrix
from sessionlab.lab.experiment.reading import read
from sessionlab.lab.recipes.model import CONVERSATIONS
from tests.lab.experiment.ran import ran

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.local.fabric import LocalFabric

PAGE = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text(encoding="utf-8")
FIRST, MATRIX = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

(READING,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_examples_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(FIRST + MATRIX)
    found = read(tmp_path / "x.toml", 1)
    assert len(found.plans) == 24
    assert found.plans[0].faults == []
    assert str(found.plans[3].faults[0]) == "kill-node n1 at 2 s"


def test_every_check_and_figure_has_its_place() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .*?: (`\w+`.*) \|$", PAGE, re.MULTILINE))
    assert set(rows) == set(CHECKS)
    for name, check in CHECKS.items():
        said = set(re.findall(r"`(\w+)`", rows[name]))
        assert said <= set(check.figures)
        of_one = tuple(f"{one}_" for one in (*CONVERSATIONS, "request"))
        assert {one for one in check.figures if not one.startswith(of_one)} <= said


def test_every_key_has_its_place() -> None:
    for key in (*Cluster.__struct_fields__, *Matrix.__struct_fields__):
        assert f"`{key}`" in PAGE, key


@pytest.mark.asyncio(loop_scope="session")
async def test_a_history_is_read_as_it_says(
    fabric: LocalFabric, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'name = "x"\n[workload]\nusers = 40\nseconds = 1\nprocesses = 1\n'
    result = await ran(fabric, tmp_path, text)
    code = READING.replace("runs/first/latest", result.folder).replace("50_000", "0")
    (tmp_path / "reading.py").write_text(code)
    runpy.run_path(str(tmp_path / "reading.py"))
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) > 2
    assert all(re.fullmatch(r"[\d.]+ user-\d+ (n\d|None)", line) for line in printed), printed[:3]
