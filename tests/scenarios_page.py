"""All that a scenario can use, on one page made from the docstrings.

`python -m tests.scenarios_page` writes docs/scenarios.md anew; a test compares the two.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from sessionlab.lab.clients.traffic import Traffic
from sessionlab.lab.cluster.deploys import DEPLOYS
from sessionlab.lab.cluster.faults import Faults
from sessionlab.lab.cluster.node import Node
from sessionlab.lab.cluster.redis_life import RedisLife
from sessionlab.lab.faults import FAULTS
from sessionlab.lab.scenario import api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = Path(__file__).parent.parent / "docs" / "scenarios.md"
HEAD = """\
# All that a scenario can use

A scenario is a function that is given a `lab`; README has a whole one. It imports its names from
`sessionlab` (`from sessionlab import Client, Lab, scenario`), and here they all are, with what a
cluster, a client or an answer can do. This page is made from the docstrings:
`python -m tests.scenarios_page`. [extending.md](extending.md) shows how to add to what there is.
"""
GROUPS: dict[str, tuple[str, ...]] = {
    "A story": ("scenario", "Scenario", "main"),
    "The lab": ("Lab", "Settings"),
    "A cluster": ("Cluster", "Description", "Service"),
    "Clients": ("Client",),
    "Answers": ("Answer", "Answers", "together", "History", "Operation", "Ending"),
    "Claims": ("Claim", "share", "MoreThan", "Counted", "Predicted"),
    "Users": ("Users", "Fate"),
    "Deploys": ("Deploy", "Rolling", "BlueGreen", "Recreate"),
    "Faults": (),
    "Tokens": ("read_token", "altered", "resigned", "unsigned"),
    "What comes of it": ("Outcome", "ScenarioResult", "RunResult"),
    "Errors": (
        "LabError",
        "UsageError",
        "StartError",
        "NothingShown",
        "StepError",
        "DeployError",
        "Skip",
    ),
}
MADE_FOR_YOU = {"Lab", "Cluster", "Client", "Answer", "Answers", "Users", "Traffic", "Node"}
MADE_FOR_YOU |= {"Claim", "History", "Operation", "Deploy", "Faults", "Settings", "Scenario"}
MADE_FOR_YOU |= {"RedisLife"}
MADE_FOR_YOU |= {"ScenarioResult", "RunResult", "Description"}
"""What no story makes itself: how it is made is nobody's business there."""
INSIDE = {"Traffic": Traffic, "Node": Node, "Faults": Faults, "RedisLife": RedisLife}
BESIDE = {
    "The lab": ("Traffic",),
    "A cluster": ("Node",),
    "Faults": ("Faults", "RedisLife"),
}
"""Classes that a story meets without naming them, and where they belong."""
CALLED = {"Faults": "cluster.faults", "RedisLife": "cluster.redis"}
ENTERED = ("Cluster", "Traffic", "Broken")
NOT_FOR_STORIES = {
    *("close", "watch", "entered", "retire", "append", "carry_out"),
    *("accepts", "needs_redis", "node_name", "by_source"),
    *("backend", "part", "readiness", "told", "summary", "tell"),
}
"""What the lab itself calls."""


def page() -> str:
    """The whole page."""
    return "".join([HEAD, *(f"\n## {title}\n{_group(title)}" for title in GROUPS)])


def entries() -> Iterator[tuple[str, Any]]:
    """Every name of the page with what it is, as `Lab` and `lab.claim`."""
    for title, names in GROUPS.items():
        for name in (*names, *BESIDE.get(title, ())):
            it = INSIDE.get(name) or getattr(api, name)
            yield name, it
            if inspect.isclass(it):
                for member, value in _members(it):
                    yield f"{_variable(name)}.{member}", value


def _group(title: str) -> str:
    names = (*GROUPS[title], *BESIDE.get(title, ()))
    parts = [_part(name, INSIDE.get(name) or getattr(api, name)) for name in names]
    if title == "Deploys":
        parts.append(_named("cluster.deploy(NAME, version)", DEPLOYS))
    if title == "Faults":
        parts.append(_named("lab.fault(NAME, cluster)", FAULTS))
    return "".join(parts)


def _part(name: str, it: Any) -> str:
    if not inspect.isclass(it):
        return f"\n### `{_call('', name, it)}`\n\n{_paragraphs(it)}\n"
    made = "" if name in MADE_FOR_YOU or issubclass(it, (Enum, Exception)) else _parameters(it)
    text = f"\n### `{name}{made}`\n\n{_paragraphs(it)}\n"
    if issubclass(it, Enum):
        return text + "\n" + "".join(f"- `{name}.{one.name}`: {one.value}\n" for one in it)
    lines = [_line(name, member, value) for member, value in _members(it)]
    if not made and (held := [one for one in _fields(it) if _for_stories(one)]):
        lines.insert(0, f"- has {', '.join(f'`{one}`' for one in held)}\n")
    return text + ("\n" + "".join(lines) if lines else "")


def _line(owner: str, member: str, value: Any) -> str:
    said = " ".join((inspect.getdoc(value) or "").split())
    if isinstance(value, property):
        return f"- `{_variable(owner)}.{member}`: {said}\n"
    return f"- `{_call(_variable(owner) + '.', member, value)}`: {said}\n"


def _call(before: str, name: str, it: Callable[..., object]) -> str:
    returns = str(inspect.signature(it).return_annotation)
    entered = "async with " if returns in ENTERED else ""
    awaited = "await " if inspect.iscoroutinefunction(it) else ""
    return f"{entered}{awaited}{before}{name}{_parameters(it)}"


def _parameters(it: Callable[..., object]) -> str:
    """`(count, sources=(), *, patience=10.0)`: names and defaults, no types."""
    known = inspect.signature(it)
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for name, parameter in known.parameters.items()
        if name != "self"
    ]
    return str(inspect.Signature(bare)).replace("<factory>", "{}")


def _members(it: type) -> Iterator[tuple[str, Any]]:
    """Its public methods and properties, in the order in which they are written."""
    if issubclass(it, (Enum, Exception)):
        return
    found = {name: value for one in _ours(it) for name, value in vars(one).items()}
    for name, value in found.items():
        shown = inspect.isfunction(value) or isinstance(value, property)
        if shown and _for_stories(name):
            yield name, value


def _ours(it: type) -> list[type]:
    """It, and before it those of ours that it is made on."""
    made_on = [] if issubclass(it, Exception) else it.__mro__[:0:-1]
    return [*(one for one in made_on if one.__module__.startswith("sessionlab")), it]


def _for_stories(name: str) -> bool:
    return not name.startswith("_") and name not in NOT_FOR_STORIES


def _fields(it: type) -> list[str]:
    """Of a dataclass its fields, of another class what its `__init__` puts there."""
    if is_dataclass(it):
        return [field.name for field in fields(it)]
    if not any(inspect.isfunction(vars(one).get("__init__")) for one in _ours(it)):
        return []
    made = ast.walk(ast.parse(dedent(inspect.getsource(it.__init__))))  # type: ignore[misc]
    return list(
        dict.fromkeys(
            one.attr
            for one in made
            if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)
        )
    )


def _named(how: str, variants: Any) -> str:
    lines = [f"- `{name}`: {said}\n" for name, said in variants.summaries().items()]
    return f"\n### By name: `{how}`\n\n{''.join(lines)}"


def _variable(owner: str) -> str:
    """What a story calls one: `cluster` of `Cluster`."""
    return CALLED.get(owner, owner.lower())


def _paragraphs(it: Any) -> str:
    return inspect.getdoc(it) or ""


if __name__ == "__main__":
    PAGE.write_text(page())
