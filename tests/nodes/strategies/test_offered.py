"""A strategy's name that two packages offer is neither's."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from sessionlab.nodes.errors import OptionError
from sessionlab.nodes.strategies import ENTRY_POINTS, make
from tests.test_extending import install

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.nodes.strategies.interface import Setting


def test_a_name_that_two_packages_offer_is_told_with_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("theirs", "others"):
        install(tmp_path, name, {ENTRY_POINTS: {"clever": "json:dumps"}})
    with pytest.raises(
        OptionError, match=r"(theirs|others) 1.0 and (others|theirs) 1.0 both offer"
    ):
        make("clever", cast("Setting", None))
