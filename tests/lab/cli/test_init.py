"""`sessionlab init`: what it writes, and what it leaves alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from sessionlab.lab.cli.app import app
from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.reading import read

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def init(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["init", *arguments])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_name_it_writes_one_for_any_app_and_says_what_is_next(here: Path) -> None:
    assert "sessionlab check sessionlab.toml" in init().stdout
    assert read(here).base.name == "app"


def test_a_framework_s_recipe_goes_where_it_is_wanted(here: Path) -> None:
    assert init("django", "--out", "mine.toml").exit_code == 0
    assert read(here / "mine.toml").base.name == "django"
    assert 'name = "mcp"' in init("mcp", "--out", "-").stdout


def test_what_is_there_already_is_left_alone(here: Path) -> None:
    (here / "sessionlab.toml").write_text("mine")
    refused = init().exception
    assert isinstance(refused, UsageError)
    assert str(refused) == "sessionlab.toml is there already"
    assert (here / "sessionlab.toml").read_text() == "mine"


def test_where_it_cannot_be_written_it_says_so(here: Path) -> None:
    refused = init("--out", "nowhere/mine.toml").exception
    assert str(refused) == "cannot write nowhere/mine.toml: No such file or directory"


def test_a_framework_that_it_does_not_know_is_told_which_it_does() -> None:
    refused = init("djngo")
    assert refused.exit_code == 2
    assert "is none of: django, express" in refused.output


def test_the_schema_is_printed_for_editors(here: Path) -> None:
    assert json.loads(init("--schema").stdout)["title"] == "sessionlab.toml"
    assert list(here.iterdir()) == []
