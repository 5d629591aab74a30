"""What cluster a test wants: by its mark, the command line, the ini file, or else by the recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlab.lab.description.cluster import Wishes
from sessionlab.lab.errors import UsageError
from sessionlab.lab.pytest_plugin.options import OPTIONS
from sessionlab.lab.recipes.environment import check_environment
from sessionlab.lab.recipes.nearest import meant
from sessionlab.lab.recipes.reading import read
from sessionlab.lab.scenario.lab import SETTINGS, Settings

if TYPE_CHECKING:
    import pytest

MARK = "sessionlab"
ARGUMENTS = (
    "app",
    *(name for name in OPTIONS if name != "recipe"),
    "seed",
    *Wishes.__annotations__,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The settings of a test's lab, and what its `cluster()` is given."""

    settings: Settings
    cluster: dict[str, Any]


def asked(request: pytest.FixtureRequest) -> Asked:
    """What the test of that request wants; raises UsageError for what makes no sense."""
    said = {**_options(request.config), **_marks(request.node)}
    path = Path(request.config.rootpath, said.pop("app", "."))
    recipe = read(path).variant(said.get("variant"))
    check_environment(recipe)
    said.setdefault("affinity", recipe.affinity or "none")
    settings = Settings(
        fabric=said.pop("fabric", SETTINGS.fabric),
        balancer=said.pop("balancer", SETTINGS.balancer),
        nodes=_number(said.pop("nodes", SETTINGS.nodes)),
        seed=said.pop("seed", SETTINGS.seed),
    )
    return Asked(settings, {"app": path, **said})


def _options(config: pytest.Config) -> dict[str, Any]:
    """The command line, or else the ini file."""
    given = {
        name: config.getoption(f"--sessionlab-{name}") or config.getini(f"sessionlab_{name}")
        for name in OPTIONS
    }
    said = {name: value for name, value in given.items() if value}
    return {"app": said.pop("recipe"), **said} if "recipe" in said else said


def _marks(node: pytest.Item | pytest.Collector) -> dict[str, Any]:
    """The nearest mark counts, of its module's and its class's and its own."""
    said: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers(MARK))):
        for name in mark.kwargs:
            if name not in ARGUMENTS:
                says = f"@pytest.mark.{MARK} takes no {name!r}"
                raise UsageError(says, meant(name, ARGUMENTS))
        said |= mark.kwargs
    return said


def _number(text: str | int) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{text!r} is no number of copies", "--sessionlab-nodes 3") from None
