"""What a generator process must know of the app that it asks: plain values, some of them secret."""

from __future__ import annotations

from msgspec import Struct, field

from sessionlab.lab.clients.people import Person  # noqa: TC001  msgspec reads it
from sessionlab.lab.recipes.model import Recipe  # noqa: TC001  msgspec reads it


class Target(Struct, frozen=True):
    """An app under load.

    `url` is what is asked (the balancer's). `people` are the accounts, one for each user, round and
    round where there are fewer. `words` are what all copies were given (`{secret}`, `{shared}`,
    `{redis}`). `certificate` is the PEM text of the authority to believe, empty for those of the
    system. `cluster` is what operations say of where they were; `affinity` that of the cluster,
    where it is known. `patience` are the seconds until a request counts as unanswered, 0 for each
    step's own `within`.
    """

    url: str
    recipe: Recipe
    people: list[Person]
    words: dict[str, str] = field(default_factory=dict)
    affinity: str = ""
    certificate: str = ""
    cluster: str = ""
    patience: float = 0.0
