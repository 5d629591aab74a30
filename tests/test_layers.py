"""The arrows of the design go one way; this walks the imports and holds them by folder name."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGES = ("nodes", "balancer", "lab", "scenarios")
MOST_IN_A_ROOM, MOST_AT_THE_TOP = 15, 3

# From the leaves to the root; rooms of one row do not import each other.
ORDER = {
    "balancer": (
        ("errors",),
        ("config", "offers"),
        ("http", "sockets", "backends"),
        ("algorithms", "affinity", "health"),
        ("services",),
        ("proxy", "admin"),
        ("processes",),
        ("__main__",),
    ),
    "nodes": (
        ("errors",),
        ("tokens", "stores", "users", "transports"),
        ("strategies",),
        ("web",),
        ("process",),
        ("__main__",),
    ),
    "lab": (
        ("errors",),
        ("events", "waiting", "record"),
        ("recipes",),
        ("description",),
        ("engine",),
        ("verdicts", "clients"),
        ("checks", "workload"),
        ("prediction",),
        ("reports",),
        ("viewer",),
        ("link", "fabrics", "outside"),
        ("balancers",),
        ("cluster",),
        ("faults",),
        ("bench", "scenario", "ordeals"),
        ("check", "experiment"),
        ("page",),
        ("cli", "pytest_plugin"),
        ("__main__",),
    ),
}
UPWARD = {"sessionlab.lab.scenario.api imports sessionlab.lab.cli.script"}
"""A scenario run as a program is a command line of its own."""


def modules(package: str) -> Iterator[Path]:
    return (ROOT / package).rglob("*.py")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(["sessionlab", *(parts[:-1] if parts[-1] == "__init__" else parts)])


MODULES = {name_of(path): path for package in PACKAGES for path in modules(package)}


def imports(path: Path) -> set[str]:
    """What a module imports, for its types too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}: a relative import"
            assert not node.level, f"{path}: a relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in MODULES else node.module)
    return found


def of_ours(path: Path) -> set[str]:
    return {name for name in imports(path) if name.split(".")[0] in ("sessionlab", "tests")}


def test_nothing_is_imported_but_by_the_name_that_it_is_installed_by() -> None:
    bare = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in (*PACKAGES, "tests", "benchmarks")
        for path in modules(folder)
        for name in imports(path)
        if name.split(".")[0] in PACKAGES
    }
    assert not bare, "the same module under two names is two modules"


@pytest.mark.parametrize("package", ["nodes", "balancer", "lab"])
def test_a_package_imports_nothing_of_the_others(package: str) -> None:
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(package)
        for name in of_ours(path)
        if name.split(".")[1:2] != [package]
    }
    assert not strangers


def test_a_scenario_imports_only_the_public_names_of_the_lab() -> None:
    strangers = {
        f"{path.name}: {name}"
        for path in modules("scenarios")
        for name in of_ours(path)
        if name != "sessionlab"
    }
    assert not strangers


@pytest.mark.parametrize("package", ORDER)
def test_every_room_has_a_floor_and_imports_nothing_above_or_beside_it(package: str) -> None:
    floors = {room: number for number, rooms in enumerate(ORDER[package]) for room in rooms}
    wrong = set()
    for path in modules(package):
        own = name_of(path)
        room = own.split(".")[2] if own.count(".") > 1 else None
        if room is None:  # the package's own `__init__`
            continue
        for name in of_ours(path):
            other = name.split(".")[2] if name.count(".") > 1 else "__init__"
            if other == room:
                continue
            if other == "__init__" or floors[other] >= floors[room]:
                wrong.add(f"{own} imports {name}")
    assert wrong - UPWARD == set()


def test_no_import_goes_in_a_circle() -> None:
    arrows = {name: of_ours(path) & MODULES.keys() - {name} for name, path in MODULES.items()}
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("package", ["nodes", "balancer", "lab"])
def test_no_room_is_crowded(package: str) -> None:
    rooms = {path.parent for path in modules(package)}
    sizes = {
        room.relative_to(ROOT).as_posix(): len(
            {p.name for p in room.glob("*.py")} - {"__init__.py", "__main__.py"}
        )
        for room in rooms
    }
    assert {room: n for room, n in sizes.items() if n > MOST_IN_A_ROOM} == {}
    assert sizes[package] <= MOST_AT_THE_TOP
