"""An experiment out of its file, with each cell of its matrix: all is checked before it starts."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from sessionlab.lab.checks import CHECKS
from sessionlab.lab.checks.bounds import Bound, parse
from sessionlab.lab.clients.people import people
from sessionlab.lab.description.cluster import BALANCER, MOST_NODES
from sessionlab.lab.errors import UsageError
from sessionlab.lab.experiment import described
from sessionlab.lab.experiment.cells import Cell, cells
from sessionlab.lab.experiment.model import Experiment
from sessionlab.lab.faults import schedule
from sessionlab.lab.prediction import MODELS
from sessionlab.lab.recipes.checks.fault import Fault
from sessionlab.lab.recipes.checks.types import converted
from sessionlab.lab.recipes.environment import check_environment
from sessionlab.lab.recipes.nearest import meant
from sessionlab.lab.recipes.reading import merged
from sessionlab.lab.recipes.toml_text import TomlText

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.faults.schedule import Planned

_KEY = re.compile(r"faults?(?:\[\d+\])?(?:\.[\w-]+)*(?=[ :])")
_WORD = re.compile(r"[\w-]+")
NAME = re.compile(r"\w(?:[\w.-]*\w)?")
MOST_CELLS = 1000
_HINT = "docs/experiments.md has one to begin with"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: an experiment, or a cell of its matrix, with all that it names found."""

    name: str
    axes: Mapping[str, str]
    experiment: Experiment
    seed: int
    description: Description
    faults: list[Planned]
    bounds: list[Bound]
    checks: list[str]
    file: str
    mark: str

    @property
    def title(self) -> str:
        """What is put under load, in a few words."""
        cluster, workload = self.experiment.cluster, self.experiment.workload
        service = self.description.services[0]
        what = self.description.app.title if self.description.app else service.strategy
        asked = f"{workload.users} users for {workload.seconds:g} s"
        behind = f" behind {cluster.balancer}" if cluster.balancer != BALANCER else ""
        return f"{cluster.nodes} nodes of {what}{behind}, affinity {cluster.affinity}; {asked}"

    @property
    def known(self) -> dict[str, Any]:
        """What a Result has of it."""
        names = ("name", "seed", "title", "file", "axes", "mark")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Read:
    """A file and its plans: one, or one for each cell of the `matrix`."""

    toml: TomlText
    experiment: Experiment
    seed: int
    plans: list[Plan]

    @property
    def is_matrix(self) -> bool:
        return bool(self.plans[0].axes)

    @property
    def title(self) -> str:
        """What is run, in a few words."""
        axes = " × ".join(self.plans[0].axes)
        return f"{len(self.plans)} cells, {axes}" if self.is_matrix else self.plans[0].title


def read(
    path: Path, seed: int, over: Mapping[str, Any] | None = None, *, insist: bool = False
) -> Read:
    """Read a file; raises UsageError with the file, the line and the key.

    `seed` is for a file without one, unless you `insist`; `over` are values of `[cluster]` that win
    over the file's, and over its matrix.
    """
    toml = TomlText.read(path, _HINT)
    MODELS.usable()  # a package's own that can't be used is told now, and not after the run
    reader = _Reader(toml)
    raw = _pinned(toml.parsed(), {**(over or {}), **({"seed": seed} if insist else {})})
    whole = reader.experiment(raw)
    seed = seed if whole.seed is None else whole.seed
    found = cells(raw, whole.workload.seconds)
    if len(found) > MOST_CELLS:
        says = f"has {len(found)} cells"
        raise toml.refused(Fault(("matrix",), says, f"{MOST_CELLS} are the most"))
    if not found:
        raise toml.refused(Fault(("matrix",), "has an axis without a value", "leave that out"))
    plans = [reader.plan(cell, seed) for cell in found]
    return Read(toml, whole, seed, plans)


def _pinned(raw: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in over.items():
        raw = merged(raw, {name: value} if name == "seed" else {"cluster": {name: value}})
        matrix = raw.get("matrix")
        if isinstance(matrix, dict) and name in matrix:
            raw = merged(raw, {"matrix": {name: [value]}})
    return raw


class _Reader:
    def __init__(self, toml: TomlText) -> None:
        self._toml = toml
        self._folder = toml.path.parent

    def experiment(self, raw: dict[str, Any]) -> Experiment:
        """Raises UsageError for what can be told without its cells."""
        found = self._converted(raw)
        fault = found if isinstance(found, Fault) else next(_faults(found), None)
        if fault is not None:
            raise self._toml.refused(fault)
        assert not isinstance(found, Fault)  # noqa: S101
        return found

    def plan(self, cell: Cell, seed: int) -> Plan:
        """Raises UsageError also for what only this cell has."""
        try:
            return self._plan(cell, seed)
        except UsageError as error:
            if not cell.axes:
                raise
            raise UsageError(f"{error} (in the cell {cell.name})", error.hint) from None

    def _plan(self, cell: Cell, seed: int) -> Plan:
        experiment = self.experiment(dict(cell.raw))
        seed = seed if experiment.seed is None else experiment.seed
        cluster, workload = experiment.cluster, experiment.workload
        nodes = [f"n{number}" for number in range(1, min(cluster.nodes, MOST_NODES) + 1)]
        planned = self._scheduled(experiment, seed, nodes)
        with self._at("cluster"):
            links = schedule.links(planned, cluster.fabric)
            description = described.described(cluster, self._folder, links)
            if description.app:
                check_environment(description.app.recipe)
                people(description.app.recipe, workload.users)
        with self._at("fault" if experiment.fault else "faults"):
            schedule.check(planned, description, cluster.fabric)
        workload = msgspec.structs.replace(workload, seed=seed)
        checks = [name for name in experiment.checks.only or CHECKS.usable() if CHECKS[name]]
        return Plan(
            cell.name,
            cell.axes,
            msgspec.structs.replace(experiment, workload=workload),
            seed,
            description,
            planned,
            [self._bound(name, value, checks) for name, value in experiment.bounds.items()],
            checks,
            str(self._toml.path),
            _mark(seed, experiment, description),
        )

    def _scheduled(self, experiment: Experiment, seed: int, nodes: list[str]) -> list[Planned]:
        seconds = experiment.workload.seconds
        with self._at("fault" if experiment.fault else "faults"):
            return schedule.read(experiment.fault, seed, seconds, nodes, experiment.faults or None)

    def _bound(self, name: str, value: object, checks: list[str]) -> Bound:
        with self._at("bounds", name):
            bound = parse(name, value)
            knows = [check for check, one in CHECKS.usable().items() if name in one.figures]
            if not {*knows} & {*checks}:
                says = f"{name} is a figure of the check {knows[0]}, which `only` leaves out"
                raise UsageError(says, f"add {knows[0]!r} to it, or leave the bound out")
            return bound

    def _converted(self, raw: dict[str, Any]) -> Experiment | Fault:
        """The workload has rules of its own, which say what is wrong, and not where."""
        try:
            return converted(raw, Experiment)
        except UsageError as error:
            table = raw.get("workload", {})
            wrong = (key for key in table if _complains(table, key) == str(error))
            raise self._toml.refused(
                Fault(("workload", *list(wrong)[:1]), str(error), error.hint)
            ) from None

    @contextmanager
    def _at(self, *keys: str) -> Iterator[None]:
        """What is wrong is told with the line of that key, or of one it names: `fault[1].at`."""
        try:
            yield
        except UsageError as error:
            named = _KEY.match(str(error))
            words = _WORD.findall(named[0]) if named else []
            where = tuple(int(word) - 1 if word.isdigit() else word for word in words)
            raise self._toml.refused(Fault((), str(error), error.hint), where or keys) from None


def _mark(seed: int, experiment: Experiment, description: Description) -> str:
    app = description.app
    return sha256(repr((seed, experiment, app.recipe if app else "")).encode()).hexdigest()


def _complains(table: Mapping[str, Any], key: str) -> str:
    """What is said of a workload that has only this key."""
    try:
        converted({"workload": {key: table[key]}, "name": "x"}, Experiment)
    except UsageError as error:
        return str(error)
    return ""


def _faults(experiment: Experiment) -> Iterator[Fault]:
    """What the types cannot say."""
    if not NAME.fullmatch(experiment.name):
        says = f"{experiment.name!r} cannot be a folder's name"
        yield Fault(("name",), says, "take letters, digits, and - _ . between them")
    yield from described.faults(experiment.cluster)
    for axis, family in described.FAMILIES.items():
        for number, value in enumerate(getattr(experiment.matrix, axis, ())):
            if why := described.unknown(value, family):
                yield Fault(("matrix", axis, number), f"{value!r} is not known", why)
    for number, name in enumerate(experiment.checks.only):
        if name not in CHECKS:
            yield Fault(("checks", "only", number), f"{name!r} is no check", meant(name, CHECKS))
