"""A WebSocket that a conversation has opened, and later ones go on using."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from sessionlab.lab.clients.content import MOST
from sessionlab.lab.clients.speech.heard import Heard
from sessionlab.lab.clients.wire import NO_HEADERS, credential_size, named, own_trouble
from sessionlab.lab.recipes.variables import fill, template

if TYPE_CHECKING:
    from sessionlab.lab.clients.speech.requests import Context
    from sessionlab.lab.recipes.model import Step

SWITCHED = 101
MOST_WAITING = 1000  # messages that nobody has waited for; the oldest go first


class Channel:
    """Hears all the time, and answers pings; what else has come waits to be asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, url: URL) -> None:
        self.url = url
        self.headers: CIMultiDictProxy[str] = NO_HEADERS
        self.replies: dict[str, str] = {}
        self.credential = 0
        self.code: int | None = None
        self._socket = socket
        self._heard: list[str] = []
        self._news = asyncio.Event()
        self._talking = asyncio.Lock()
        self._over = False
        self._listening = asyncio.create_task(self._listen())

    @property
    def is_open(self) -> bool:
        return not self._over

    async def say(self, text: str, until: str) -> str | None:
        """Send that, if anything, and wait for a message that `until` finds; None: it closed."""
        async with self._talking:
            if text:
                self._heard.clear()  # what came before is no answer to it
                with suppress(ConnectionError, aiohttp.ClientError):
                    await self._socket.send_str(text)
            while True:
                while self._heard:
                    message = self._heard.pop(0)
                    if re.search(until, message):
                        return message
                if self._over:
                    return None
                self._news.clear()
                await self._news.wait()

    async def close(self) -> None:
        self._listening.cancel()
        await self._socket.close()

    async def _listen(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._hear(message.data)
                elif message.type is aiohttp.WSMsgType.BINARY:
                    await self._hear(message.data.decode("utf-8", "replace"))
        except (OSError, aiohttp.ClientError):
            pass
        finally:
            self._over, self.code = True, self._socket.close_code
            self._news.set()

    async def _hear(self, message: str) -> None:
        for pattern, answer in self.replies.items():
            if re.search(pattern, message):
                await self._socket.send_str(answer)
                return
        self._heard.append(message)
        del self._heard[:-MOST_WAITING]
        self._news.set()


async def talk(context: Context, step: Step, channels: dict[tuple[str, str], Channel]) -> Heard:
    """Say a step's words on its channel, which is opened where it is not; raises Unknown."""
    key = (context.base, step.path)
    channel = channels.get(key)
    heard = Heard(context.url(step.path) if channel is None else channel.url)
    send = fill(step.send, context.value) or ""
    heard.credential = context.size(step)
    try:
        async with asyncio.timeout(context.patience(step)):
            if channel is None:
                heard.new_connection = True
                heard.credential += credential_size(
                    context.sent(step), context.wire.cookie_line(heard.url)
                )
                channel = channels[key] = await _opened(context, step, heard.url)
                channel.credential = heard.credential
            channel.replies |= {
                pattern: template(answer).fill(context.value) or ""
                for pattern, answer in step.reply.items()
            }
            heard.headers, heard.sent = channel.headers, True
            heard.credential = max(channel.credential, heard.credential)
            if not heard.new_connection:
                heard.credential = max(heard.credential, 1)  # the channel itself is one
            message = await channel.say(send, step.until)
    except asyncio.CancelledError:
        heard.error, heard.given_up = "given up", True
    except TimeoutError:
        heard.error = _late(step)
    except aiohttp.WSServerHandshakeError as refused:
        heard.status, heard.error = refused.status, None
        heard.headers = CIMultiDictProxy(CIMultiDict(refused.headers or {}))
    except (aiohttp.ClientError, OSError, ValueError) as problem:
        if trouble := own_trouble(problem):
            raise trouble from problem
        heard.error = named(problem)
    else:
        _said(heard, channel, message)
    return heard


async def _opened(context: Context, step: Step, url: URL) -> Channel:
    headers = context.sent(step)
    if context.recipe.client.kind == "browser":
        headers.setdefault("Origin", str(URL(context.base).origin()))
    socket = await context.wire.http.ws_connect(url, headers=headers, max_msg_size=MOST)
    channel = Channel(socket, url)
    channel.headers = socket._response.headers  # noqa: SLF001  aiohttp has no other way to them
    return channel


def _said(heard: Heard, channel: Channel, message: str | None) -> None:
    if message is None:
        heard.code = channel.code
        heard.error = f"the WebSocket was closed ({channel.code or 'without a code'})"
    else:
        heard.status, heard.content = SWITCHED, message.encode()


def _late(step: Step) -> str:
    sought = f"no message that /{step.until}/ finds" if step.until else "no message"
    return f"{sought} within {step.within:g} s"
