"""The ordeal `deploy`: every copy is replaced, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.cluster.deploys.rolling import Rolling
from sessionlab.lab.ordeals.interface import Ordeal

if TYPE_CHECKING:
    from sessionlab.lab.ordeals.trial import Trial

LIMIT = (
    0.3  # seconds that an old copy is drained: no session ends by itself in a longer time either
)


async def _carry_out(trial: Trial) -> None:
    await trial.while_asking(lambda: trial.cluster.deploy(Rolling(limit=LIMIT), "2"))


DEPLOY = Ordeal("a rolling deploy replaces every copy", _carry_out)
