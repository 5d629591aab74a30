"""How a new version comes to run, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.cluster.deploys.blue_green import BlueGreen
from sessionlab.lab.cluster.deploys.recreate import Recreate
from sessionlab.lab.cluster.deploys.rolling import Rolling
from sessionlab.lab.description.variants import Factories

if TYPE_CHECKING:
    from sessionlab.lab.cluster.deploys.interface import Deploy

DEPLOYS: Factories[Deploy] = Factories(
    "sessionlab.deploys",
    {"rolling": Rolling, "blue-green": BlueGreen, "recreate": Recreate},
    "carry_out",
)
