"""What parent and workers tell each other, and what becomes of it when one of them dies."""

from __future__ import annotations

import asyncio
import socket

from sessionlab.balancer.processes.channel import WorkerLink


async def test_orders_to_a_worker_that_has_just_died_are_answered_by_nobody() -> None:
    ours, theirs = socket.socketpair()
    link = await WorkerLink(ours, lambda _: None).open()
    orders = [asyncio.create_task(link.ask("state"))]
    theirs.setblocking(False)
    assert await asyncio.get_running_loop().sock_recv(theirs, 1)
    theirs.close()  # with an order unread, so the line is reset
    while not link.ended.is_set():  # an order at each turn of the loop
        orders.append(asyncio.create_task(link.ask("report")))
        await asyncio.sleep(0)
    assert set(await asyncio.gather(*orders)) == {None}
    link.close()
