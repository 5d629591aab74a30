"""The strategies, each found by its name. A new one is a file and an entry here."""

from typing import Literal

StrategyName = Literal["memory", "redis", "jwt"]

CartWrites = Literal["field", "record"]
"""How a store's cart changes: one item is added, or the whole record is written back."""

OnStoreDown = Literal["error", "logout"]
"""What a store that cannot be reached means: that nothing can be told, or that nobody is known."""
