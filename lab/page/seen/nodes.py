"""What a node of our demo app says of itself: its version, and the sessions in its memory."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessionlab.lab.cluster.node import Node

GLANCE = 0.5  # seconds that a node gets to answer
_SESSIONS = re.compile(rb"^sessionlab_sessions ([0-9.e+]+)$", re.MULTILINE)
_VERSION = re.compile(rb'^sessionlab_node_info\{.*version="((?:[^"\\]|\\.)*)"', re.MULTILINE)
_ESCAPED = re.compile(r"\\(.)")  # Prometheus's text format, for a label's value


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """`sessions` is None where it holds none by itself, or does not say."""

    version: str = ""
    sessions: int | None = None


async def seen(http: aiohttp.ClientSession, nodes: Iterable[Node]) -> dict[str, NodeSeen]:
    """What those say that answer soon, by their names."""
    asked = list(nodes)
    said = await asyncio.gather(*(_asked(http, node) for node in asked))
    return {node.name: one for node, one in zip(asked, said, strict=True) if one}


async def _asked(http: aiohttp.ClientSession, node: Node) -> NodeSeen | None:
    try:
        async with asyncio.timeout(GLANCE), http.get(f"{node.url}/metrics") as got:
            return read(await got.read())
    except (aiohttp.ClientError, OSError, ValueError):  # a time-out is an OSError
        return None


def read(metrics: bytes) -> NodeSeen:
    """Out of Prometheus's text."""
    sessions, version = _SESSIONS.search(metrics), _VERSION.search(metrics)
    said = version[1].decode(errors="replace") if version else ""
    return NodeSeen(_ESCAPED.sub(r"\1", said), round(float(sessions[1])) if sessions else None)
