"""The strategies, each found by its name. A new one is a file and an entry here."""

from typing import Literal

StrategyName = Literal["memory", "redis", "jwt"]
