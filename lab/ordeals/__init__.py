"""What an app and its users can be put through, by name, the harmless first: see `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.description.variants import Variants
from sessionlab.lab.ordeals.ask import ASK
from sessionlab.lab.ordeals.balancer_restart import BALANCER_RESTART
from sessionlab.lab.ordeals.data import DATA
from sessionlab.lab.ordeals.deploy import DEPLOY
from sessionlab.lab.ordeals.drain import DRAIN
from sessionlab.lab.ordeals.first_visit import FIRST_VISIT
from sessionlab.lab.ordeals.grow import GROW
from sessionlab.lab.ordeals.kill import KILL
from sessionlab.lab.ordeals.logout import LOGOUT
from sessionlab.lab.ordeals.restart import RESTART
from sessionlab.lab.ordeals.store_blip import STORE_BLIP
from sessionlab.lab.ordeals.two_tabs import TWO_TABS

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.interface import Ordeal

ORDEALS: Variants[Ordeal] = Variants(
    "sessionlab.ordeals",
    {
        "ask": ASK,
        "two-tabs": TWO_TABS,
        "first-visit": FIRST_VISIT,
        "data": DATA,
        "logout": LOGOUT,
        "balancer-restart": BALANCER_RESTART,
        "restart": RESTART,
        "kill": KILL,
        "grow": GROW,
        "drain": DRAIN,
        "deploy": DEPLOY,
        "store-blip": STORE_BLIP,
    },
    *("summary", "carry_out", "mend", "why_not"),
)
