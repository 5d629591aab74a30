"""A step that a recipe leaves to a function of somebody's own: run only where that is allowed."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from yarl import URL

from sessionlab.lab.clients.speech.heard import Heard
from sessionlab.lab.clients.wire import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlab.lab.clients.speech.requests import Context
    from sessionlab.lab.recipes.model import Step


async def run(context: Context, step: Step, *, allowed: bool) -> Heard:
    """Call `async function(session, variables)`; what it returns is a table, or None.

    `session` is the client's aiohttp session, `variables` what it knows, with `base`. Of the table
    count `status`, `user`, `nobody`, `items`, `error`, and `take`, a table of what it took.
    """
    heard = Heard(URL(context.base))
    if not allowed:
        heard.error = f"the recipe runs {step.script}: --allow-script lets it"
        return heard
    module, _, name = step.script.partition(":")
    known = ("base", "public", "user", "password", "item", *context.holdings.taken)
    variables = {one: value for one in known if (value := context.value(one)) is not None}
    heard.credential, heard.sent = len(context.holdings.taken), True
    try:
        function = getattr(importlib.import_module(module), name)
        async with asyncio.timeout(context.patience(step)):
            said = await function(context.wire.http, variables)
        _note(context, heard, said or {})
    except asyncio.CancelledError:
        heard.error, heard.given_up = "given up", True
    except Exception as error:  # noqa: BLE001  somebody's own program
        heard.error = named(error)
    return heard


def _note(context: Context, heard: Heard, said: Mapping[str, Any]) -> None:
    heard.status = int(said.get("status", 200))
    heard.error = said.get("error")
    heard.script_nobody = bool(said.get("nobody"))
    heard.script_user = said.get("user")
    heard.script_items = tuple(map(str, said.get("items", ())))
    for key, value in said.get("take", {}).items():
        context.holdings.take(key, str(value), connecting=False)
