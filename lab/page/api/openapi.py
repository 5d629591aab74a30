"""The API as OpenAPI 3.1: made of the table of routes, and of the types that they take and give."""

from __future__ import annotations

import re
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from msgspec import json

from sessionlab.lab.page.model.doing import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionlab.lab.page.api.route import Route

ABOUT = (
    "Watch clusters of sessionlab, break them, and send them requests: what the page of `sessionlab"
    " up` uses, and all that it uses. A request needs the token of the run; Host is this machine."
    " Times are seconds; those named `at` count from the run's beginning."
)
PROBLEMS = {
    400: "It makes no sense.",
    401: "The token is missing, or another run's.",
    403: "Host or Origin is somebody else's.",
    404: "There is no such thing.",
    409: "It cannot be done now; `hint` is the way out.",
    422: "`field` is wrong.",
}


def document(routes: Sequence[Route], path: str, major: int) -> dict[str, Any]:
    """All of it; what each event of `GET /events` holds is among the schemas."""
    types = {kind for route in routes for kind in (route.takes, *_gives(route)) if kind}
    schemas, components = json.schema_components(
        sorted({*types, Problem}, key=str), ref_template="#/components/schemas/{name}"
    )
    named = dict(zip(sorted({*types, Problem}, key=str), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, named)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sessionlab",
            "version": f"{major}",
            "summary": f"of sessionlab {version('sessionlab')}",
            "description": ABOUT,
        },
        "servers": [{"url": path}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }


def _operation(route: Route, named: dict[Any, Any]) -> dict[str, Any]:
    words = re.findall(r"[a-z]+", f"{route.method} {route.path}".lower())
    said: dict[str, Any] = {
        "operationId": "_".join(words),
        "summary": route.does,
        "responses": {
            str(int(route.status)): _answer(route, named),
            **{
                str(status): {"description": why, "content": _content(named[Problem], "problem+")}
                for status, why in PROBLEMS.items()
            },
        },
    }
    if parameters := list(_parameters(route)):
        said["parameters"] = parameters
    if route.takes:
        said["requestBody"] = {"required": True, "content": _content(named[route.takes])}
    return said


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for name, about in route.query.items():
        yield {"name": name, "in": "query", "description": about, "schema": {"type": "string"}}


def _answer(route: Route, named: dict[Any, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if route.events:
        about["description"] = "; ".join(
            f"`{name}`: {kind.__name__}" for name, kind in route.events.items()
        )
        about["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    elif route.gives:
        about["content"] = _content(named[route.gives])
    return about


def _gives(route: Route) -> tuple[Any, ...]:
    return (route.gives, *route.events.values())


def _content(schema: dict[str, Any], form: str = "") -> dict[str, Any]:
    return {f"application/{form}json": {"schema": schema}}
