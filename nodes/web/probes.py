"""What balancers, Prometheus and other services ask of a node: no credential, and no store."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from sessionlab.nodes.web.node import NODE


async def healthz(request: web.Request) -> web.Response:
    """`GET /healthz`: 200 as long as the event loop turns; only a restart helps when it is not."""
    return web.json_response({"alive": True, "node": request.app[NODE].id})


async def readyz(request: web.Request) -> web.Response:
    """`GET /readyz`: 200 or 503, whether new requests should come here (see `Readiness`)."""
    node = request.app[NODE]
    ready = node.readiness.ready
    return web.json_response(
        {
            "ready": ready,
            "node": node.id,
            "service": node.service,
            "version": node.version,
            "strategy": node.strategy.name,
            "keys": node.keys.ring.kids,
        },
        status=200 if ready else 503,
    )


async def metrics(request: web.Request) -> web.Response:
    """`GET /metrics`: Prometheus's text format."""
    body = request.app[NODE].metrics.text()
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def jwks(request: web.Request) -> web.Response:
    """`GET /.well-known/jwks.json`: the public keys; none for HS256, whose keys are all secret.

    A minute in a cache is what a rotation must wait for before the new key may sign.
    """
    return web.json_response(
        request.app[NODE].keys.ring.public(),
        content_type="application/jwk-set+json",
        headers={"Cache-Control": "public, max-age=60"},
    )
