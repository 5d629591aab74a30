"""Bytes on a socket, as no client library would send them."""

import asyncio
import re

from sessionlab.nodes.process.listening import Address


async def exchange(address: Address, *pieces: bytes, half_close: bool = False) -> bytes:
    """Send the pieces and read what comes until the node closes."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if half_close:
            writer.write_eof()
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


async def hang_up(address: Address, *pieces: bytes) -> None:
    """Send the pieces and go away at once, with a reset."""
    _, writer = await asyncio.open_connection(address.host, address.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    writer.transport.abort()


def statuses(answers: bytes) -> list[int]:
    """The statuses of the answers, in order."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", answers)]
