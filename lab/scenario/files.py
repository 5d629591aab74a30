"""A scenario out of a file of the user's own, with the modules that lie beside it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType


def loaded(path: Path) -> ModuleType:
    """The file as a module. Raises UsageError when it can't be imported.

    Its folder comes last where modules are looked for: a `redis.py` or `random.py` there is nobody
    else's, unlike beside a program that Python itself runs.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}", "`sessionlab list` shows scenarios by name")
    whole = path.resolve()
    spec = importlib.util.spec_from_file_location(_name(whole), whole)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file", "a scenario is a .py file")
    _make_room(whole.parent)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for what an annotation means
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        raise UsageError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _name(path: Path) -> str:
    """A name that no other module has, and no dot that would make it part of a package."""
    return "scenario_" + re.sub(r"\W", "_", str(path.with_suffix("")))


def _make_room(folder: Path) -> None:
    """Let modules be found in the folder. Raises UsageError where another's would be meant."""
    beside = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    for other in _FOLDERS - {folder}:
        for name in beside & sys.modules.keys():
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and other in Path(origin).parents:
                raise UsageError(
                    f"{folder} and {other} both have a module {name!r}",
                    "Python knows one of a name: run them in more than one run, or rename it",
                )
    _FOLDERS.add(folder)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


_FOLDERS: set[Path] = set()
