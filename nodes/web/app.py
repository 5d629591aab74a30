"""The routes of the app, on aiohttp."""

from aiohttp import web

from sessionlab.nodes.web import browser, handlers, probes
from sessionlab.nodes.web.answers import answer, stamp
from sessionlab.nodes.web.node import NODE, Node


def make_app(node: Node) -> web.Application:
    """The application that serves `node`."""
    app = web.Application(middlewares=[answer], client_max_size=node.max_body)
    app[NODE] = node
    app.on_response_prepare.append(stamp)
    app.add_routes(
        [
            web.get("/", browser.front),
            web.post("/", browser.submit),
            web.post("/login", handlers.login),
            web.get("/me", handlers.me),
            web.get("/cart", handlers.show_cart),
            web.post("/cart", handlers.add_to_cart),
            web.post("/logout", handlers.logout),
            web.get("/healthz", probes.healthz),
            web.get("/readyz", probes.readyz),
            web.get("/metrics", probes.metrics),
            web.get("/.well-known/jwks.json", probes.jwks),
        ]
    )
    return app
