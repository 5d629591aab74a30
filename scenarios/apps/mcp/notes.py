"""A notebook for agents: MCP over streamable HTTP, with sessions, as the official SDK has them."""

from collections import defaultdict
from typing import Any

from mcp.server.fastmcp import Context, FastMCP
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import PlainTextResponse

server = FastMCP(
    "notes", transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False)
)
pages: dict[str, list[str]] = defaultdict(list)

Ask = Context[Any, Any, Request]


def session(context: Ask) -> str:
    request = context.request_context.request
    return request.headers["mcp-session-id"] if request else ""


@server.tool()
def whoami(context: Ask) -> dict[str, str]:
    """Which session this is."""
    return {"session": session(context)}


@server.tool()
def note(text: str, context: Ask) -> str:
    """Write on this session's page."""
    pages[session(context)].append(text)
    return "noted"


@server.tool()
def notes(context: Ask) -> dict[str, list[str]]:
    """What this session's page says."""
    return {"notes": pages[session(context)]}


@server.custom_route("/healthz", methods=["GET"])
async def healthz(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


app = server.streamable_http_app()
