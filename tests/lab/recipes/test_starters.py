"""Each recipe to begin with is one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.recipes.reading import read
from sessionlab.lab.recipes.starters import FOLDER, GENERIC, names, text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", names())
def test_it_is_read_and_named_for_what_it_is_for(name: str) -> None:
    found = read(FOLDER / f"{name}.toml")
    assert found.base.name == name
    assert found.base.app is not None
    assert text(name).startswith("#:schema ./sessionlab.schema.json\n")


def test_what_is_commented_out_in_the_generic_one_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "sessionlab.toml"
    path.write_text(
        re.sub(r"^# (?=[a-zA-Z_]+ = |\[|deploy)", "", text(GENERIC), flags=re.MULTILINE)
    )
    found = read(path)
    assert found.base.affinity == "cookie"
    assert found.base.expect == {"deploy": {"logged_out": 0}}
    assert found.base.users.list[0]["name"] == "alice"
    assert list(found.variants) == ["redis"]
