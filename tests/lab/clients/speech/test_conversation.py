"""What a conversation shows of who asks, whatever an app answers."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from sessionlab.lab.clients.client import Client
from sessionlab.lab.errors import StepError, UsageError
from sessionlab.lab.events import Events
from sessionlab.lab.record.history import Ending, History
from sessionlab.lab.verdicts.fates import Fate, users
from tests.lab.clients.speaking import ALICE, answers, recipe, says, serving, speaking

HTML = "text/html"


@pytest.mark.parametrize(
    ("identity", "named", "recognised", "user"),
    [
        ("{user}", "alice", True, "alice"),
        ("{user.shown}", "Alice A.", True, "alice"),
        ("{user.shown}", "Alice", False, "Alice"),
        ("{user}", "bob", False, "bob"),
        ("{cookie.sid}", "1234567", False, "somebody else"),
        ("{password}", "a-password-of-hers", True, "alice"),
    ],
)
async def test_who_is_found_is_who_was_expected_or_somebody_else(
    identity: str, named: str, recognised: bool, user: str
) -> None:
    users = {"list": [{"name": "alice", "shown": "x"}]}
    said = recipe("", identity=identity, users=users)
    async with speaking(said, get_me=says(user=named)) as alice:
        alice.keep_cookie("sid", "7654321")
        answer = await alice.me()
    assert answer.who == "user"
    assert answer.recognised is recognised
    assert answer.operation.user == user


async def test_an_identity_that_is_not_known_yet_proves_nothing() -> None:
    said = recipe("", identity="{cookie.sid}")
    async with speaking(said, get_me=says(user="alice")) as alice:
        answer = await alice.me()
    assert (answer.who, answer.recognised) == ("error", False)
    assert "{cookie.sid} is not known" in answer.said


@pytest.mark.parametrize(
    ("rule", "status", "text", "who"),
    [
        ("", 401, "", "nobody"),
        ("", 404, "", "error"),
        ("nobody = {status = [400, 404]}", 404, "", "nobody"),
        ("nobody = {status = [400, 404]}", 401, "", "error"),
        ("nobody = {body = 'Log.in'}", 200, "<p>Log in</p>", "nobody"),
        ("nobody = {status = 403, body = 'Log.in'}", 403, "Go away", "error"),
        ("nobody = {status = 500}", 500, "", "nobody"),
        ("", 200, "<p>Hello</p>", "error"),
        ("", 200, '{"user": null}', "error"),
        ("", 200, '{"user": ""}', "error"),
        ("", 403, '{"user": "alice"}', "error"),
        ("expect = [200, 403]", 418, '{"user": "alice"}', "error"),
    ],
)
async def test_me_has_three_outcomes(rule: str, status: int, text: str, who: str) -> None:
    said = recipe(f"[me]\nget = '/me'\nuser = {{json = 'user'}}\n{rule}")
    async with speaking(said, get_me=answers(status, text=text)) as alice:
        answer = await alice.me()
    assert (answer.who, answer.recognised) == (who, False)


@pytest.mark.parametrize("rule", ["path = '^/login'", "status = 302", "path = 'in$', status = 200"])
async def test_who_is_led_to_the_login_is_nobody_when_it_writes_too(rule: str) -> None:
    said = recipe(
        f"[me]\nget = '/me'\nuser = {{regex = 'Hello (.+)!'}}\nnobody = {{{rule}}}\n"
        "[write]\npost = '/me'\nbody = '{item}'"
    )
    led = answers(302, headers={"Location": "/login?next=/me"})
    async with speaking(said, any_me=led, get_login=answers(text="Who are you?")) as alice:
        assert (await alice.me()).who == "nobody"
        wrote = await alice.write("a book")
    assert wrote.who == ("nobody" if "path" in rule else "")


@pytest.mark.parametrize(
    ("conversation", "status", "who", "outcome"),
    [
        ("login", 401, "", Ending.FAILED),
        ("login", 200, "", Ending.OK),
        ("login", 503, "error", Ending.FAILED),
        ("write", 401, "nobody", Ending.FAILED),
        ("write", 403, "error", Ending.FAILED),
        ("write", 422, "", Ending.FAILED),
        ("write", 504, "error", Ending.UNKNOWN),
        ("logout", 204, "", Ending.OK),
        ("end_all", 403, "", Ending.FAILED),
    ],
)
async def test_an_answer_that_names_nobody_says_what_its_status_says(
    conversation: str, status: int, who: str, outcome: Ending
) -> None:
    said = recipe(f"[{conversation}]\npost = '/do'")
    async with speaking(said, post_do=answers(status)) as alice:
        answer = await alice.do(conversation, item="x")
    assert (answer.who, answer.operation.outcome) == (who, outcome)
    assert answer.operation.conversation == conversation


async def test_a_step_that_fails_ends_the_conversation_and_says_which() -> None:
    asked: list[str] = []

    async def form(request: web.Request) -> web.Response:
        asked.append(request.method)
        return web.Response(text="<title>Sign  in</title>", content_type=HTML)

    said = recipe("[[login]]\nget = '/in'\ntake.csrf = {html = 'csrf'}\n"
                  "[[login]]\npost = '/in'\nform = {csrf = '{csrf}'}")  # fmt: skip
    async with speaking(said, any_in=form) as alice:
        answer = await alice.try_login()
        with pytest.raises(StepError, match="could not log in"):
            await alice.login()
    assert asked == ["GET", "GET"]
    assert (answer.who, answer.recognised) == ("error", False)
    assert answer.said == (
        "GET /in → 200 HTML, titled “Sign in”, looked for <input name=csrf>: not there"
    )


async def test_what_a_refused_login_does_not_give_is_no_error() -> None:
    said = recipe("[login]\npost = '/in'\ntake.token = {json = 'token'}")
    async with speaking(said, post_in=answers(401, text="{}")) as alice:
        answer = await alice.try_login()
    assert (answer.who, answer.recognised) == ("", False)
    assert answer.said == "POST /in → 401 JSON (), looked for JSON token: not there"


@pytest.mark.parametrize(
    ("led_to", "status", "fate"), [(401, 303, Fate.LOGGED_OUT), (200, 200, Fate.LOGGED_OUT)]
)
async def test_a_login_is_not_refused_by_where_it_leads(
    led_to: int, status: int, fate: Fate
) -> None:
    """That may be another copy, which does not know yet who that is."""

    async def enter(_: web.Request) -> web.Response:
        away = web.Response(status=303, headers={"Location": "/home"})
        away.set_cookie("sid", "1234567")
        return away

    history = History()
    said = recipe("[login]\npost = '/in'")
    home, me = answers(led_to), answers(401)
    async with speaking(said, history, post_in=enter, get_home=home, get_me=me) as alice:
        login = await alice.try_login()
        await alice.me()
    assert login.status == status
    assert [user.fate for user in users(history)] == [fate]


async def test_an_unexpected_status_says_what_was_expected() -> None:
    said = recipe("[login]\npost = '/in'\nexpect = [200, 201]")
    async with speaking(said, post_in=answers(204)) as alice:
        answer = await alice.try_login()
    assert answer.who == "error"
    assert answer.said == "POST /in → 204 with an empty body, expected 200 or 201"


@pytest.mark.parametrize(
    ("take", "text", "items", "who"),
    [
        ("json = 'cart'", '{"cart": ["a", {"b": 1}, 2]}', ["a", '{"b": 1}', "2"], ""),
        ("json = 'cart'", '{"cart": []}', [], ""),
        ("json = 'cart'", '{"cart": null}', [], ""),
        ("json = 'cart'", '{"cart": {"a": 3}}', ["a"], ""),
        ("json = 'cart'", "{}", [], "error"),
        ("regex = '<li>(.*?)</li>'", "<li>a</li><li>b</li>", ["a", "b"], ""),
        ("regex = '<li>'", "nothing", [], ""),
    ],
)
async def test_what_belongs_to_the_session_is_read(
    take: str, text: str, items: list[str], who: str
) -> None:
    said = recipe(f"[write]\npost = '/a'\n[read]\nget = '/a'\nitems = {{{take}}}")
    async with speaking(said, any_a=answers(text=text)) as alice:
        answer = await alice.read()
    assert (answer.items, answer.who) == (items, who)


async def test_where_there_is_no_login_to_ask_is_to_log_in() -> None:
    said = recipe("[me]\nget = '/me'\nheaders = {Authorization = 'Basic {userpass|base64}'}\n"
                  "user = {json = 'user'}")  # fmt: skip

    async def me(request: web.Request) -> web.Response:
        known = request.headers["Authorization"] == "Basic YWxpY2U6YS1wYXNzd29yZC1vZi1oZXJz"
        return web.json_response({"user": "alice"}, status=200 if known else 401)

    async with speaking(said, get_me=me) as alice:
        answer = await alice.login()
    assert (answer.operation.conversation, answer.recognised) == ("login", True)


async def test_what_a_recipe_does_not_describe_cannot_be_done() -> None:
    async with speaking(recipe("")) as alice:
        with pytest.raises(UsageError, match="does not say how to read"):
            await alice.read()


async def test_a_script_is_refused_unless_it_is_allowed() -> None:
    said = recipe("[me]\nscript = 'tests.lab.clients.speaking:nothing'")
    async with speaking(said) as alice:
        answer = await alice.me()
    assert answer.who == "error"
    assert "--allow-script" in answer.said


async def whoever(_: object, variables: dict[str, str]) -> dict[str, object]:
    return {"user": variables["user"], "take": {"token": "t"}}


async def breaks(_: object, __: dict[str, str]) -> dict[str, object]:
    raise KeyError("x")


async def test_a_script_says_who_it_found_and_may_break() -> None:
    for name, who in (("whoever", "user"), ("breaks", "error"), ("missing", "error")):
        said = recipe(f"[me]\nscript = '{__name__}:{name}'")
        async with serving() as url:
            client = Client(ALICE, said, url, History(), Events(), allow_script=True)
            async with client as alice:
                assert (await alice.me()).who == who


# Bad answers


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"x" * 65_536)
    except ConnectionError:
        return response


async def hangs(_: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"x")
    assert request.transport
    request.transport.close()
    return response


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (endless, "more than 4,000,000 bytes"),
        (hangs, "Timeout"),
        (cut, "ClientPayloadError"),
        (answers(body=b"\xff\xfe\x00"), "looked for"),
        (answers(body=b"{}", headers={"Content-Type": "a/b; charset=klingon"}), "looked for"),
        (answers(body=b"{}", headers={"Content-Type": ";;; charset="}), "looked for"),
        (answers(body=b"[" * 100_000), "looked for"),
        (
            answers(body=b"this is no gzip", headers={"Content-Encoding": "gzip"}),
            "Can not decode",
        ),
        (answers(headers={"Set-Cookie": "=;;;; ,"}), "looked for"),
        (answers(headers={"X": "y" * 20_000}), "looked for"),
    ],
)
async def test_nothing_that_a_server_says_raises(handler: object, words: str) -> None:
    said = recipe("[me]\nget = '/me'\nwithin = 0.8\nuser = {json = 'a.0.b | c'}")
    async with speaking(said, get_me=handler) as alice:  # type: ignore[arg-type]
        answer = await alice.me()
    assert answer.who == "error"
    assert words in answer.said
    assert answer.operation.error


async def test_a_server_that_is_not_there_is_no_answer() -> None:
    async with serving() as url:
        pass
    async with Client(ALICE, recipe(""), url, History(), Events()) as alice:
        answer = await alice.me()
    assert (answer.who, answer.status) == ("error", None)
    assert answer.said.startswith("GET /me → ClientConnectorError")


async def test_a_header_that_cannot_be_sent_is_an_error_that_names_no_secret() -> None:
    said = recipe("[me]\nget = '/me'\nheaders = {X = '{password}'}\nuser = {json = 'user'}")
    person = type(ALICE)("alice", "two\nlines-of-it")
    async with speaking(said, get_me=says(user="alice"), person=person) as alice:
        answer = await alice.me()
    assert answer.who == "error"
    assert "lines-of-it" not in answer.said + (answer.operation.error or "")
