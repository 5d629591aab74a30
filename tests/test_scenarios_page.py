"""The page for those who write scenarios says what the docstrings say."""

from __future__ import annotations

import inspect

from sessionlab.lab.scenario import api
from tests.scenarios_page import GROUPS, PAGE, entries, page


def test_the_page_is_made_from_the_docstrings() -> None:
    assert PAGE.read_text() == page(), "python -m tests.scenarios_page writes it anew"


def test_every_name_that_a_scenario_can_import_is_in_one_group() -> None:
    named = [name for names in GROUPS.values() for name in names]
    assert sorted(named) == sorted(api.__all__)


def test_nothing_on_the_page_is_without_a_docstring() -> None:
    bare = [name for name, it in entries() if not said_of(it)]
    assert bare == []


def said_of(it: object) -> str:
    """Its own docstring; what `dataclass` puts there, the signature, is none."""
    said = inspect.getdoc(it) or ""
    return "" if inspect.isclass(it) and said.startswith(f"{it.__name__}(") else said
