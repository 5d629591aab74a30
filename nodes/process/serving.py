"""A node's life: listen, serve, drain at a signal, stop.

SIGTERM and SIGINT drain: `/readyz` says 503 at once, connections are taken for `--drain-delay`
more, then open requests may finish within `--drain`. A second one stops at once. SIGUSR1 asks to be
drained and stays, for as long as it takes: `/readyz` says 503, and everything else is as ever.
SIGUSR2 takes that back. SIGHUP reads the keys again.
"""

import asyncio
import logging
import signal
import sys

from sessionlab.nodes.errors import OptionError
from sessionlab.nodes.process.assembly import assemble
from sessionlab.nodes.process.listening import Address, bound_address, listen
from sessionlab.nodes.process.options import Options
from sessionlab.nodes.process.server import Server
from sessionlab.nodes.web.node import Node

_log = logging.getLogger("nodes")

CUT_SHORT = 1
"""Exit status after a second signal."""


async def serve(options: Options) -> int:
    """Serve until a signal says to stop; the exit status.

    Raises `OptionError` or `ListenError` before anything is served.
    """
    listener = listen(options.listen)
    try:
        node = assemble(options)
    except BaseException:
        listener.close()
        raise
    address = bound_address(listener)
    server = Server(node, listener, access_log=options.access_log)
    signals = _watch_signals(node)
    await server.start()
    _announce(options, address)
    _log.info("%s: draining", await signals.get())
    return await _wind_down(server, node, options, signals)


async def _wind_down(
    server: Server, node: Node, options: Options, signals: "asyncio.Queue[str]"
) -> int:
    node.readiness.ready = False
    node.readiness.leaving = True
    draining = asyncio.ensure_future(_drain(server, options))
    second = asyncio.ensure_future(signals.get())
    await asyncio.wait({draining, second}, return_when=asyncio.FIRST_COMPLETED)
    if not draining.done():
        _log.warning("%s again: open requests: %d", second.result(), node.readiness.open_requests)
        return CUT_SHORT
    second.cancel()
    await draining
    return 0


async def _drain(server: Server, options: Options) -> None:
    await asyncio.sleep(options.drain_delay)
    aborted = await server.drain(options.drain)
    if aborted:
        _log.warning("requests cut off after %g s: %d", options.drain, aborted)
    await server.stop()


def _watch_signals(node: Node) -> "asyncio.Queue[str]":
    """The names of the signals that say stop, as they come."""
    loop = asyncio.get_running_loop()
    stops: asyncio.Queue[str] = asyncio.Queue()
    for stop in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop, stops.put_nowait, stop.name)
    loop.add_signal_handler(signal.SIGUSR1, _be_ready, node, False)
    loop.add_signal_handler(signal.SIGUSR2, _be_ready, node, True)
    loop.add_signal_handler(signal.SIGHUP, _reload, node)
    return stops


def _be_ready(node: Node, ready: bool) -> None:
    if node.readiness.leaving:
        return
    node.readiness.ready = ready
    _log.info("ready again" if ready else "asks to be drained")


def _reload(node: Node) -> None:
    try:
        if node.keys.reload():
            _log.info("keys read again: %s", ", ".join(node.keys.ring.kids))
    except OptionError as error:
        _log.error("keys kept as they were: %s", error)


def _announce(options: Options, address: Address) -> None:
    print(  # noqa: T201 - the line that whoever started it waits for
        f"node {options.id} ({options.service}) listening on http://{address},"
        f" strategy {options.strategy}",
        file=sys.stderr,
        flush=True,
    )
