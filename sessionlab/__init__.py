"""The one import name of the distribution: `from sessionlab import Lab, scenario`.

These names are all that a scenario needs; `sessionlab.lab.scenario.api` lists them. They are loaded
when they are asked for, so that a node or a balancer, which live in this package too, load nothing
of the lab. In the checkout `lab/`, `nodes/`, `balancer/` and `scenarios/` lie at the top, and links
lead to them from here, for imports, type checkers and editable installs alike; in the wheel they
are folders of this package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlab.lab.scenario.api import *  # noqa: F403


def __getattr__(name: str) -> object:
    if name == "__all__" or not name.startswith("_"):
        api = import_module("sessionlab.lab.scenario.api")
        if name in ("__all__", *api.__all__):
            value: object = getattr(api, name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    api = import_module("sessionlab.lab.scenario.api")
    return sorted({*globals(), *api.__all__})
