"""What a client got when it logged in: what a balancer can learn of it, and whether it is data."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING

from sessionlab.lab.recipes.variables import used

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.record.answers import Answer

_SEGMENT = re.compile(r"[\w-]{4,}={0,2}")


async def learnable(recipe: Recipe, client: Client, entered: Answer) -> list[str]:
    """The affinities by which a balancer learns what the app gives its users.

    A cookie counts that the login was answered with and without which the client is nobody; a
    header, where the recipe takes it and sends it back.
    """
    given = dict.fromkeys(said.partition(";")[0].strip() for said in entered.set_cookies)
    names = [name for name in given if client.cookies.get(name)]
    if len(names) > 1:
        names = [name for name in names if await _is_nobody_without(name, client)]
    return [*(f"learn:{name}" for name in names), *headers(recipe)]


def carries_data(values: Collection[str], user: str = "") -> bool:
    """Whether one of a client's credentials is JSON that anybody can read: a JWT, a signed cookie.

    An id is a reference and means nothing; base64 (RFC 4648, 5) of an object says something,
    or of the user's name (Tornado).
    """
    return any(_says(found, user) for value in values for found in _SEGMENT.findall(value))


async def _is_nobody_without(name: str, client: Client) -> bool:
    replica = client.replica()
    replica.keep_cookie(name, "0")
    said = await replica.me()
    await replica.close()
    return said.who == "nobody"


def headers(recipe: Recipe) -> Iterator[str]:
    """Those of a login's answers that a client of this recipe sends back."""
    taken = {
        name: take.header
        for conversation in ("connect", "login")
        for step in recipe.steps(conversation)
        for name, take in step.take.items()
        if take.header
    }
    asking = [step for name in ("me", "read", "write") for step in recipe.steps(name)]
    sent = {
        variable.name
        for variable in used([recipe.every.headers, *(step.headers for step in asking)])
    }
    yield from dict.fromkeys(f"learn-header:{taken[name]}" for name in taken if name in sent)


def _says(segment: str, user: str) -> bool:
    try:
        text = base64.urlsafe_b64decode(segment.rstrip("=") + "=" * (-len(segment.rstrip("=")) % 4))
        return (user != "" and text == user.encode()) or isinstance(json.loads(text), dict)
    except (binascii.Error, ValueError):
        return False
