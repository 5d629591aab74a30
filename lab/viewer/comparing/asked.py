"""What two runs were asked for differently: by their files, or by what they said of themselves."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sessionlab.lab.viewer.comparing.comparison import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.reports.cases import Case

FILE = "experiment.toml"
_OF_FILE = ("workload", "fault", "faults")
_OF_RUN = ("fabric", "balancer", "seed", "url", "command")
_OF_CLUSTER = ("cluster", "part", "balancer")  # its label, and whether it has one: not asked for


def asked(a: Case, b: Case) -> list[Asked]:
    """Each setting that differs, the cluster's first; "" where one run does not say."""
    of_a, of_b = settings(a), settings(b)
    return [
        Asked(name, of_a.get(name, ""), of_b.get(name, ""))
        for name in dict.fromkeys([*of_a, *of_b])
        if of_a.get(name, "") != of_b.get(name, "")
    ]


def settings(case: Case) -> dict[str, str]:
    """By name, as a person reads them: `strategy`, `workload.users`, `fault 1.at`."""
    cluster = {k: v for k, v in case.about.told.items() if k not in _OF_CLUSTER}
    if isinstance(own := cluster.pop("strategies", None), dict):
        cluster = {"strategy": "/".join(dict.fromkeys(map(str, own.values()))), **cluster}
    told = {**cluster, **(case.run.get("cell") or {})}
    told |= {name: case.run[name] for name in _OF_RUN if name in case.run}
    told |= {name: value for name, value in _file(case).items() if name in _OF_FILE}
    return {name: said for name, value in told.items() for name, said in _flat(name, value)}


def app(case: Case) -> str:
    """Whose app it was; "" for ours."""
    return str(case.about.told.get("app") or case.run.get("app") or "")


def workload(case: Case) -> dict[str, str]:
    """What its users were asked to do, but for how long."""
    return dict(_flat("workload", {**_mapping(_file(case).get("workload")), "seconds": None}))


def _file(case: Case) -> dict[str, Any]:
    """The copy of the file that an experiment was made by; empty where there is none."""
    try:
        return tomllib.loads((case.folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _flat(f"{name}.{key}", one)
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for number, one in enumerate(value, 1):
            yield from _flat(f"{name} {number}", one)
    elif value is not None:
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
