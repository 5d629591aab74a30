"""What the lab tells a link, and what it says: JSON, one object a line, each way."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from sessionlab.lab.errors import UsageError
from sessionlab.lab.link.proxy import Link

if TYPE_CHECKING:
    from sessionlab.lab.link.proxy import Place

_DOES = {one.__name__: one for one in (Link.set, Link.clear, Link.look, Link.refuse, Link.listen)}


async def serve(link: Link, place: Place) -> asyncio.Server:
    """Answer whoever asks there; raises OSError. Who writes no JSON is a browser, and let go."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            async for line in reader:
                writer.write(json.dumps(answer(link, json.loads(line))).encode() + b"\n")
                await writer.drain()
        writer.close()

    return await asyncio.start_server(talk, *place)


def answer(link: Link, asked: dict[str, Any]) -> dict[str, object]:
    """Do it, and say how it stands; or what was wrong with it, and then nothing is done."""
    try:
        _DOES[asked.pop("do")](link, **asked)
    except (UsageError, OSError) as error:
        return {"error": ", ".join(map(str, filter(None, (error, getattr(error, "hint", "")))))}
    except (KeyError, TypeError) as error:
        return {"error": f"no such request ({error}); `do` is one of {', '.join(_DOES)}"}
    rules = {
        kind: {**rule.settings, "connections": rule.connections, "done": rule.done}
        for kind, rule in link.rules.items()
    }
    now = {"connections": len(link.connections), "accepted": link.accepted}
    return {**now, "requests": link.shared.requests, "rules": rules}
