"""What a story or an experiment can break by name, each with what mends it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.description.variants import Variants
from sessionlab.lab.faults.links import OF_LINKS
from sessionlab.lab.faults.parts import OF_NODES, OF_REDIS, OF_THE_BALANCER

if TYPE_CHECKING:
    from sessionlab.lab.faults.interface import Fault

FAULTS: Variants[Fault] = Variants(
    "sessionlab.faults",
    {**OF_NODES, **OF_THE_BALANCER, **OF_REDIS, **OF_LINKS},
    *("summary", "inject", "heal"),
)
