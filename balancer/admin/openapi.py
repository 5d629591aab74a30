"""The admin API as an OpenAPI 3.1 document, served at `/openapi.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionlab.balancer.config.model import DEFAULT_SERVICE, MAX_WEIGHT
from sessionlab.balancer.services import metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

_STATES = ["up", "drain", "maintenance"]
_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_WEIGHT = {"type": "integer", "minimum": 0, "maximum": MAX_WEIGHT}


def _object(properties: dict[str, Any], required: Iterable[str] | None = None) -> dict[str, Any]:
    """All its members are required unless it is said which are."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name)}


def _json(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _body(name: str) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _ref(name)}}}


def _problem(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    return {"description": description, "content": content}


_SCHEMAS = {
    "Backend": _object(
        {
            "service": _TEXT,
            "name": _TEXT,
            "address": {"type": "string", "examples": ["127.0.0.1:8001", "unix:/run/app.sock"]},
            "weight": _WEIGHT,
            "state": {"type": "string", "enum": [*_STATES, "drained", "down", "ejected"]},
            "asked": {"type": "string", "enum": _STATES},
            "healthy": {"type": "boolean"},
            "why": {
                "oneOf": [{"type": "null"}, {"type": "string"}],
                "description": "What its check found wrong, such as GET /readyz -> 404.",
            },
            "pins": {**_COUNT, "description": "Clients tied to it, seen within the idle time."},
            "drain": {"oneOf": [{"type": "null"}, _ref("Drain")]},
            **dict.fromkeys(metrics.COUNTS, _COUNT),
            "answers": _object({f"{c}xx": _COUNT for c in range(1, 6)}),
        }
    ),
    "NewBackend": _object(
        {
            "service": {"type": "string", "default": DEFAULT_SERVICE},
            "name": _TEXT,
            "address": _TEXT,
            "weight": {**_WEIGHT, "default": 1},
        },
        required=("name", "address"),
    ),
    "Change": _object(
        {
            "state": {"type": "string", "enum": _STATES},
            "weight": _WEIGHT,
            "limit": {
                "type": "number",
                "minimum": 0,
                "description": "With drain: seconds until its clients are moved; 0: never.",
            },
        },
        required=(),
    ),
    "Drain": _object(
        {
            "pins_left": _COUNT,
            "tunnels": {**_COUNT, "description": "They are closed when the limit has passed."},
            "ends_in": {
                "type": ["number", "null"],
                "description": "Seconds until all of it has ended; null: nothing bounds that.",
            },
            "says": {"type": "string", "examples": ["7 clients left, at most 12 s"]},
        }
    ),
    "Pin": _object(
        {
            "service": _TEXT,
            "key": {"type": "string", "description": "A hash, never the credential."},
            "backend": _TEXT,
            "since": {"type": "number", "description": "Unix time."},
            "last_seen": {"type": "number", "description": "Unix time."},
            "expires_in": {"type": "number", "description": "Seconds."},
        }
    ),
    "Service": _object(
        {
            "service": _TEXT,
            "algorithm": _TEXT,
            "next": {
                "type": "string",
                "description": "The backend that the next client without a pin would come to now; "
                "empty where that is drawn, depends on the client, or is not known.",
            },
            "says": {"type": "string", "examples": ["it is n2's turn", "it is drawn at random"]},
        }
    ),
    "Count": _object({"service": _TEXT, "backend": _TEXT, "clients": _COUNT}),
    "Problem": {
        "type": "object",
        "properties": {"type": _TEXT, "title": _TEXT, "status": _COUNT, "detail": _TEXT},
        "required": ["type", "title", "status", "detail"],
    },
}

_ONE = [
    {"name": name, "in": "path", "required": True, "schema": _TEXT} for name in ("service", "name")
]
_NOT_JSON = _problem("The body does not say that it is JSON.")
_BAD = {
    "400": _problem("The body makes no sense."),
    "404": _problem("No such backend."),
    "415": _NOT_JSON,
}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "sessionlab balancer, admin API", "version": "1"},
    "paths": {
        "/healthz": {
            "get": {
                "summary": "Whether the balancer is alive.",
                "responses": {"200": _json(_object({"status": _TEXT}), "Alive.")},
            }
        },
        "/backends": {
            "get": {
                "summary": "Every backend with its state and its counters, of all workers.",
                "responses": {
                    "200": _json(
                        _object({"backends": _list("Backend")}), "In the order of services."
                    )
                },
            },
            "post": {
                "summary": "Add a backend; every worker knows it when this is answered.",
                "requestBody": _body("NewBackend"),
                "responses": {
                    "201": _json(_ref("Backend"), "Added; down until its first check."),
                    "400": _BAD["400"],
                    "409": _problem("There is one of that service and name."),
                    "415": _NOT_JSON,
                },
            },
        },
        "/backends/{service}/{name}": {
            "parameters": _ONE,
            "patch": {
                "summary": "Ask for another state or weight.",
                "requestBody": _body("Change"),
                "responses": {"200": _json(_ref("Backend"), "As it is now."), **_BAD},
            },
            "delete": {
                "summary": "Remove a backend; what it is answering finishes.",
                "responses": {"204": {"description": "Removed."}, "404": _BAD["404"]},
            },
        },
        "/services": {
            "get": {
                "summary": "Every service, and whom its next client would come to.",
                "responses": {
                    "200": _json(
                        _object({"services": _list("Service")}), "Looking takes nobody's turn."
                    )
                },
            }
        },
        "/affinity": {
            "get": {
                "summary": "Who is tied to which backend, as all workers know it.",
                "responses": {
                    "200": _json(
                        _object({"pins": _list("Pin"), "counts": _list("Count")}),
                        "The tables of learn, header and source, and for cookie the number of "
                        "clients seen within the idle time.",
                    )
                },
            }
        },
        "/metrics": {
            "get": {
                "summary": "Prometheus text.",
                "responses": {
                    "200": {"description": "Text.", "content": {"text/plain": {"schema": _TEXT}}}
                },
            }
        },
        "/openapi.json": {
            "get": {
                "summary": "This document.",
                "responses": {"200": _json({"type": "object"}, "OpenAPI 3.1.")},
            }
        },
    },
    "components": {"schemas": _SCHEMAS},
}
