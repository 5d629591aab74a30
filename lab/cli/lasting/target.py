"""`--target`: a stack that runs already, for `run` and for `up`."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING

import aiohttp

from sessionlab.lab.cluster.node import Node
from sessionlab.lab.description.cluster import SERVICE, Description, Service
from sessionlab.lab.description.target import Target, parse_target
from sessionlab.lab.errors import StartError, UsageError
from sessionlab.lab.fabrics.interface import Address

if TYPE_CHECKING:
    from collections.abc import Collection

ITS_OWN = ("target", "redis_url", "page_listen", "open_page", "record_to")
OUTLIVES, LEAST = "SESSIONLAB_PAGE_TOKEN", 32  # characters
GLANCE = 2.0  # seconds that the first node gets to say what it is


def target_of(text: str) -> Target:
    """Raises UsageError; the password stands in the environment, where only this user sees it."""
    return parse_target(text, os.environ.get("SESSIONLAB_TARGET_PASSWORD", ""))


def description_of(target: Target, given: Collection[str]) -> Description:
    """What is known of it now; raises UsageError for what is of a cluster that the lab starts."""
    if wrong := [f"--{name.replace('_', '-')}" for name in given if name not in ITS_OWN]:
        raise UsageError(f"{', '.join(wrong)} and --target exclude each other", "it runs already")
    return Description(
        services=(Service(strategy=asyncio.run(_strategy(target))),),
        balancer=target.balancer,
        affinity=target.affinity,
        algorithm=target.algorithm,
        password=target.password,
        watched=True,
    )


def token_given() -> str:
    """The page's, where it is to outlive this run; empty where it is to be made anew."""
    token = os.environ.get(OUTLIVES, "")
    if token and not re.fullmatch(rf"[\w-]{{{LEAST},}}", token, re.ASCII):
        form = f"at least {LEAST} letters, digits, - and _"
        raise UsageError(f"{OUTLIVES} is no token: it has {form}", "leave it out to have one made")
    return token


async def _strategy(target: Target) -> str:
    """What the first node says that answers; the usual one while nobody does."""
    try:
        addresses = target.addresses()
    except StartError:
        return SERVICE.strategy
    timeout = aiohttp.ClientTimeout(total=GLANCE)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        for host in addresses:
            node = Node(host, SERVICE, Address(host, target.port))
            if strategy := (await node.readiness(http)).get("strategy"):
                return str(strategy)
    return SERVICE.strategy
