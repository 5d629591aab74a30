"""Every final answer says when it was made: where the backend does not, the balancer does."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.http.response_head import ResponseHeads
from tests.balancer.rawhttp import Message, get, ok, until
from tests.field import field

if TYPE_CHECKING:
    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab

OLD = b"Date: Tue, 15 Nov 1994 08:12:31 GMT"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"


def dated(answer: Message, balancer: Running) -> bool:
    """Whether it has one Date, which is now, in the one format that is to be written."""
    (date,) = answer.values("date")
    assert re.fullmatch(rb"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date)
    made = parsedate_to_datetime(date.decode()).timestamp()
    return abs(balancer.context.wall - made) < 30


@field("http", sources="RFC 9110 6.6.1", peers="nginx adds it, HAProxy does not")
@pytest.mark.parametrize("answer", [ok(), CHUNKED])
@pytest.mark.parametrize("options", [{}, {"affinity": "cookie"}, {"explain": True}])
async def test_an_answer_without_a_date_gets_one(
    lab: Lab, answer: bytes, options: dict[str, Any]
) -> None:
    balancer = await lab.balancer(await lab.backend(answer=answer), **options)
    client = await lab.client(balancer)
    for _ in range(3):
        assert dated(await client.get(), balancer)
    for raw in (get("/", "Connection: close"), b"GET / HTTP/1.0\r\n\r\n"):
        client = await lab.client(balancer)
        assert dated(await client.ask(raw), balancer)


async def test_the_date_goes_on_while_the_answer_stays_the_same(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend())
    client = await lab.client(balancer)
    first = (await client.get()).values("date")
    now = balancer.context.date
    await until(lambda: balancer.context.date is not now)
    second = (await client.get()).values("date")
    assert first != second


async def test_a_date_that_is_there_stays(lab: Lab) -> None:
    balancer = await lab.balancer(await lab.backend(answer=ok(b"x", OLD.replace(b"D", b"d"))))
    client = await lab.client(balancer)
    for _ in range(2):
        assert (await client.get()).values("date") == [OLD[6:]]


async def test_a_date_that_connection_names_is_none(lab: Lab) -> None:
    answer = ok(b"x", OLD, b"Connection: date")
    balancer = await lab.balancer(await lab.backend(answer=answer))
    assert dated(await (await lab.client(balancer)).get(), balancer)


async def test_an_answer_of_the_balancer_s_own_has_one(lab: Lab) -> None:
    balancer = await lab.balancer("n1=127.0.0.1:1")
    assert dated(await (await lab.client(balancer)).get(), balancer)
    assert dated(await (await lab.client(balancer)).ask(b"GET / HTTP/1.1\r\n\r\n"), balancer)


async def test_interim_answers_have_none(lab: Lab) -> None:
    answer = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok()
    client = await lab.client(await lab.balancer(await lab.backend(answer=answer)))
    assert (await client.ask(get(), bodiless=True)).values("date") == []


def test_dates_that_differ_are_no_new_set_of_lines_to_understand() -> None:
    heads = ResponseHeads()
    for second in range(10):
        heads.read(
            b"HTTP/1.1 200 OK\r\nDate: %d\r\nContent-Length: 1\r\n\r\n" % second, to_head=False
        )
    assert len(heads._framings[1]) == 1
