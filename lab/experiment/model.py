"""What an experiment's file says: a struct for each of its tables; times are seconds.

`reading` makes them and checks what the types cannot say. What `[workload]` has is described with
the workload, what a `[[fault]]` takes with the faults.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import field

from sessionlab.lab.description.cluster import BALANCER, CLUSTER, SERVICE
from sessionlab.lab.recipes.model import Table
from sessionlab.lab.workload.model import Workload  # noqa: TC001  msgspec reads it

Options = dict[str, str | int | float | bool]


class Cluster(Table, frozen=True):
    """What is put under load: our demo app in a `strategy`, or the `app` of a recipe."""

    strategy: str = ""
    """How a node of our demo app knows its users; `memory` unless given."""
    app: str = ""
    """A recipe, or the folder of one, from where the experiment's file lies."""
    variant: str = ""
    """The variant of that recipe."""
    nodes: int = SERVICE.nodes
    affinity: str = CLUSTER.affinity
    algorithm: str = CLUSTER.algorithm
    balancer: str = BALANCER
    fabric: str = "local"
    options: Options = field(default_factory=dict)
    """Of our demo app's command line, by name without the dashes."""
    balancer_options: Options = field(default_factory=dict)
    """Of the built-in balancer's command line."""
    redis: bool = CLUSTER.redis
    redis_keeps: bool = CLUSTER.redis_keeps
    one_key: bool = CLUSTER.one_key
    jwt_algorithm: str = CLUSTER.jwt_algorithm
    tls: bool = CLUSTER.tls
    trust_balancer: bool = CLUSTER.trust_balancer


class Checks(Table, frozen=True):
    """Which checks are made: all, unless it says so."""

    only: list[str] = field(default_factory=list)


class Matrix(Table, frozen=True):
    """Every combination of these is a cell, an experiment of its own.

    A `fault` is a name, which takes the times and the part of the file's first `[[fault]]`, or a
    table as that is one, or a list of tables: a set of faults. `"nothing"` is a cell without any.
    """

    strategy: list[str] = field(default_factory=list)
    variant: list[str] = field(default_factory=list)
    affinity: list[str] = field(default_factory=list)
    algorithm: list[str] = field(default_factory=list)
    balancer: list[str] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    fault: list[str | dict[str, Any] | list[dict[str, Any]]] = field(default_factory=list)
    seed: list[int] = field(default_factory=list)


class Experiment(Table, frozen=True):
    """The whole file, or one cell of its matrix."""

    name: str
    """What it is called in reports, and the folder of its runs."""
    workload: Workload
    format: Literal[1] = 1
    seed: int | None = None
    """Repeats a run's random choices; drawn when not given."""
    cluster: Cluster = Cluster()
    fault: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, Any] = field(default_factory=dict)
    """How many faults are drawn from the seed, and of which."""
    checks: Checks = Checks()
    bounds: dict[str, str | int | float] = field(default_factory=dict)
    """What must not be exceeded, by the name of a check's figure: lost = 0, p99_ms = "<= 50"."""
    matrix: Matrix = Matrix()
