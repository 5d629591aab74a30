"""Certificates of a cluster's own, and who believes them."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from sessionlab.lab.balancers.tls import Edge
from sessionlab.lab.description.certificates import new_certificate
from sessionlab.lab.fabrics.local.fabric import LocalFabric

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE = "127.0.0.1"


@asynccontextmanager
async def served(edge: Edge) -> AsyncIterator[int]:
    """A TLS server that shows the edge's certificate; its port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(edge.chain, edge.key)
    app = web.Application()
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HERE, 0, ssl_context=context).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def asked(url: str, believed: ssl.SSLContext) -> int:
    async with aiohttp.ClientSession() as http, http.get(url, ssl=believed) as got:
        return got.status


@asynccontextmanager
async def edge_for(host: str) -> AsyncIterator[Edge]:
    fabric = LocalFabric()
    await fabric.open()
    try:
        yield Edge.on(fabric.sandbox("here"), host)
    finally:
        await fabric.close()


async def test_a_client_believes_the_edge_s_own_authority_and_no_other() -> None:
    async with edge_for(HERE) as edge, served(edge) as port:
        assert await asked(f"https://{HERE}:{port}/", edge.believed()) == 404
        for stranger in (
            ssl.create_default_context(),
            ssl.create_default_context(cadata=new_certificate(HERE).authority),
        ):
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await asked(f"https://{HERE}:{port}/", stranger)


async def test_a_certificate_is_for_its_host_only() -> None:
    async with edge_for("edge.example") as edge, served(edge) as port:
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match="mismatch"):
            await asked(f"https://{HERE}:{port}/", edge.believed())


async def test_its_key_is_in_files_that_only_its_user_can_read_and_in_no_repr() -> None:
    made = new_certificate(HERE)
    assert "PRIVATE" not in repr(made)
    async with edge_for(HERE) as edge:
        for path in (edge.key, edge.both):
            assert "PRIVATE KEY" in Path(path).read_text()
            assert Path(path).stat().st_mode & 0o077 == 0
        assert "PRIVATE" not in Path(edge.chain).read_text() + edge.authority
