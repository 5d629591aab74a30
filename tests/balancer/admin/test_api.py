"""The admin API."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sessionlab.balancer.admin import api
from sessionlab.balancer.processes.single import SingleWorker
from tests.balancer.rawhttp import Backend, Message, connect, get, ok, until

if TYPE_CHECKING:
    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab


JSON = "Content-Type: application/json\r\n"


async def call(balancer: Running, method: str, path: str, body: Any = None) -> Message:
    raw = (
        body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    )
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\n{JSON}Content-Length: {len(raw)}\r\n\r\n"
    async with connect(balancer.admin or "") as client:
        return await client.ask(head.encode() + raw)


async def states(balancer: Running) -> dict[str, str]:
    rows = json.loads((await call(balancer, "GET", "/backends")).body)["backends"]
    return {f"{row['service']}/{row['name']}": row["state"] for row in rows}


async def test_backends_come_and_go(lab: Lab) -> None:
    first, second = await lab.backends(2)
    balancer = await lab.balancer(first)
    address = f"127.0.0.1:{second.port}"
    added = await call(
        balancer, "POST", "/backends", {"service": "app", "name": "n2", "address": address}
    )
    assert added.status == 201
    assert added.value("location") == b"/backends/app/n2"
    client = await lab.client(balancer)
    assert {(await client.get()).value("x-node") for _ in range(2)} == {b"n1", b"n2"}
    assert (await call(balancer, "DELETE", "/backends/app/n1")).status == 204
    assert {(await client.get()).value("x-node") for _ in range(3)} == {b"n2"}
    assert await states(balancer) == {"app/n2": "up"}


async def test_another_service_takes_no_traffic_from_the_only_one(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(1))
    client = await lab.client(balancer)
    body = {"service": "other", "name": "x", "address": "127.0.0.1:9"}
    assert (await call(balancer, "POST", "/backends", body)).status == 201
    assert (await client.get()).status == 200
    assert (await call(balancer, "DELETE", "/backends/other/x")).status == 204
    assert (await client.get()).status == 200


async def test_a_backend_is_shown_with_its_counters(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(1))
    client = await lab.client(balancer)
    await client.get()
    (row,) = json.loads((await call(balancer, "GET", "/backends")).body)["backends"]
    assert (row["service"], row["name"], row["weight"], row["state"]) == ("app", "n1", 1, "up")
    assert (row["requests"], row["failures"], row["active"]) == (1, 0, 0)
    assert row["answers"]["2xx"] == 1


async def test_maintenance_takes_no_request_and_up_brings_them_back(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(2))
    changed = await call(balancer, "PATCH", "/backends/app/n1", {"state": "maintenance"})
    assert (changed.status, json.loads(changed.body)["state"]) == (200, "maintenance")
    client = await lab.client(balancer)
    assert {(await client.get()).value("x-node") for _ in range(4)} == {b"n2"}
    await call(balancer, "PATCH", "/backends/app/n1", {"state": "up"})
    assert {(await client.get()).value("x-node") for _ in range(4)} == {b"n1", b"n2"}


async def test_weights_change_the_shares(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(2))
    await call(balancer, "PATCH", "/backends/app/n1", {"weight": 3})
    client = await lab.client(balancer)
    nodes = [(await client.get()).value("x-node") for _ in range(8)]
    assert nodes.count(b"n1") == 6
    assert b"n1n1n1n1" not in b"".join(n or b"" for n in nodes)


async def test_a_removed_backend_finishes_what_it_is_answering(lab: Lab) -> None:
    go = asyncio.Event()

    async def slow(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        await go.wait()
        writer.write(ok(b"done"))

    balancer = await lab.balancer(await lab.backend(answer=slow))
    client = await lab.client(balancer)
    await client.send(get())
    await until(lambda: balancer.context.cluster.backends()[0].active == 1)
    assert (await call(balancer, "DELETE", "/backends/app/n1")).status == 204
    go.set()
    assert (await client.answer()).body == b"done"
    assert (await client.get()).status == 503


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("PUT", "/backends", None, 405),
        ("POST", "/backends", b"not json", 400),
        ("POST", "/backends", b"[" * 5000, 400),
        ("POST", "/backends", b"\xff\xfe", 400),
        ("POST", "/backends", [1], 400),
        ("POST", "/backends", {}, 400),
        ("POST", "/backends", {"name": "x", "address": "nowhere"}, 400),
        ("POST", "/backends", {"name": "x/y", "address": "127.0.0.1:1"}, 400),
        ("POST", "/backends", {"name": "x", "address": "127.0.0.1:99999"}, 400),
        ("POST", "/backends", {"name": "x", "address": "127.0.0.1:1", "weight": -1}, 400),
        ("POST", "/backends", {"name": "x", "address": "127.0.0.1:1", "weight": True}, 400),
        ("POST", "/backends", {"name": "x", "address": "127.0.0.1:1", "color": "red"}, 400),
        ("POST", "/backends", {"name": "n1", "address": "127.0.0.1:1"}, 409),
        ("POST", "/backends", {"name": "x" * 20_000}, 413),
        ("PATCH", "/backends/app/n9", {"state": "up"}, 404),
        ("PATCH", "/backends/other/n1", {"state": "up"}, 404),
        ("PATCH", "/backends/app/n1", {"state": "down"}, 400),
        ("PATCH", "/backends/app/n1", {"state": "sideways"}, 400),
        ("PATCH", "/backends/app/n1", {}, 400),
        ("PATCH", "/backends/app/n1", {"weight": "3"}, 400),
        ("DELETE", "/backends/app/n9", None, 404),
    ],
)
async def test_bad_input_gets_a_problem_document(
    lab: Lab, method: str, path: str, body: Any, status: int
) -> None:
    balancer = await lab.balancer(*await lab.backends(1))
    answer = await call(balancer, method, path, body)
    assert answer.status == status
    assert answer.value("content-type") == b"application/problem+json"
    assert json.loads(answer.body)["status"] == status
    assert await states(balancer) == {"app/n1": "up"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ("Host: a", 415),
        ("Host: a\r\nContent-Type: text/plain", 415),
        ("Host: a\r\nContent-Type: application/x-www-form-urlencoded", 415),
        ("Host: a\r\nContent-Type: application/json\r\nOrigin: http://evil.example", 403),
        ("Host: a\r\nContent-Type: application/json\r\nOrigin: null", 403),
        ("Host: evil.example\r\nContent-Type: application/json", 403),
        ("Host: evil.example:8081\r\nContent-Type: application/json", 403),
        ("Host: 127.0.0.1.evil.example\r\nContent-Type: application/json", 403),
        ("Host: a\r\nContent-Type: application/json; charset=utf-8", 200),
        ("Host: 127.0.0.1:8081\r\nContent-Type: application/json", 200),
        ("Host: [::1]:8081\r\nContent-Type: application/json", 200),
        ("Host: LocalHost:1\r\nContent-Type: application/json\r\nOrigin: http://localhost:1", 200),
        ("Host: balancer.shop.svc.cluster.local\r\nContent-Type: application/json", 200),
    ],
)
async def test_web_pages_of_others_change_nothing(lab: Lab, fields: str, status: int) -> None:
    balancer = await lab.balancer(*await lab.backends(1))
    body = b'{"weight": 7}'
    head = f"PATCH /backends/app/n1 HTTP/1.1\r\n{fields}\r\nContent-Length: {len(body)}\r\n\r\n"
    async with connect(balancer.admin or "") as client:
        answer = await client.ask(head.encode() + body)
    assert answer.status == status, answer.body
    assert balancer.context.cluster.find("app", "n1").share == (7 if status == 200 else 1)


async def test_a_name_that_means_our_address_reads_nothing(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(1))
    async with connect(balancer.admin or "") as client:
        answer = await client.ask(b"GET /affinity HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert (answer.status, b"use an IP address, localhost" in answer.body) == (403, True)


async def test_metrics_count_answers_by_backend_and_class(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(1))
    client = await lab.client(balancer)
    for _ in range(3):
        await client.get()
    text = (await call(balancer, "GET", "/metrics")).body.decode()
    assert 'balancer_requests_total{service="app",backend="n1",code="2xx"} 3' in text
    assert 'balancer_request_duration_seconds_count{service="app"} 3' in text
    assert 'balancer_request_duration_seconds_bucket{service="app",le="+Inf"} 3' in text


async def test_metrics_are_what_prometheus_reads(lab: Lab) -> None:
    """Its own parser agrees, every family says what it is, and histograms add up."""
    balancer = await lab.balancer(*await lab.backends(2), affinity="cookie")
    client = await lab.client(balancer)
    for lines in ((), ("Cookie: SESSIONLAB=forged",)):
        await client.get("/", *lines)
    await client.ask(b"bad\r\n\r\n")
    text = (await call(balancer, "GET", "/metrics")).body.decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {f.type for f in families.values()} == {"counter", "gauge", "histogram"}
    for name, family in families.items():
        assert family.documentation.endswith("."), name
        assert re.fullmatch(r"balancer_[a-z_]+", name)
        keys = [(s.name, tuple(sorted(s.labels.items()))) for s in family.samples]
        assert len(keys) == len(set(keys)), f"{name} has two samples with equal labels"
    (count,) = (
        s.value
        for s in families["balancer_request_duration_seconds"].samples
        if s.name.endswith("_count")
    )
    buckets = [
        s.value
        for s in families["balancer_request_duration_seconds"].samples
        if s.name.endswith("_bucket")
    ]
    assert buckets == sorted(buckets)
    assert (count, buckets[-1]) == (2, 2)
    assert sum(s.value for s in families["balancer_affinity"].samples) == 3
    assert sum(s.value for s in families["balancer_own_answers"].samples) == 1


async def test_healthz_answers_before_any_backend_is_up(lab: Lab) -> None:
    balancer = await lab.balancer("n1=127.0.0.1:1", health_interval=5.0, await_up=False)
    assert (await call(balancer, "GET", "/healthz")).status == 200
    assert await states(balancer) == {"app/n1": "down"}


async def test_the_api_is_described_as_it_is(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(1))
    described = json.loads((await call(balancer, "GET", "/openapi.json")).body)
    app = api.application(balancer.context.cluster, SingleWorker(balancer.context))
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    written = {
        (method, path)
        for path, operations in described["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert written == served
    (row,) = json.loads((await call(balancer, "GET", "/backends")).body)["backends"]
    schema = described["components"]["schemas"]["Backend"]
    assert set(row) == set(schema["properties"]) == set(schema["required"])
    assert row["state"] in schema["properties"]["state"]["enum"]
