"""What an app and its users can be put through, by name, the harmless first: see `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.description.variants import Variants
from sessionlab.lab.ordeals import of_the_cluster
from sessionlab.lab.ordeals.data import DATA
from sessionlab.lab.ordeals.first_visit import FIRST_VISIT
from sessionlab.lab.ordeals.logout import LOGOUT
from sessionlab.lab.ordeals.two_tabs import TWO_TABS

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.interface import Ordeal

ORDEALS: Variants[Ordeal] = Variants(
    "sessionlab.ordeals",
    {
        "ask": of_the_cluster.ASK,
        "two-tabs": TWO_TABS,
        "first-visit": FIRST_VISIT,
        "data": DATA,
        "logout": LOGOUT,
        "balancer-restart": of_the_cluster.BALANCER_RESTART,
        "restart": of_the_cluster.RESTART,
        "kill": of_the_cluster.KILL,
        "grow": of_the_cluster.GROW,
        "drain": of_the_cluster.DRAIN,
        "deploy": of_the_cluster.DEPLOY,
        "store-blip": of_the_cluster.STORE_BLIP,
    },
    *("summary", "carry_out", "mend", "why_not"),
)
