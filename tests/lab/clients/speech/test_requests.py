"""What a step sends, and where it follows."""

from __future__ import annotations

import pytest
from aiohttp import web

from sessionlab.lab.clients.client import Client
from sessionlab.lab.events import Events
from sessionlab.lab.record.history import History
from tests.lab.clients.speaking import ALICE, answers, recipe, says, serving, speaking


async def echo(request: web.Request) -> web.Response:
    """Itself, as the user's name."""
    text = await request.text()
    said = f"{request.method} {request.path_qs} {request.headers.get('X-Key', '-')} {text}"
    return web.json_response({"user": said, "type": request.content_type})


async def heard(step: str, **more: object) -> str:
    """What an app got of that `me`."""
    users = {"list": [{"name": "alice", "shown": "x"}]}
    said = recipe(f"[me]\n{step}\nuser = {{json = 'user'}}", users=users, **more)
    async with speaking(said, any_me=echo, any_a__b=echo) as alice:
        return str((await alice.me()).body["user"])


@pytest.mark.parametrize(
    ("step", "got"),
    [
        ("get = '/me'", "GET /me - "),
        ("put = '/me'\njson = {who = '{user}', n = [1, '{user}'], x = '{no.one?}'}", None),
        ("post = '/me'\nform = {who = '{user}', p = 'a b', x = '{cookie.x?}'}", None),
        ("patch = '/me'\nbody = 'I am {user}, {{user}} {not a name}'", None),
        ("delete = '/me?who={user.shown}'", "DELETE /me?who=Alice+A. - "),
        ("get = '/me'\nheaders = {X-Key = 'k-{user}'}", "GET /me k-alice "),
    ],
)
async def test_every_kind_of_request_is_sent(step: str, got: str | None) -> None:
    wanted = {
        "put": 'PUT /me - {"who": "alice", "n": [1, "alice"]}',
        "post": "POST /me - who=alice&p=a+b",
        "patch": "PATCH /me - I am alice, {user} {not a name}",
    }
    kind = step.partition(" ")[0]
    said = await heard(step.replace(", x = '{no.one?}'", ", x = '{cookie.x?}'"))
    assert said.replace("%20", "+") == (got or wanted[kind])


async def test_what_goes_with_every_request_does_and_a_step_s_own_goes_before() -> None:
    every = {"headers": {"X-Key": "of {user}"}, "query": {"v": "1", "t": "{cookie.t?}"}}
    assert await heard("get = '/a/b?x=2'", every=every) == "GET /a/b?x=2&v=1 of alice "
    own = "get = '/me'\nheaders = {x-key = 'mine'}"
    assert await heard(own, every=every) == "GET /me?v=1 mine "


async def test_a_variable_in_a_path_cannot_break_out_of_its_place() -> None:
    said = recipe("[me]\nget = '/a/{user.odd}'\nuser = {json = 'user'}", users={
        "list": [{"name": "alice", "odd": "x"}]
    })  # fmt: skip
    person = type(ALICE)("alice", "", {"odd": "b/../c?d#e"})
    async with speaking(said, any_me=echo, person=person) as alice:
        assert (await alice.me()).operation.status == 404


async def test_the_path_is_recorded_with_its_variables_and_not_with_their_values() -> None:
    history = History()
    said = recipe("[me]\nget = '/me?key={password}'\nuser = {json = 'user'}")
    async with speaking(said, history, any_me=echo) as alice:
        await alice.me()
    (operation,) = history
    assert (operation.method, operation.path) == ("GET", "/me?key={password}")


def leads_to(where: str, status: int = 302) -> object:
    return answers(status, headers={"Location": where})


@pytest.mark.parametrize(
    ("status", "method"),
    [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")],
)
async def test_redirects_are_followed_as_browsers_follow_them(status: int, method: str) -> None:
    step = "[me]\npost = '/here'\nbody = 'x'\nuser = {json = 'user'}"
    handlers = {"post_here": leads_to("me", status), "any_me": echo}
    async with speaking(recipe(step), **handlers) as alice:  # type: ignore[arg-type]
        body = "x" if method == "POST" else ""
        assert (await alice.me()).body["user"] == f"{method} /me - {body}"


async def test_a_circle_of_redirects_ends_as_an_error() -> None:
    said = recipe("[me]\nget = '/a'\nfollow = 3\nuser = {json = 'user'}")
    async with speaking(said, get_a=leads_to("/a")) as alice:  # type: ignore[arg-type]
        answer = await alice.me()
    assert (answer.who, answer.status) == ("error", 302)
    assert "more than 3 redirects" in answer.said


async def test_without_follow_the_redirect_itself_is_the_answer() -> None:
    said = recipe("[me]\nget = '/a'\nfollow = 0\nuser = {header = 'Location'}", identity="/x")
    async with speaking(said, get_a=leads_to("/x")) as alice:  # type: ignore[arg-type]
        assert (await alice.me()).recognised


async def test_nothing_that_is_held_leaves_for_a_host_that_is_not_the_app_s() -> None:
    came: list[web.Request] = []

    async def strange(request: web.Request) -> web.Response:
        came.append(request)
        return web.json_response({"user": "alice"})

    async with serving(get_me=strange) as other:
        said = recipe("")
        async with speaking(said, get_me=leads_to(f"{other}/me")) as alice:  # type: ignore[arg-type]
            answer = await alice.me()
    assert (answer.who, came) == ("error", [])
    assert f"leads to {other}" in answer.said
    assert "`hosts`" in answer.said


async def test_it_goes_to_hosts_that_the_recipe_names_and_to_the_address_that_users_know() -> None:
    async with serving(get_me=says(user="alice")) as other:
        for more in ({"hosts": [other.removeprefix("http://")]}, {}):
            said = recipe("", **more)
            async with serving(get_me=leads_to(f"{other}/me")) as url:  # type: ignore[arg-type]
                public = None if more else other
                async with Client(ALICE, said, url, History(), Events(), public=public) as alice:
                    assert (await alice.me()).recognised


@pytest.mark.parametrize("where", ["http://[", "http://x:99999/", "gopher://x/", ""])
async def test_a_redirect_to_nowhere_is_no_more_than_an_error(where: str) -> None:
    said = recipe("[me]\nget = '/me'\nuser = {json = 'user'}\nfollow = 2")
    async with speaking(said, get_me=leads_to(where)) as alice:  # type: ignore[arg-type]
        assert (await alice.me()).who == "error"


async def test_an_absolute_address_of_somebody_else_is_not_asked() -> None:
    said = recipe("[[me]]\nget = '/me'\ntake.next = {json = 'user'}\n[[me]]\nget = '{next}'\n"
                  "user = {json = 'user'}")  # fmt: skip
    async with speaking(said, get_me=says(user="http://192.0.2.1/x")) as alice:
        answer = await alice.me()
    assert answer.who == "error"
    assert "192.0.2.1 is none of the app's hosts" in answer.said


async def test_a_service_is_asked_at_its_prefix_and_a_node_at_its_own_address() -> None:
    history = History()
    async with speaking(recipe(""), history, get_a__me=says(user="alice")) as alice:
        assert (await alice.me("a")).recognised
        async with serving(get_me=says(user="alice")) as node:
            assert (await alice.me("a", at=node)).recognised
    first, direct = history
    assert (first.service, first.path, first.direct) == ("a", "/a/me", False)
    assert (direct.service, direct.path, direct.direct) == ("", "/me", True)


@pytest.mark.parametrize(
    "value", ["@192.0.2.1/x", ".evil.test/", ":1/x", "//evil.test/x", "a?b://c"]
)
async def test_what_was_taken_can_lead_no_further_than_the_app(value: str) -> None:
    said = recipe("[[me]]\nget = '/me'\ntake.next = {json = 'user'}\n[[me]]\nget = '{next}'\n"
                  "user = {json = 'user'}")  # fmt: skip
    async with speaking(said, get_me=says(user=value)) as alice:
        answer = await alice.me()
    assert (answer.who, answer.status) == ("error", 404)
