"""All that the models say of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.prediction import MODELS
from sessionlab.lab.prediction.interface import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.prediction.interface import Planned, Prediction
    from sessionlab.lab.workload.model import Workload


def predict(
    told: Mapping[str, object], workload: Workload, planned: Sequence[Planned]
) -> list[Prediction]:
    """What is expected of a run, from its cluster's `Description.told`, workload and faults.

    Nothing of a cluster of several services, or without a balancer.
    """
    setting = _setting(told, workload, [one for one in planned if one.fault != "nothing"])
    if setting is None:
        return []
    return [found for model in MODELS.usable().values() for found in model.foretell(setting)]


def _setting(
    told: Mapping[str, object], workload: Workload, faults: Sequence[Planned]
) -> Setting | None:
    strategies, options, nodes = told.get("strategies"), told.get("options"), told.get("nodes")
    if not isinstance(strategies, dict) or len(strategies) != 1 or not isinstance(nodes, int):
        return None
    if not told.get("balancer"):
        return None
    return Setting(
        nodes,
        "" if told.get("app") else str(next(iter(strategies.values()))),
        str(told.get("affinity")),
        str(told.get("algorithm")),
        str(told.get("balancer")),
        told.get("one_key") is not False,
        options if isinstance(options, dict) else {},
        workload,
        faults,
    )
