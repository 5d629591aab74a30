"""A credential looked into: what it is, who knows it, what the store holds, what a JWT says.

Every node is asked directly, by a client of which no history hears. That counts as a use of the
session, as any request would.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.inventory import Kind, State
from sessionlab.lab.errors import LabError
from sessionlab.lab.page.credentials import words
from sessionlab.lab.page.credentials.short import kind_of
from sessionlab.lab.page.credentials.tokens import looked_into, opened
from sessionlab.lab.page.model.credentials import Held, Looked, Stored
from sessionlab.lab.page.seen.looks import SILENT, silent
from sessionlab.lab.page.seen.sendings import HEADER, LOOK
from sessionlab.lab.page.seen.shown import no_answer
from sessionlab.lab.page.seen.store import GLANCE, PREFIX, short
from sessionlab.lab.record.history import NOBODY, USER
from sessionlab.lab.viewer.charts import state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.cluster.node import Node
    from sessionlab.lab.description.keys import Key

PATIENCE = 1.5  # seconds that a node gets to answer: it may wait for Redis for one
MOST_FIELDS, MOST_TEXT = 30, 200
COOKIE = "the cookie "  # as `Client.held` says it


async def looked(cluster: Cluster, client: Client) -> Looked:
    """The credential that a tab holds now; never raises for what a part says, or does not say."""
    value = client.credential
    if not value:
        return Looked("none", "", "", words.nothing(client), [])
    kind, strategy = kind_of(client), cluster.description.services[0].strategy
    held, (stored, trouble) = await asyncio.gather(
        _held(cluster, client), _stored(cluster, value if strategy == "redis" else "")
    )
    token = opened(value)
    return Looked(
        kind=kind,
        where=where(client),
        value=value,
        says=words.of_a(kind, strategy, held, stored, trouble),
        held=held,
        stored=stored,
        jwt=looked_into(token, _keys(cluster), _algorithm(cluster)) if token else None,
    )


def where(client: Client) -> str:
    """How it travels: `cookie sid`, `header Authorization`."""
    names = [name for name, value in client.held.items() if value == client.credential]
    name = next(iter(names), "")
    if name.startswith(COOKIE):
        return f"cookie {name.removeprefix(COOKIE)}"
    sent = client.recipe.every.headers.items()
    headers = (field for field, text in sent if f"{{{name}" in text)
    return f"header {next(headers, name)}"


async def _held(cluster: Cluster, client: Client) -> list[Held]:
    states = {part.name: part.state for part in cluster.inventory.parts()}
    return await asyncio.gather(
        *(_at(node, states.get(node.name), client) for node in list(cluster.nodes.values()))
    )


async def _at(node: Node, state_of: State | None, client: Client) -> Held:
    """What that node says; each has a client of its own, for an answer may set a cookie."""
    if state_of in SILENT:
        return Held(node.name, None, "", [], None, "failed", f"it {SILENT[state_of]}")
    shadow = client.shadow()
    shadow.headers[HEADER], shadow.patience = LOOK, PATIENCE
    try:
        answer = await shadow.do("me", at=node.url)
        said = answer.operation
        knows = True if said.who == USER else False if said.who == NOBODY else None
        items = None
        if knows and client.recipe.read:
            items = (await shadow.do("read", at=node.url)).operation.items
    except LabError as error:
        return Held(node.name, None, "", [], None, "failed", str(error))
    finally:
        await shadow.close()
    reason = str(answer.body.get("detail") or said.code or said.error or "")
    if said.status is None:
        reason = no_answer(reason, PATIENCE)
    user = said.user if knows and said.user else ""
    return Held(
        node.name, knows, user, list(items or ()), said.status, state(said), reason[:MOST_TEXT]
    )


async def _stored(cluster: Cluster, session_id: str) -> tuple[Stored | None, str]:
    """What Redis holds for it, or why that is not known; neither where it holds nothing."""
    redis = cluster.inventory.redis
    if redis is None or not session_id:
        return None, ""
    if why := silent(cluster, Kind.REDIS):
        return None, f"it {why}"
    from redis.exceptions import RedisError  # noqa: PLC0415  slow, and most clusters have none

    key = PREFIX + hashlib.sha256(session_id.encode()).hexdigest()
    try:
        async with asyncio.timeout(GLANCE), redis.client(GLANCE) as client:
            fields, left = await client.hgetall(key), await client.pttl(key)
            seconds, _ = await client.time()
    except (RedisError, RuntimeError, OSError) as error:  # uvloop has RuntimeErrors of its own
        return None, f"it does not answer ({type(error).__name__})"
    if not fields:
        return None, ""
    told = [(_text(name), _text(value)) for name, value in list(fields.items())[:MOST_FIELDS]]
    said = {name: _when(value, seconds) if name == "expires" else value for name, value in told}
    return Stored(short(key), said, left / 1000 if left >= 0 else None), ""


def _text(data: bytes | str) -> str:
    return (data if isinstance(data, str) else data.decode(errors="replace"))[:MOST_TEXT]


def _when(milliseconds: str, now: float) -> str:
    """Redis's own clock decides about it."""
    try:
        left = int(milliseconds) / 1000 - now
    except ValueError:
        return milliseconds
    return f"in {left / 3600:.1f} h, whatever happens" if left > 0 else "over"


def _keys(cluster: Cluster) -> Sequence[Key] | None:
    options = cluster.description.services[0].options
    return None if "jwt-keys" in options else cluster.inventory.keys


def _algorithm(cluster: Cluster) -> str:
    description = cluster.description
    return description.services[0].options.get("jwt-algorithm", description.jwt_algorithm)
