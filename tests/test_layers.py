"""The arrows of the design go one way; this walks the imports and holds them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("nodes", "balancer", "lab", "scenarios")

# Inside `lab`, from the leaves to the root: a module imports only from its own layer or below.
LAYERS = (
    (
        "errors",
        "events",
        "history",
        "claims",
        "intervals",
        "answers",
        "carts",
        "evidence",
        "verdicts",
        "outages",
        "causes",
        "users",
        "chance",
        "story_time",
        "tables",
        "description",
        "tokens",
        "keys",
        "certificates",
        "target",
        "unawaited",
    ),
    ("fabrics", "balancers", "node", "redis", "parts", "way", "jar", "wire", "client"),
    ("boot", "stack", "membership", "trouble", "balancer_life", "deploys"),
    ("cluster", "faults", "traffic", "turns", "stage", "scenario", "results"),
    ("runner", "reports", "discovery", "stored"),
    ("cli", "__main__", "__init__"),
)


def modules(room: str) -> Iterator[Path]:
    return (ROOT / room).rglob("*.py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def of_ours(path: Path) -> set[str]:
    return {name for name in imports(path) if name.split(".")[0] in (*ROOMS, "tests")}


@pytest.mark.parametrize("room", ["nodes", "balancer", "lab"])
def test_a_room_imports_nothing_of_the_others(room: str) -> None:
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(room)
        for name in of_ours(path)
        if name.split(".")[0] != room
    }
    assert not strangers


def test_a_scenario_imports_only_the_public_names_of_the_lab() -> None:
    strangers = {
        f"{path.name}: {name}"
        for path in modules("scenarios")
        for name in of_ours(path)
        if name != "lab"
    }
    assert not strangers


def layer(module: str) -> int:
    """The layer of `lab.x.y`, by its `x`."""
    name = module.split(".")[1] if "." in module else "__init__"
    return next(number for number, names in enumerate(LAYERS) if name in names)


def test_inside_the_lab_every_module_has_a_layer_and_imports_nothing_above_it() -> None:
    above = set()
    for path in modules("lab"):
        own = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for name in of_ours(path):
            if layer(name) > layer(own):
                above.add(f"{own} imports {name}")
    assert above <= {"lab.__init__ imports lab.cli.script"}, above
