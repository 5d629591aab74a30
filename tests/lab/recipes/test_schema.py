"""Editors complete by a schema: it is the model's, and knows every form of the format."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sessionlab.lab.recipes import schema
from sessionlab.lab.recipes.starters import FOLDER

HERE = Path(__file__).parent


def checked(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "check_jsonschema", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout


def as_json(path: Path, folder: Path) -> Path:
    target = folder / f"{path.stem}.json"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    target.write_text(json.dumps(raw, default=str), encoding="utf-8")
    return target


def test_the_schema_that_is_shipped_is_the_model_s() -> None:
    made = "python -m sessionlab.lab.recipes.schema"
    assert schema.FILE.read_text(encoding="utf-8") == schema.made(), made


def test_it_is_a_schema() -> None:
    assert checked("--check-metaschema", schema.FILE) == ""


def test_it_takes_every_recipe_that_the_lab_reads(tmp_path: Path) -> None:
    recipes = [HERE / "everything.toml", *(HERE / "examples").iterdir(), *FOLDER.iterdir()]
    files = [as_json(path, tmp_path) for path in recipes]
    assert checked("--schemafile", schema.FILE, *files) == ""


@pytest.mark.parametrize("wrong", [{"nmae": "x"}, {"me": 4}, {"variants": {"a": {"ap": {}}}}])
def test_it_refuses_what_the_lab_refuses(tmp_path: Path, wrong: dict[str, object]) -> None:
    recipe = tmp_path / "wrong.json"
    recipe.write_text(json.dumps({"name": "x", "me": {"get": "/"}, **wrong}))
    assert "Schema validation errors" in checked("--schemafile", schema.FILE, recipe)
