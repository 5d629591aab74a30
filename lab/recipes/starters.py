"""Recipes to begin with."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).with_name("templates")
GENERIC = "app"


def names() -> list[str]:
    """Those that `sessionlab init` knows, the generic one last."""
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return [*(name for name in found if name != GENERIC), GENERIC]


def text(name: str) -> str:
    """A commented recipe."""
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
