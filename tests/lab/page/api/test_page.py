"""The page's server beyond the bench's contract: the page's files, tabs, crowd, news, OpenAPI."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # what check-jsonschema is made of
import pytest
import pytest_asyncio

from sessionlab.lab.bench.requests import Request
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.interface import Address
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.page.api.routes import ROUTES
from sessionlab.lab.page.api.server import served
from sessionlab.lab.page.seen.sendings import LOOK
from sessionlab.lab.viewer.view import to_json
from tests.lab.page.up import Up, up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

pytestmark = pytest.mark.asyncio(loop_scope="module")

REDIS = Description((Service("app", 2, "redis"),), affinity="cookie", watched=True)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def fabric(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalFabric]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("labs")))
        fabric = LocalFabric()
        await fabric.open()
        yield fabric
        await fabric.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def lab(fabric: LocalFabric) -> AsyncIterator[Up]:
    """One that no test breaks."""
    async with up(fabric, REDIS) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def no_tabs(lab: Up) -> AsyncIterator[None]:
    yield
    for tab in lab.desk.visitors:
        await lab.ask("DELETE", f"/tabs/{tab.id}")


async def get(lab: Up, path: str, **headers: str) -> tuple[aiohttp.ClientResponse, str]:
    url = lab.place.page.partition("/#")[0] + path
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with lab.http.get(url, headers=sent, allow_redirects=False) as got:
        return got, await got.text()


async def test_the_page_needs_no_token_holds_none_and_runs_nothing_but_its_own(lab: Up) -> None:
    got, text = await get(lab, "/")
    assert got.status == 200
    assert lab.place.token not in text
    assert lab.desk.a.cluster.password not in text
    policy = got.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert got.headers["Referrer-Policy"] == "no-referrer"
    for name in re.findall(r'"(/web/[^"]+\.(?:js|css))"', text):
        file, _ = await get(lab, name)
        assert (file.status, file.headers["X-Content-Type-Options"]) == (200, "nosniff")
        assert file.content_type in ("text/javascript", "text/css")
    viewer, _ = await get(lab, "/web/viewer/viewer.js")
    assert viewer.status == 200


@pytest.mark.parametrize(
    "path",
    ["/web/page/../api/server.py", "/web/page/%2e%2e%2fapi%2fserver.py", "/web/page/index.html",
     "/web/page/", "/web/desk/desk.py", "/web/page/nix.js", "/etc/passwd", "/web/page/..",
     "/web/page/app.js%00"],
)  # fmt: skip
async def test_no_other_file_is_given(lab: Up, path: str) -> None:
    got, _ = await get(lab, path)
    assert got.status == 404


@pytest.mark.parametrize("path", ["/", "/web/page/app.js", "/api/1/state"])
async def test_a_name_that_came_to_mean_this_machine_gets_nothing(lab: Up, path: str) -> None:
    got, _ = await get(lab, path, Host="evil.example")
    assert got.status == 403


@pytest.mark.parametrize("path", ["/api/2/state", "/api/0/tabs", "/api/99", "/api/2"])
async def test_a_client_of_another_version_is_told_which_one_this_is(lab: Up, path: str) -> None:
    got, text = await get(lab, path, Authorization=f"Bearer {lab.place.token}")
    assert (got.status, "version 1 of the API" in text) == (404, True)


async def test_a_page_that_listens_elsewhere_takes_addresses_and_no_names(
    fabric: LocalFabric,
) -> None:
    async with up(fabric, listen=Address("0.0.0.0", 0)) as lab:
        assert not lab.place.is_here
        for host, status in {
            "192.0.2.7:9000": 200, "localhost:80": 200, "[2001:db8::1]:8090": 200, "127.0.0.1": 200,
            "evil.example": 403, "127.0.0.1.evil.example:80": 403, "": 403, "[": 403, "a b": 403,
        }.items():  # fmt: skip
            assert (host, (await get(lab, "/", Host=host))[0].status) == (host, status)
        got, _ = await get(lab, "/api/1/state", Host="192.0.2.7:9000", Origin="http://192.0.2.8")
        assert got.status == 403
        with pytest.raises(StartError, match=r"cannot listen on 127\.0\.0\.1"):
            async with served(lab.desk, Address("127.0.0.1", int(lab.place.url.split(":")[2][:5]))):
                pass


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "::1", "::"])
async def test_the_link_that_is_printed_is_answered(fabric: LocalFabric, host: str) -> None:
    async with up(fabric, Description((Service("app", 1),)), Address(host, 0)) as lab:
        assert (await get(lab, "/"))[0].status == 200
        await lab.answered("GET", "/state")


async def test_a_person_s_tabs_are_clients_and_two_of_one_browser_share_cookies(lab: Up) -> None:
    one = await lab.answered("POST", "/tabs", {"user": "alice"})
    two = await lab.answered("POST", "/tabs", {"beside": one["id"]})
    other = await lab.answered("POST", "/tabs", {"user": "alice"})
    assert (one["browser"], one["number"]) != (two["browser"], two["number"])
    assert two["browser"] == one["browser"] != other["browser"]
    sent = await lab.answered("POST", f"/tabs/{one['id']}/send", {"what": "login"})
    (answer,) = sent["answers"]
    assert (answer["how"], answer["said"]) == ("ok", f"{answer['node']} took alice's login")
    for tab, how in ((one, "ok"), (two, "ok"), (other, "refused")):
        sent = await lab.answered("POST", f"/tabs/{tab['id']}/send", {"what": "me", "times": 3})
        assert sent["counts"] == {"a": {how: 3}}
    sent = await lab.answered("POST", f"/tabs/{two['id']}/send", {"what": "write", "item": "tea"})
    assert sent["answers"][0]["how"] == "ok"
    sent = await lab.answered("POST", f"/tabs/{one['id']}/send", {"what": "read"})
    assert sent["answers"][0]["items"] == ["tea"]
    await lab.answered("POST", f"/tabs/{two['id']}/send", {"what": "logout"})
    sent = await lab.answered("POST", f"/tabs/{one['id']}/send", {"what": "me"})
    assert sent["answers"][0]["how"] == "refused"
    state = await lab.answered("GET", "/state")
    assert [tab["id"] for tab in state["tabs"]] == [one["id"], two["id"], other["id"]]
    for tab in (one, two, other):
        assert (await lab.ask("DELETE", f"/tabs/{tab['id']}"))[0] == 204
        assert (await lab.ask("DELETE", f"/tabs/{tab['id']}"))[0] == 404
        assert (await lab.ask("POST", f"/tabs/{tab['id']}/send", {"what": "me"}))[0] == 404


async def test_a_state_holds_no_credential(lab: Up) -> None:
    tab = await lab.answered("POST", "/tabs", {"user": "bob"})
    await lab.answered("POST", f"/tabs/{tab['id']}/send", {"what": "login"})
    credential = lab.desk.visitors.tab(tab["id"]).at["a"].credential
    assert len(credential) > 20
    text = json.dumps(await lab.answered("GET", "/state"))
    assert credential not in text
    assert lab.desk.a.cluster.password not in text


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/tabs", {}, "user"),
        ("/tabs", {"user": " "}, "user"),
        ("/tabs", {"user": "a" * 65}, "user"),
        ("/tabs", {"user": "a\nb"}, "user"),
        ("/tabs", {"user": 1}, "user"),
        ("/tabs", {"beside": "t999"}, "beside"),
        ("/tabs", {"name": "alice"}, "name"),
        ("/tabs/{}/send", {}, "what"),
        ("/tabs/{}/send", {"what": "dance"}, "what"),
        ("/tabs/{}/send", {"what": "me", "times": 0}, "times"),
        ("/tabs/{}/send", {"what": "me", "times": 101}, "times"),
        ("/tabs/{}/send", {"what": "me", "times": 1e99}, "times"),
        ("/tabs/{}/send", {"what": "write", "item": "x" * 65}, "item"),
        ("/tabs/{}/send", {"what": "me", "cluster": "c"}, "cluster"),
        ("/crowd", {"users": 201}, "users"),
        ("/crowd", {"users": -1}, "users"),
        ("/crowd", {"users": 3, "rate": 0}, "rate"),
        ("/crowd", {"users": 3, "rate": 501}, "rate"),
        ("/crowd", {"users": "many"}, "users"),
        ("/crowd", [], "body"),
        ("/tellings", {}, "story"),
        ("/tellings", {"story": "x", "seed": "y"}, "seed"),
        ("/tellings", {"story": "x" * 99}, "story"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_done(
    lab: Up, path: str, body: object, field: str
) -> None:
    tab = await lab.answered("POST", "/tabs", {"user": "carol"})
    before = await lab.answered("GET", "/state")
    method = "PUT" if path == "/crowd" else "POST"
    status, problem = await lab.ask(method, path.format(tab["id"]), body)
    assert (status, problem["field"]) == (422, field), problem
    after = await lab.answered("GET", "/state")
    assert (before["tabs"], before["crowd"]) == (after["tabs"], after["crowd"])


async def test_whom_the_demo_app_knows_is_said_to_who_is_nobody_there(lab: Up) -> None:
    said = {}
    for user in ("dave", "user-0000001", "user-000007"):
        tab = await lab.answered("POST", "/tabs", {"user": user})
        sent = await lab.answered("POST", f"/tabs/{tab['id']}/send", {"what": "login"})
        said[user] = sent["answers"][0]["said"]
    known = "; the app knows alice, bob, carol, and user-000001 to user-999999"
    assert {user for user, text in said.items() if text.endswith(known)} == {"dave", "user-0000001"}


@pytest.mark.parametrize("path", [f"/events?most={'9' * 5000}", f"/tellings/1?since={'9' * 5000}"])
async def test_a_number_of_thousands_of_digits_is_a_wrong_field(lab: Up, path: str) -> None:
    assert (await lab.ask("GET", path))[0] == 422


async def test_a_version_of_thousands_of_digits_is_another(lab: Up) -> None:
    url = lab.place.url.removesuffix("/1")
    sent = {"Authorization": f"Bearer {lab.place.token}"}
    async with lab.http.get(f"{url}/{'9' * 5000}/state", headers=sent) as got:
        assert (got.status, (await got.json())["title"]) == (404, "Not Found")


async def test_a_page_has_at_most_twenty_tabs(lab: Up) -> None:
    tabs = [await lab.answered("POST", "/tabs", {"user": f"u{n}"}) for n in range(20)]
    status, problem = await lab.ask("POST", "/tabs", {"user": "one more"})
    assert (status, problem["hint"]) == (409, "close one first")
    assert {tab["number"] for tab in tabs} == {1}


async def test_a_crowd_comes_asks_and_goes(fabric: LocalFabric) -> None:
    async with up(fabric, REDIS) as lab:
        assert await lab.answered("PUT", "/crowd", {"users": 10, "rate": 100}) == {
            "users": 10, "rate": 100.0, "does": "me",
        }  # fmt: skip
        began, crowd = time.monotonic(), list[Any]()
        while len({op.client for op in crowd}) < 10:
            await asyncio.sleep(0.1)
            crowd = [op for op in lab.desk.a.live.history.since(0) if op.conversation == "me"]
        assert len(crowd) <= 100 * (time.monotonic() - began + 1)
        assert {op.client for op in crowd} == {f"user-{n:06d}" for n in range(1, 11)}
        assert all(op.recognised for op in crowd)
        await lab.answered("PUT", "/crowd", {"users": 3, "rate": 100})
        assert len(lab.desk.a.cluster._visitors.clients) == 3
        await lab.answered("PUT", "/crowd", {"users": 0})
        await asyncio.sleep(0.2)
        before = lab.desk.a.live.history.came
        await asyncio.sleep(0.3)
        assert lab.desk.a.live.history.came == before
        assert lab.desk.a.cluster._visitors.clients == []


async def test_what_the_page_asks_to_look_into_a_credential_is_no_request_on_it(
    lab: Up, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [
        Request(1.0, "alice", "GET", "/me", "n1", 200, "", 0.001, id=id_) for id_ in (LOOK, "1")
    ]
    with monkeypatch.context() as patch:
        patch.setattr(lab.desk.a, "_requests", SimpleNamespace(new=lambda: asked))
        requests, lines = lab.desk.a.new(lab.desk.sendings)
    assert [one.id for one in requests] == ["1"]
    assert len(lines) == 1


async def test_a_credential_is_looked_into_and_a_forgery_refused(lab: Up) -> None:
    tab = (await lab.answered("POST", "/tabs", {"user": "alice"}))["id"]
    assert (await lab.answered("GET", f"/tabs/{tab}/credential"))["kind"] == "none"
    assert (await lab.ask("POST", f"/tabs/{tab}/forgery", {"value": "x"}))[0] in (400, 409, 422)
    await lab.answered("POST", f"/tabs/{tab}/send", {"what": "login"})
    looked = await lab.answered("GET", f"/tabs/{tab}/credential?cluster=a")
    assert (looked["kind"], looked["where"]) == ("session-id", "cookie sid")
    assert [held["knows"] for held in looked["held"]] == [True, True]
    assert looked["stored"]["ttl"] > 0
    forged = await lab.answered("POST", f"/tabs/{tab}/forgery", {"value": "made-up"})
    assert forged["answer"]["status"] == 401
    assert forged["why"]
    sent = await lab.answered("POST", f"/tabs/{tab}/send", {"what": "me"})
    assert sent["answers"][0]["how"] == "ok"
    for path in (f"/tabs/{tab}/credential?cluster=b", "/view?cluster=b", "/script?cluster="):
        status, problem = await lab.ask("GET", path)
        assert (status, problem["field"]) == (422, "cluster")
    assert (await lab.ask("GET", "/tabs/t999/credential"))[0] == 404


async def test_what_was_done_by_hand_is_stored_and_shown(
    fabric: LocalFabric, tmp_path: Path
) -> None:
    async with up(fabric, REDIS, recordings=tmp_path / "kept") as lab:
        assert (await lab.ask("GET", "/script"))[0] == 409  # nothing was asked yet
        tab = (await lab.answered("POST", "/tabs", {"user": "alice"}))["id"]
        for what in ("login", "me"):
            await lab.answered("POST", f"/tabs/{tab}/send", {"what": what})
        await lab.answered("POST", "/actions", {"do": "stop", "part": "redis"})
        await lab.answered("POST", "/actions", {"do": "start", "part": "redis"})
        await lab.answered("POST", f"/tabs/{tab}/send", {"what": "me"})
        view = await lab.answered("GET", "/view")
        assert "was logged out: Redis stopped" in view["sentence"]
        state = await lab.answered("GET", "/state")
        assert state["clusters"][0]["sentence"] == view["sentence"]
        assert state["tabs"][0]["at"]["a"]["fate"] == "logged out"
        kept = await lab.answered("POST", "/recordings", {"name": "by-me"})
        assert (tmp_path / "kept").is_dir()
        text = (await lab.answered("GET", "/script"))["script"]
        for each in (text, kept["script"]):
            assert 'lab.cluster("redis", nodes=2, affinity="cookie")' in each
        status, problem = await lab.ask("POST", "/recordings", {"name": "../x"})
        assert (status, problem["field"]) == (422, "name")


async def test_stories_are_listed_told_and_not_found(lab: Up) -> None:
    stories = json.dumps(await lab.answered("GET", "/stories"))
    assert '"name": "sticky-node-dies"' in stories
    assert (await lab.ask("POST", "/tellings", {"story": "nix"}))[0] == 422
    telling = await lab.answered("POST", "/tellings", {"story": "monolith"})
    while telling["ending"] == "telling":
        await asyncio.sleep(0.1)
        telling = await lab.answered("GET", f"/tellings/{telling['id']}?since=0")
    assert telling["ending"] == "held"
    assert [item["n"] for item in telling["items"]] == [*range(telling["count"])]
    assert (await lab.ask("GET", "/tellings/nix"))[0] == 404
    for since in ("-1", "x", "9" * 99):
        assert (await lab.ask("GET", f"/tellings/{telling['id']}?since={since}"))[0] == 422


async def heard(lab: Up, query: str = "") -> AsyncIterator[tuple[str, dict[str, Any]]]:
    headers = {"Authorization": f"Bearer {lab.place.token}"}
    async with lab.http.get(f"{lab.place.url}/events{query}", headers=headers) as stream:
        kind = ""
        async for line in stream.content:
            if line.startswith(b"event: "):
                kind = line[7:-1].decode()
            elif line.startswith(b"data: "):
                yield kind, json.loads(line[6:])


async def test_what_happens_is_pushed_and_what_has_not_changed_is_not(fabric: LocalFabric) -> None:
    async with up(fabric) as lab:
        news: list[tuple[str, dict[str, Any]]] = []

        async def listen() -> None:
            async for kind, data in heard(lab, "?most=5"):
                news.append((kind, data))

        listening = asyncio.create_task(listen())
        await asyncio.sleep(1.5)
        assert len([kind for kind, _ in news if kind == "state"]) <= 2  # one greets
        tab = await lab.answered("POST", "/tabs", {"user": "alice"})
        await lab.answered("POST", f"/tabs/{tab['id']}/send", {"what": "login"})
        await lab.answered("POST", f"/tabs/{tab['id']}/send", {"what": "me", "times": 60})
        await lab.answered("POST", "/actions", {"do": "kill", "part": "n1"})
        await asyncio.sleep(2.0)
        listening.cancel()
    by = {kind: [data for one, data in news if one == kind] for kind, _ in news}
    assert by["event"][-1]["text"] == "n1 killed"
    assert by["event"][-1]["cluster"] == "a"
    assert by["state"][-1]["clusters"][0]["parts"][0]["state"] == "ended"
    assert by["state"][-1]["tabs"][0]["user"] == "alice"
    assert len(by["state"]) <= 14
    assert sum(one["total"] for one in by["rate"]) == 61
    assert len(by["request"]) < 30
    assert {one["tab"] for one in by["request"]} == {tab["id"]}
    assert by["view"][-1]["cluster"] == "a"


async def test_ages_alone_make_no_new_state(fabric: LocalFabric) -> None:
    learning = Description((Service("app", 1, "redis"),), affinity="learn:sid", watched=True)
    async with up(fabric, learning) as lab:
        tab = await lab.answered("POST", "/tabs", {"user": "alice"})
        await lab.answered("POST", f"/tabs/{tab['id']}/send", {"what": "login"})
        await asyncio.sleep(1.5)
        cluster = (await lab.answered("GET", "/state"))["clusters"][0]
        assert cluster["balancing"]["pins"]
        assert cluster["store"]["keys"][0]["ttl"]
        with lab.desk.stream.listener() as listener:
            await asyncio.sleep(3.0)
        assert listener.waiting.qsize() <= 1  # the first of all


async def test_the_document_is_of_what_is_really_answered(lab: Up) -> None:
    document = await lab.answered("GET", "/openapi.json")
    assert document["openapi"] == "3.1.0"
    schemas = {"components": document["components"]}

    def check(path: str, method: str, status: int, said: object) -> None:
        answer = document["paths"][path][method]["responses"][str(status)]["content"]
        (content,) = answer.values()
        jsonschema.Draft202012Validator(content["schema"] | schemas).validate(said)

    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    tab = await lab.answered("POST", "/tabs", {"user": "alice"})
    check("/tabs", "post", 201, tab)
    sent = await lab.answered("POST", f"/tabs/{tab['id']}/send", {"what": "login"})
    check("/tabs/{tab}/send", "post", 200, sent)
    check("/state", "get", 200, await lab.answered("GET", "/state"))
    check("/view", "get", 200, await lab.answered("GET", "/view"))
    _, problem = await lab.ask("POST", "/tabs", {"user": ""})
    check("/tabs", "post", 422, problem)
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(set(names)) == len(names)


async def test_half_a_character_of_a_stranger_s_is_told_all_the_same() -> None:
    assert json.loads(to_json({"path": "/\udcff"})) == {"path": "/\udcff"}


async def test_every_request_is_in_the_documents() -> None:
    told = "".join(Path("docs", name).read_text() for name in ("page.md", "bench.md"))
    for route in ROUTES:
        path = route.path.format(tab="t1", telling="ID", cluster="[ab]")
        assert re.search(rf"{route.method} (/api/1)?{path}\b", told), route
