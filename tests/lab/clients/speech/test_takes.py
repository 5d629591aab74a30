"""What is taken from an answer."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from sessionlab.lab.clients.content import EventStream
from sessionlab.lab.clients.speech.heard import NOT_THERE, Heard
from sessionlab.lab.clients.speech.takes import find, found, walk
from sessionlab.lab.recipes.model import Take
from tests.lab.clients.speaking import recipe, speaking

PAGE = """<html><head><meta name="csrf-token" content="m&amp;1"><title>T</title></head>
<form><input type=hidden name='csrf' value="v1"><input name="csrf" value="v2"><input name=empty>
"""


def heard(text: str, **headers: str) -> Heard:
    kept = CIMultiDict((key.replace("_", "-"), value) for key, value in headers.items())
    return Heard(URL("http://x/"), 200, CIMultiDictProxy(kept), text.encode())


@pytest.mark.parametrize(
    ("take", "text", "value"),
    [
        (Take(json="a.b.0"), '{"a": {"b": ["x"]}}', "x"),
        (Take(json="a.-1"), '{"a": [1, 2]}', "2"),
        (Take(json="a"), '{"a": true}', "true"),
        (Take(json="a"), '{"a": 1.5}', "1.5"),
        (Take(json="a"), '{"a": null}', None),
        (Take(json="a.b"), '{"a": "b"}', None),
        (Take(json="a.9"), '{"a": []}', None),
        (Take(json="a | b.0"), json.dumps({"a": '{"b": ["x"]}'}), "x"),
        (Take(json="a | b"), '{"a": "no JSON"}', None),
        (Take(json="a | b"), '{"a": 3}', None),
        (Take(json="a"), "<html>", None),
        (Take(regex="a(b)c"), "xabcx", "b"),
        (Take(regex="a.c"), "xabcx", "abc"),
        (Take(regex="(x)|a"), "a", None),
        (Take(regex="z"), "a", None),
        (Take(html="csrf"), PAGE, "v1"),
        (Take(html="csrf-token"), PAGE, "m&1"),
        (Take(html="empty"), PAGE, ""),
        (Take(html="nothing"), PAGE, None),
        (Take(html="csrf"), "<<<input name=csrf", None),
        (Take(header="x-sid"), "", "s1"),
        (Take(header="x-other"), "", None),
        (Take(cookie="sid"), "", "c 1"),
        (Take(cookie="other"), "", None),
    ],
)
def test_it_is_found_where_the_recipe_says(take: Take, text: str, value: str | None) -> None:
    assert found(take, heard(text, X_Sid="s1", Set_Cookie='sid="c 1"; Path=/')) == value


keys = st.text("abcxyz_", min_size=1, max_size=3)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


@given(values, st.data())
def test_whatever_there_is_can_be_walked_to(value: object, data: st.DataObject) -> None:
    path, here = [], value
    while isinstance(here, (dict, list)) and here and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(list(here) if isinstance(here, dict) else range(len(here))))
        path.append(str(key))
        here = here[key]
    assert walk(value, ".".join(path)) == here
    outer = {"t": json.dumps(value)}
    assert walk(outer, "t | " + ".".join(path)) == here


@given(values, st.text(max_size=12))
def test_a_walk_to_nowhere_ends_there(value: object, path: str) -> None:
    walk(value, path)


@given(st.binary(max_size=200), st.text(max_size=8))
def test_nothing_in_an_answer_breaks_what_looks_for_something(raw: bytes, name: str) -> None:
    answer = Heard(URL("http://x/"), 200, content=raw)
    for take in (Take(json=name or "a"), Take(html=name or "a"), Take(sse=name or "a")):
        find(take, answer)
    assert answer.came


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.text("xyz \r:", max_size=6))))
def test_events_are_the_same_however_they_are_cut(events: list[tuple[str, str]]) -> None:
    text = "".join(
        (f"event: {name}\n" if name else "")
        + "".join(f"data: {line}\r\n" for line in data.split("\r"))
        + "\r\n"
        for name, data in events
    )
    whole, pieces = EventStream(), EventStream()
    whole.feed(text.encode())
    for byte in text.encode():
        pieces.feed(bytes([byte]))
    assert whole.events == pieces.events
    assert [event.data for event in whole.events] == [
        data.replace("\r", "\n") for _, data in events
    ]


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    lines = 'event: endpoint\ndata: /m?id=7\n\n: ping\n\ndata: {"user":\ndata: "alice"}\n\n'
    await response.write(lines.encode())
    if "ends" not in request.query:
        await asyncio.sleep(20)
    return response


@pytest.mark.parametrize(
    ("step", "who"),
    [
        ("get = '/me'\nevents = 2", "user"),
        ("get = '/me?ends=1'", "user"),
        ("get = '/me?ends=1'\nevents = 3", "error"),
        ("get = '/me'\nwithin = 0.3", "error"),
    ],
)
async def test_a_stream_is_left_after_so_many_events(step: str, who: str) -> None:
    said = recipe(f"[me]\n{step}\nuser = {{json = 'user'}}\ntake.at = {{sse = 'endpoint'}}")
    async with speaking(said, get_me=stream) as alice:
        answer = await alice.me()
    assert answer.who == who


async def test_not_there_is_not_none() -> None:
    assert find(Take(json="a"), heard('{"a": null}')) is None
    assert find(Take(json="a"), heard("{}")) is NOT_THERE
