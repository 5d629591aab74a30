"""The gallery's apps, their environments, and what is expected of them."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent.parent
APPS = ROOT / "scenarios" / "apps"
ENVIRONMENTS = ROOT / ".venv-gallery"
NODE = "package-lock.json"
PINS = ("requirements.txt", NODE)
BASE = "base"
"""What a table calls the recipe without a variant."""

Cells = dict[tuple[str, str], str]
"""What becomes of the users, by affinity and ordeal."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of one variant of an app."""

    app: str
    variant: str
    arguments: tuple[str, ...]
    cells: Cells
    control: str = ""
    """What the control run fails with, where it does."""
    lives_in: str = ""
    """Where the sessions live, where that is to be found out."""

    @property
    def uses_npm(self) -> bool:
        return (APPS / self.app / NODE).exists()

    def __str__(self) -> str:
        return f"{self.app} {self.variant}"


def names() -> list[str]:
    return sorted(path.parent.name for path in APPS.glob("*/sessionlab.toml"))


def expected() -> Iterator[Expected]:
    for app in names():
        table = tomllib.loads((APPS / app / "expected.toml").read_text(encoding="utf-8"))
        for variant, rows in table.items():
            told = [rows.pop(key, "") for key in ("control", "sessions_live_in")]
            arguments = rows.pop("arguments", ())
            cells = {(a, ordeal): word for a, row in rows.items() for ordeal, word in row.items()}
            yield Expected(app, variant, tuple(arguments), cells, *told)


def environment(app: str) -> Mapping[str, str]:
    """With the programs of that app, which `make gallery` has set up."""
    there = ENVIRONMENTS / app
    path = f"{there / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "NODE_PATH": str(there / "node_modules")}


@cache
def set_up(app: str) -> str:
    """Set the app's environment up, in one process at a time; returns what went wrong, or ""."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        goal = f".venv-gallery/{app}/ready"
        made = subprocess.run(
            ["make", "-s", goal], cwd=ROOT, capture_output=True, text=True, check=False
        )
    return "" if made.returncode == 0 else f"`make {goal}` failed: {made.stderr or made.stdout}"


def check(wanted: Expected) -> dict[str, Any]:
    """What `sessionlab check` says of that variant."""
    variant = () if wanted.variant == BASE else ("--variant", wanted.variant)
    affinities = [("--affinity", a) for a in dict.fromkeys(a for a, _ in wanted.cells)]
    ordeals = [("--ordeal", o) for o in dict.fromkeys(o for _, o in wanted.cells)]
    words = [word for pair in (*affinities, *ordeals) for word in pair]
    command = [sys.executable, "-m", "sessionlab", "check", str(APPS / wanted.app), *variant]
    done = subprocess.run(
        [*command, *words, *wanted.arguments, "--seed", "1", "--json", "-"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(environment(wanted.app)),
    )
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"no JSON: {done.stdout}\n{done.stderr}") from None
    return said


def word(users: Mapping[str, int], wanted: str) -> str:
    """What became of the users: the word that is wanted where that is true, or else figures."""
    lost = sum(users[key] for key in ("logged_out", "stuck", "wrong_data"))
    fine = users["kept"] + users["moved"]
    everybody = lost + fine + users["unknown"]
    true = {
        "kept": fine == everybody > 0,
        "some lost": lost > 0,
        "all lost": lost == everybody > 0,
        "some with wrong data": users["wrong_data"] > 0 == users["logged_out"] + users["stuck"],
        "nobody gets in": users["stuck"] == everybody > 0,
    }
    if wanted not in true:
        raise ValueError(f"{wanted!r} is none of {', '.join(true)}")
    figures = ", ".join(f"{count} {key}" for key, count in users.items() if count)
    return wanted if true[wanted] else figures
