"""What is asked of the page's clusters, and what is said of it."""

from __future__ import annotations

from msgspec import Struct


class NewCluster(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /clusters/ID`: replace it (or put one beside it); what is left out stays as it is."""

    strategy: str | None = None
    algorithm: str | None = None
    affinity: str | None = None
    nodes: int | None = None


class Act(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /actions`: to the part of that name; at cluster a, at `b`, or at `all`."""

    do: str
    part: str = ""
    cluster: str = "a"


class Done(Struct, frozen=True):
    """What was done, in words; `refused` says of other clusters why it was not, and what to do."""

    done: str
    refused: dict[str, str] = {}


class NewRecording(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /recordings`: what was done at `cluster` so far becomes a stored run called `name`."""

    name: str = ""
    cluster: str = "a"


class Recording(Struct, frozen=True):
    """Where it lies; `script` is the text of a scenario to start from, `again` are commands."""

    folder: str
    script: str
    again: list[str]


class Script(Struct, frozen=True):
    """`GET /script`: the text of a scenario that does what was done by hand again."""

    script: str


class Problem(Struct, frozen=True):
    """RFC 9457; `hint` is the way out, `field` the one that is wrong, "" where it is none."""

    title: str
    status: int
    detail: str
    hint: str = ""
    field: str = ""
    type: str = "about:blank"
