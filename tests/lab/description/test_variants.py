"""What two packages offer under one name can't be told apart, and both are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.description.variants import Variants
from sessionlab.lab.errors import UsageError
from sessionlab.lab.scenario.finding import offered
from tests.test_extending import install

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "sessionlab.faults"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_name_that_two_packages_offer_is_neither_s(path: Path) -> None:
    for name in ("theirs", "others"):
        install(path, name, {GROUP: {"flood": "json:dumps"}})
    faults: Variants[object] = Variants(GROUP, {})
    with pytest.raises(UsageError, match=r"(theirs|others) 1.0 and (others|theirs) 1.0 both offer"):
        faults.named("flood")
    assert list(faults) == ["flood"]
    assert faults.summaries()["flood"].startswith("unusable: ")


def test_two_packages_whose_scenarios_fail_are_both_named(path: Path) -> None:
    for name in ("theirs", "others"):
        install(path, name, {"sessionlab.scenarios": {"stories": f"no_{name}"}})
    said = [str(error) for point, error in offered()[1] if point == "stories"]
    assert sorted(text.partition("package ")[2].partition(",")[0] for text in said) == [
        "others 1.0",
        "theirs 1.0",
    ]
