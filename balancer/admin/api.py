"""The admin listener: backends, pins and metrics as JSON, for operators and for the lab."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sessionlab.balancer.admin import openapi
from sessionlab.balancer.admin.guard import guard
from sessionlab.balancer.backends.state import AFTERWARDS, Event, State
from sessionlab.balancer.config.model import DEFAULT_SERVICE, MAX_WEIGHT, BackendSpec
from sessionlab.balancer.config.parsing import parse_address, parse_name
from sessionlab.balancer.errors import AdminError, UsageError
from sessionlab.balancer.http import problems
from sessionlab.balancer.services import metrics
from sessionlab.balancer.services.drain import Watch, outlook
from sessionlab.balancer.sockets.closing import close_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from sessionlab.balancer.admin.workers import Workers
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.services.registry import Cluster

_CLUSTER: web.AppKey[Cluster] = web.AppKey("cluster")
_WORKERS: web.AppKey[Workers] = web.AppKey("workers")
_MAX_BODY = 16 * 1024
_LONGEST_S = 10 * 365 * 86400


def application(cluster: Cluster, workers: Workers) -> web.Application:
    """The whole API. A change is answered when every worker has made it."""
    app = web.Application(middlewares=[_problems], client_max_size=_MAX_BODY)
    app[_CLUSTER] = cluster
    app[_WORKERS] = workers
    app.add_routes(
        [
            web.get("/healthz", _healthz),
            web.get("/backends", _list),
            web.post("/backends", _add),
            web.patch("/backends/{service}/{name}", _change),
            web.delete("/backends/{service}/{name}", _remove),
            web.get("/services", _services),
            web.get("/affinity", _affinity),
            web.get("/metrics", _metrics),
            web.get("/openapi.json", _openapi),
        ]
    )
    return app


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every error is a problem document (RFC 9457)."""
    try:
        guard(request, request.app[_CLUSTER].config.admin)
        return await handler(request)
    except AdminError as error:
        return _problem(error.status, str(error))
    except UsageError as error:
        return _problem(HTTPStatus.BAD_REQUEST, str(error))
    except web.HTTPException as error:
        answer = _problem(error.status, error.reason)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer


def _problem(status: int, detail: str) -> web.Response:
    return web.Response(
        status=status,
        body=problems.document(status, detail),
        content_type="application/problem+json",
    )


async def _healthz(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _rows(request: web.Request, backends: Iterable[Backend]) -> list[dict[str, Any]]:
    """Backends with what all workers counted."""
    whole = metrics.total(await request.app[_WORKERS].reports())
    cluster = _cluster(request)
    return [_describe(cluster, backend, whole) for backend in backends]


async def _list(request: web.Request) -> web.Response:
    return web.json_response({"backends": await _rows(request, _cluster(request).backends())})


def _cluster(request: web.Request) -> Cluster:
    """The cluster as it is at this moment: a drain may have reached its limit."""
    cluster = request.app[_CLUSTER]
    cluster.keep_time(time.time())
    return cluster


async def _add(request: web.Request) -> web.Response:
    body = await _object(request, {"service", "name", "address", "weight"})
    spec = BackendSpec(
        parse_name(_text(body, "service", DEFAULT_SERVICE), "service"),
        parse_name(_text(body, "name"), "name"),
        parse_address(_text(body, "address")),
        _weight(body.get("weight", 1)),
    )
    backend = _cluster(request).add(spec)
    await request.app[_WORKERS].sync()
    where = f"/backends/{spec.service}/{spec.name}"
    (row,) = await _rows(request, [backend])
    return web.json_response(row, status=201, headers={"Location": where})


async def _change(request: web.Request) -> web.Response:
    body = await _object(request, {"state", "weight", "limit"})
    if not body:
        raise AdminError("say a state, a weight or both")
    state = _state(_text(body, "state")) if "state" in body else None
    weight = _weight(body["weight"]) if "weight" in body else None
    limit = _limit(body["limit"], state) if "limit" in body else None
    info = request.match_info
    backend = _cluster(request).change(info["service"], info["name"], state, weight, limit)
    await request.app[_WORKERS].sync()
    (row,) = await _rows(request, [backend])
    return web.json_response(row)


async def _remove(request: web.Request) -> web.Response:
    info = request.match_info
    close_all(_cluster(request).remove(info["service"], info["name"]))
    await request.app[_WORKERS].sync()
    return web.Response(status=204)


async def _services(request: web.Request) -> web.Response:
    """Each service, and whom its next client without a pin comes to. Looking changes nothing."""
    cluster = _cluster(request)
    return web.json_response({"services": [_service(cluster, name) for name in cluster.services]})


def _service(cluster: Cluster, name: str) -> dict[str, str]:
    chosen, says = cluster.services[name].foreseen()
    if chosen and (workers := cluster.config.workers) > 1:
        chosen, says = None, f"each of the {workers} workers chooses for itself"
    algorithm = cluster.config.policy(name).algorithm
    return {
        "service": name,
        "algorithm": algorithm,
        "next": chosen.name if chosen else "",
        "says": says,
    }


async def _affinity(request: web.Request) -> web.Response:
    """Every worker's pins; of one that several know, since the first and seen by the last."""
    pins: dict[tuple[str, str], dict[str, Any]] = {}
    for mine in await request.app[_WORKERS].pins():
        for pin in mine:
            where = (pin["service"], pin["key"])
            other = pins.get(where, pin)
            latest = max(pin, other, key=lambda one: one["last_seen"])
            pins[where] = {**latest, "since": min(pin["since"], other["since"])}
    cluster = _cluster(request)
    rows = await _rows(request, cluster.backends())
    counts = [
        {"service": row["service"], "backend": row["name"], "clients": row["pins"]}
        for row in rows
        if cluster.config.policy(row["service"]).affinity == "cookie"
    ]
    return web.json_response({"pins": list(pins.values()), "counts": counts})


async def _openapi(request: web.Request) -> web.Response:
    return web.json_response(openapi.DOCUMENT)


async def _metrics(request: web.Request) -> web.Response:
    whole = metrics.total(await request.app[_WORKERS].reports())
    text = metrics.render(whole, _cluster(request).backends())
    return web.Response(body=text.encode(), headers={"Content-Type": metrics.CONTENT_TYPE})


def _describe(cluster: Cluster, backend: Backend, whole: Mapping[str, Any]) -> dict[str, Any]:
    """One backend as the API shows it."""
    known = whole["backends"].get(f"{backend.service}/{backend.name}", metrics.NOTHING)
    state = backend.state
    if known["ejected"]:
        state = AFTERWARDS.get((state, Event.KEEPS_FAILING), state)
    others = cluster.services[backend.service].takes_new
    began = whole["began"].get(backend.service, 0.0)
    watch = Watch(known["pins"], began, others, known["active"], known["tunnels"])
    policy = cluster.config.policy(backend.service)
    return {
        "service": backend.service,
        "name": backend.name,
        "address": str(backend.address),
        "weight": backend.share,
        "state": str(state),
        "asked": str(backend.asked),
        "healthy": backend.healthy,
        "why": backend.why or None,
        "pins": known["pins"],
        "drain": outlook(backend, watch, policy, cluster.wall),
        **{name: known[name] for name in metrics.COUNTS},
        "answers": {f"{c}xx": known["classes"][c] for c in range(1, 6)},
    }


async def _object(request: web.Request, known: set[str]) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise AdminError("the body is not JSON") from None
    if not isinstance(body, dict):
        raise AdminError("the body is not a JSON object")
    unknown = sorted(set(body) - known)
    if unknown:
        raise AdminError(
            f"unknown member {unknown[0][:64]!r}; there are {', '.join(sorted(known))}"
        )
    return body


def _text(body: dict[str, Any], name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise AdminError(f"{name} is missing or not a string")
    return value


def _state(text: str) -> State:
    try:
        return State(text)
    except ValueError:
        raise AdminError(f"state {text[:64]!r}: ask for up, drain or maintenance") from None


def _weight(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_WEIGHT:
        raise AdminError(f"weight is not a whole number from 0 to {MAX_WEIGHT}")
    return value


def _limit(value: Any, state: State | None) -> float:
    if state is not State.DRAIN:
        raise AdminError("limit goes with the state drain")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= _LONGEST_S:
        raise AdminError("limit is not a number of seconds; 0 is no limit")
    return float(value)
