import random
import sys
from pathlib import Path

import pytest

from sessionlab import scenarios
from sessionlab.lab.errors import UsageError
from sessionlab.lab.scenario.finding import chosen, installed, offered
from tests.field import field

STORY = """
from sessionlab import Lab, scenario

@scenario("mine", "a story of my own")
async def mine(lab: Lab) -> None:
    lab.claim("one is one", expected=1, observed=1)
"""


def test_the_stories_are_found_in_the_order_in_which_to_tell_them() -> None:
    names = list(installed())
    assert names[0] == "stateless-http"
    assert names == [module.replace("_", "-") for module in scenarios.ORDER]


def test_every_file_of_the_scenarios_is_in_their_order() -> None:
    folder = Path(scenarios.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(scenarios.ORDER)


def test_named_scenarios_come_in_the_order_given_and_once() -> None:
    names = [story.name for story in chosen(["sticky", "monolith", "sticky"])]
    assert names == ["sticky", "monolith"]


def test_slow_ones_are_run_by_name_or_when_everything_is_wanted() -> None:
    slow = [story.name for story in installed().values() if story.slow]
    assert slow
    assert [story.name for story in chosen([])] == [n for n in installed() if n not in slow]
    assert [story.name for story in chosen([], slow=True)] == list(
        dict.fromkeys([*slow, *installed()])
    )
    assert [story.name for story in chosen(slow)] == slow


def test_a_name_may_be_written_as_its_file_is() -> None:
    assert chosen(["redis_down"])[0].name == "redis-down"


def test_an_unknown_name_is_answered_with_what_may_have_been_meant() -> None:
    with pytest.raises(UsageError, match="no scenario named 'stiky'") as raised:
        chosen(["stiky"])
    assert "sticky" in raised.value.hint


def test_a_name_like_no_other_is_answered_with_where_to_look() -> None:
    with pytest.raises(UsageError) as raised:
        chosen(["zzz"])
    assert "sessionlab list" in raised.value.hint


def test_a_file_of_one_s_own_is_a_scenario_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(STORY)
    assert [story.name for story in chosen([str(path)])] == ["mine"]


@field("machines", sources="pytest-dev/pytest#7856, sqlalchemy/alembic#1419")
def test_a_scenario_file_may_hold_a_dataclass_with_postponed_annotations(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Shop:\n    name: str\n" + STORY
    )
    assert [story.name for story in chosen([str(path)])] == ["mine"]


@field("machines", sources="https://docs.python.org/3/library/sys_path_init.html")
def test_a_scenario_file_finds_the_modules_beside_it_and_shadows_nobody_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A story's sibling modules are found; one named as an installed one replaces it nowhere."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "shop_of_mine.py").write_text("GOODS = 3")
    for name in ("redis", "random", "mine"):
        (tmp_path / f"{name}.py").write_text(
            "import redis, random, shop_of_mine\nassert redis.Redis, random.Random\n" + STORY
        )
    for name in ("mine", "random"):
        (story,) = chosen([str(tmp_path / f"{name}.py")])
        assert story.name == "mine"
    assert sys.modules["random"] is random


def test_two_scenario_files_never_get_each_other_s_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "beside_both.py").write_text(f"WHERE = {folder!r}")
        (tmp_path / folder / "mine.py").write_text("import beside_both\n" + STORY)
    chosen([str(tmp_path / "one" / "mine.py")])
    with pytest.raises(UsageError, match="beside_both") as raised:
        chosen([str(tmp_path / "other" / "mine.py")])
    assert "one run" in raised.value.hint


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("x = 1", "holds no scenario"),
        ("import nothing_of_that_name", "cannot be imported: ModuleNotFoundError"),
        ("def broken(:", "cannot be imported: SyntaxError"),
        ("raise SystemExit(5)", "cannot be imported: SystemExit"),
        (STORY.replace('"mine"', '"../mine"'), "'../mine' cannot be a scenario's name"),
        (STORY.replace('"mine"', '"my/story"'), "'my/story' cannot be a scenario's name"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(
    tmp_path: Path, content: str, complaint: str
) -> None:
    path = tmp_path / "other.py"
    path.write_text(content)
    with pytest.raises(UsageError, match=complaint):
        chosen([str(path)])


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no file nowhere\.py"):
        chosen(["nowhere.py"])


def test_two_stories_of_one_name_cannot_be_told_apart(tmp_path: Path) -> None:
    files = [tmp_path / "one.py", tmp_path / "other.py"]
    for path in files:
        path.write_text(STORY)
    with pytest.raises(UsageError, match="two of these scenarios are named 'mine'"):
        chosen(list(map(str, files)))


def test_a_package_with_a_story_whose_name_is_taken_is_named_and_ours_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copied").mkdir()
    (tmp_path / "copied" / "__init__.py").touch()
    (tmp_path / "copied" / "story.py").write_text(STORY.replace('"mine"', '"monolith"'))
    about = tmp_path / "copied-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: copied\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[sessionlab.scenarios]\ncopied = copied\n")
    before = list(installed())
    monkeypatch.syspath_prepend(tmp_path)
    found, unusable = offered()
    assert list(found) == before
    assert found["monolith"].title != "a story of my own"
    ((point, error),) = unusable
    assert point == "copied"
    assert "copied 1.0" in str(error)
    assert "another scenario named 'monolith'" in str(error)
