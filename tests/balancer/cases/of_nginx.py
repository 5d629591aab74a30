"""After nginx's own tests of its `sticky` directive (nginx/nginx-tests)."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.balancer.cases.case import case
from tests.balancer.cases.interface import Cookie, Setup
from tests.balancer.rawhttp import connect

if TYPE_CHECKING:
    from tests.balancer.cases.rig import Answer, Rig

STICKY = "nginx/nginx-tests upstream_sticky.t"
DRAIN = "nginx/nginx-tests upstream_sticky_drain.t"
NEXT = "nginx/nginx-tests upstream_sticky_next.t"
LEARN = "nginx/nginx-tests upstream_sticky_learn.t"
HEADER = "nginx/nginx-tests upstream_sticky_learn_header.t"
ROUTE = "nginx/nginx-tests upstream_sticky_route.t"
RESOLVE = "nginx/nginx-tests upstream_sticky_resolve.t"
MAX_CONNS = "nginx/nginx-tests upstream_max_conns_sticky.t"

FOUR = {"n1": 1, "n2": 1, "n3": 1, "n4": 1}
TWO = {"n1": 1, "n2": 1}


async def _comes_back(rig: Rig, algorithm: str) -> None:
    await rig.start(Setup(FOUR, algorithm=algorithm))
    for _ in range(4):
        first = await rig.ask()
        for _ in range(3):
            again = await rig.ask("/", first.pair)
            assert again.backend == first.backend
            assert again.set_cookies == [], "a client that knows its pin is told nothing"


@case("A cookie brings its client back, over round-robin", STICKY, RESOLVE)
async def cookie_over_round_robin(rig: Rig) -> None:
    await _comes_back(rig, "round-robin")


@case("A cookie brings its client back, over least connections", STICKY)
async def cookie_over_least_connections(rig: Rig) -> None:
    await _comes_back(rig, "least-connections")


@case("A cookie brings its client back, over a hash of its address", STICKY)
async def cookie_over_source_hash(rig: Rig) -> None:
    await _comes_back(rig, "consistent-hash")


@case("Garbage, empty or oversized, in the cookie is replaced by a good one", STICKY, ROUTE)
async def garbage_is_replaced(rig: Rig) -> None:
    await rig.start()
    for garbage in ("garbage", "", "0" * 40, "x" * 4000, 'a"b', "n9"):
        answer = await rig.ask("/", f"PIN={garbage}")
        assert answer.status == 200
        assert (await rig.ask("/", answer.pair)).backend == answer.backend


@case("Without affinity no cookie is set", STICKY, RESOLVE)
async def no_affinity_no_cookie(rig: Rig) -> None:
    await rig.start(Setup(FOUR, affinity="none"))
    answers = [await rig.ask("/", "PIN=n1") for _ in range(4)]
    assert {answer.backend for answer in answers} == set(FOUR)
    assert [answer.set_cookies for answer in answers] == [[]] * 4


@case("Who is pinned to a backend that was taken out moves, and is told", STICKY, RESOLVE)
async def pinned_to_one_taken_out(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    await rig.balancer.maintain(first.backend)
    moved = await rig.ask("/", first.pair)
    assert moved.backend not in {"", first.backend}
    assert (await rig.ask("/", moved.pair)).backend == moved.backend


@case("No cookie comes with an error when no backend is left", STICKY, RESOLVE)
async def no_cookie_from_the_dead(rig: Rig) -> None:
    await rig.start(Setup({"n1": 1}))
    first = await rig.ask()
    await rig.kill("n1")
    for cookie in ("", first.pair):
        answer = await rig.ask("/", cookie)
        assert answer.status in {502, 503}
        assert answer.set_cookies == []


@case("An error when no backend is left, without affinity", STICKY)
async def an_error_from_the_dead(rig: Rig) -> None:
    await rig.start(Setup({"n1": 1}, affinity="none"))
    await rig.kill("n1")
    answer = await rig.ask()
    assert answer.status in {502, 503}


@case("The cookie's attributes are those asked for", STICKY, "traefik/traefik sticky_test.go")
async def attributes_asked_for(rig: Rig) -> None:
    await rig.start(Setup(cookie=Cookie(domain="example.com", secure=True, same_site="None")))
    assert {n: v for n, v in (await rig.ask()).attributes.items() if n != "httponly"} == {
        "path": "/", "domain": "example.com", "secure": "", "samesite": "None",
    }  # fmt: skip


@case("The cookie has no attribute that was not asked for", STICKY)
async def attributes_not_asked_for(rig: Rig) -> None:
    await rig.start()
    assert (await rig.ask()).attributes == {"path": "/", "httponly": "", "samesite": "Lax"}


@case(
    "The cookie's path can be chosen",
    STICKY,
    "envoyproxy/envoy stateful_session_integration_test.cc",
)
async def path_of_the_cookie(rig: Rig) -> None:
    await rig.start(Setup(cookie=Cookie(path="/test/path")))
    assert (await rig.ask("/test/path")).attributes["path"] == "/test/path"


@case("Pinned clients do not disturb the turns of new ones", STICKY)
async def turns_despite_pins(rig: Rig) -> None:
    await rig.start(Setup(FOUR))
    first = await rig.ask()
    for _ in range(3):
        await rig.ask()
    await rig.shares(20, cookie=first.pair)
    assert await rig.shares(20) == dict.fromkeys(FOUR, 5)


@case("Pinned clients do not disturb the weights of new ones", STICKY)
async def weights_despite_pins(rig: Rig) -> None:
    weights = {"n1": 1, "n2": 2, "n3": 3, "n4": 4}
    await rig.start(Setup(weights))
    first = await rig.ask()
    for _ in range(9):
        await rig.ask()
    await rig.shares(20, cookie=first.pair)
    shares = await rig.shares(100)
    assert all(abs(shares[name] - 10 * weight) <= 1 for name, weight in weights.items()), shares


@case("New clients go by weight, without affinity", STICKY)
async def weights_without_affinity(rig: Rig) -> None:
    weights = {"n1": 1, "n2": 2, "n3": 3, "n4": 4}
    await rig.start(Setup(weights, affinity="none"))
    assert await rig.shares(100) == {"n1": 10, "n2": 20, "n3": 30, "n4": 40}


@case("A client's requests share a connection to its backend", STICKY)
async def one_connection(rig: Rig) -> None:
    await rig.start(Setup(checks=False))
    first = await rig.ask()
    await rig.shares(5, cookie=first.pair)
    assert rig.backends[first.backend].connections == 1


@case("A backend in drain keeps its clients and gets no others", DRAIN)
async def drain_keeps_and_refuses(rig: Rig) -> None:
    await rig.start(Setup(FOUR))
    first = await rig.ask()
    await rig.balancer.drain(first.backend)
    assert await rig.shares(4, cookie=first.pair) == {first.backend: 4}
    shares = await rig.shares(12)
    assert shares == {name: 4 for name in FOUR if name != first.backend}


@case("Drain holds over a reload, down to where it is the only backend left", DRAIN)
async def drain_over_a_reload(rig: Rig) -> None:
    await rig.start(Setup(FOUR))
    first = await rig.ask()
    home = first.backend
    await rig.balancer.drain(home)
    await rig.balancer.reload(replace(rig.setup, backends={**FOUR, "n4": 2}))
    assert await rig.shares(4, cookie=first.pair) == {home: 4}
    assert home not in await rig.shares(12)
    await rig.balancer.reload(replace(rig.setup, backends={home: 1}))
    assert await rig.shares(4, cookie=first.pair) == {home: 4}


async def _each_tried_once(rig: Rig, affinity: str, *lines: str) -> None:
    await rig.start(Setup(TWO, affinity=affinity, checks=False))
    first = await rig.ask("/?close", "", *lines)  # what died unused in a pool is no try
    before = {name: rig.requests(name) for name in TWO}
    cookie = first.pair if first.set_cookies else ""
    answer = await rig.ask("/die", cookie, *lines)
    assert answer.status == 502
    assert {name: rig.requests(name) - before[name] for name in TWO} == {"n1": 1, "n2": 1}


@case("When every backend fails a pinned client's request, each was tried once", NEXT)
async def each_bad_backend_once_cookie(rig: Rig) -> None:
    await _each_tried_once(rig, "cookie")


@case("When every backend fails a request pinned by its address, each was tried once", NEXT)
async def each_bad_backend_once_source(rig: Rig) -> None:
    await _each_tried_once(rig, "source")


@case("A pinned client whose backend dies under its request is answered by another", NEXT, STICKY)
async def failing_pin_moves(rig: Rig) -> None:
    await rig.start(Setup(checks=False))
    first = await rig.ask()
    moved = await rig.ask(f"/die?at={first.backend}", first.pair)
    assert moved.status == 200
    assert moved.backend not in {"", first.backend}
    again = await rig.ask("/", moved.pair)
    assert (again.backend, again.set_cookies) == (moved.backend, [])


@case("A pinned client's POST that died on the way is not sent twice", NEXT)
async def a_post_is_not_repeated(rig: Rig) -> None:
    await rig.start(Setup(checks=False))
    first = await rig.ask()
    before = sum(map(rig.requests, rig.setup.backends))
    answer = await rig.ask(
        f"/die?at={first.backend}", first.pair, "Content-Length: 0", method="POST"
    )
    assert answer.status == 502
    assert sum(map(rig.requests, rig.setup.backends)) == before + 1


# --- learn -------------------------------------------------------------------------------------


async def _logged_in(rig: Rig, value: str) -> Answer:
    return await rig.ask(f"/?set={value}")


@case("A session that no backend has set is balanced, and pins nobody", LEARN)
async def unknown_sessions_are_balanced(rig: Rig) -> None:
    await rig.start(Setup(TWO, affinity="learn:sid"))
    assert await rig.shares(4, cookie="sid=absent") == {"n1": 2, "n2": 2}
    assert await rig.shares(4) == {"n1": 2, "n2": 2}


@case("A session stays with the backend that set it", LEARN)
async def sessions_stay(rig: Rig) -> None:
    await rig.start(Setup(TWO, affinity="learn:sid"))
    homes = {value: (await _logged_in(rig, value)).backend for value in ("v1", "v2")}
    assert set(homes.values()) == {"n1", "n2"}
    for value, home in homes.items():
        assert await rig.shares(4, cookie=f"a=b; sid={value}; c=d") == {home: 4}


@case("A session set with an answer still under way counts already", HEADER)
async def learned_from_the_head(rig: Rig) -> None:
    await rig.start(Setup(TWO, affinity="learn:sid"))
    async with connect(str(rig.public)) as client:
        await client.send(b"GET /stall?set=early HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await client.reader.readuntil(b"\r\n\r\n")
        home = head.lower().partition(b"x-node: ")[2][:2].decode()
        assert await rig.shares(4, cookie="sid=early") == {home: 4}
        rig.go_on.set()


@case(
    "A session moves when its backend fails, and stays where it went",
    LEARN,
    differs={
        "haproxy": "`stick store-response` writes its table when a cookie is set, and only then"
    },
)
async def learned_again_after_a_failure(rig: Rig) -> None:
    await rig.start(Setup(affinity="learn:sid", checks=False))
    home = (await _logged_in(rig, "v1")).backend
    moved = await rig.ask(f"/die?at={home}", "sid=v1")
    assert moved.status == 200
    assert moved.backend != home
    assert await rig.shares(4, cookie="sid=v1") == {moved.backend: 4}


@case("A session is forgotten when it was idle for too long", LEARN)
async def sessions_expire(rig: Rig) -> None:
    await rig.start(Setup(TWO, affinity="learn:sid", table_idle=1))
    home = (await _logged_in(rig, "v1")).backend
    assert await rig.shares(2, cookie="sid=v1") == {home: 2}
    await asyncio.sleep(1.3)
    assert await rig.shares(4, cookie="sid=v1") == {"n1": 2, "n2": 2}


@case("Requests prolong a session", LEARN)
async def requests_prolong_sessions(rig: Rig) -> None:
    await rig.start(Setup(TWO, affinity="learn:sid", table_idle=2))
    home = (await _logged_in(rig, "v1")).backend
    for _ in range(12):
        await asyncio.sleep(0.25)
        assert (await rig.ask("/", "sid=v1")).backend == home


@case("Learned sessions hold over a reload with drained and with new backends", LEARN, DRAIN)
async def sessions_over_a_reload(rig: Rig) -> None:
    await rig.start(Setup(TWO, affinity="learn:sid"))
    home = (await _logged_in(rig, "v1")).backend
    await rig.balancer.drain(home)
    await rig.revive("n3")
    await rig.balancer.reload(replace(rig.setup, backends={**TWO, "n3": 1}))
    assert await rig.shares(4, cookie="sid=v1") == {home: 4}
    assert home not in await rig.shares(6)


@case("A session whose id is changed stays where it is", LEARN)
async def a_new_id_stays(rig: Rig) -> None:
    await rig.start(Setup(TWO, affinity="learn:sid"))
    home = (await _logged_in(rig, "v1")).backend
    assert (await rig.ask("/?set=v2", "sid=v1")).backend == home
    assert await rig.shares(4, cookie="sid=v2") == {home: 4}


@case("Values of session ids differ by case", LEARN)
async def ids_differ_by_case(rig: Rig) -> None:
    await rig.start(Setup(TWO, affinity="learn:sid"))
    await _logged_in(rig, "value")
    assert await rig.shares(4, cookie="sid=VALUE") == {"n1": 2, "n2": 2}


@case(
    "A client that names a backend in its cookie is not obeyed",
    ROUTE,
    "traefik/traefik wrr_test.go TestSticky_Fallback",
    differs={
        "haproxy": "the cookie's value is the server's name (`dynamic-cookie-key` would hide it)"
    },
)
async def clients_do_not_choose(rig: Rig) -> None:
    await rig.start()
    for cookie in ("PIN=n2", "PIN=x.n2", "PIN=app/n2"):
        answers = [await rig.ask("/", cookie) for _ in range(3)]
        assert {answer.backend for answer in answers} == set(rig.setup.backends)


@case("Of several cookies of the name the good one counts, whatever comes before it", ROUTE)
async def the_good_one_counts(rig: Rig) -> None:
    await rig.start()
    first = await rig.ask()
    for _ in range(3):
        again = await rig.ask("/", f"PIN=old; {first.pair}")
        assert again.backend == first.backend


# --- limits ------------------------------------------------------------------------------------


async def _busy(rig: Rig, number: int, cookie: str, stack: AsyncExitStack) -> Counter[str]:
    """So many requests that stay under way; who has got them."""
    before = {name: rig.requests(name) for name in rig.setup.backends}
    for done in range(1, number + 1):
        client = await stack.enter_async_context(connect(str(rig.public)))
        cookies = f"Cookie: {cookie}\r\n" if cookie else ""
        await client.send(f"GET /stall HTTP/1.1\r\nHost: a\r\n{cookies}\r\n".encode())
        async with asyncio.timeout(10):
            while sum(map(rig.requests, before)) < sum(before.values()) + done:
                await asyncio.sleep(0.002)
    return Counter({name: rig.requests(name) - b for name, b in before.items()})


@case("As many of a client's requests as like run at its backend at once", MAX_CONNS)
async def no_limit(rig: Rig) -> None:
    await rig.start(Setup(TWO))
    first = await rig.ask()
    async with AsyncExitStack() as stack:
        busy = await _busy(rig, 4, first.pair, stack)
        rig.go_on.set()
    assert +busy == {first.backend: 4}


@case("A full backend's share of new clients goes to the others", MAX_CONNS)
async def a_full_backend_overflows(rig: Rig) -> None:
    await rig.start(Setup(TWO, affinity="none", most_active=2))
    async with AsyncExitStack() as stack:
        busy = await _busy(rig, 4, "", stack)
        rig.go_on.set()
    assert busy == {"n1": 2, "n2": 2}


@case("A pinned client waits for its full backend", MAX_CONNS)
async def pinned_clients_wait(rig: Rig) -> None:
    await rig.start(Setup(TWO, most_active=2))
    first = await rig.ask()
    async with AsyncExitStack() as stack:
        await _busy(rig, 2, first.pair, stack)
        waiting = asyncio.create_task(rig.ask("/", first.pair))
        assert (await rig.ask()).backend != first.backend, "others are served meanwhile"
        assert not waiting.done()
        rig.go_on.set()
        assert (await waiting).backend == first.backend


@case("With its backend and the queue before it full, a pinned client goes to another", MAX_CONNS)
async def pinned_clients_overflow(rig: Rig) -> None:
    await rig.start(Setup(TWO, most_active=2, most_waiting=1))
    first = await rig.ask()
    async with AsyncExitStack() as stack:
        await _busy(rig, 2, first.pair, stack)
        more = [asyncio.create_task(rig.ask("/", first.pair)) for _ in range(2)]
        (overflown,), (waiting,) = await asyncio.wait(more, return_when=asyncio.FIRST_COMPLETED)
        assert (await overflown).backend not in {"", first.backend}
        rig.go_on.set()
        assert (await waiting).backend == first.backend
    assert (await rig.ask("/", first.pair)).backend == first.backend
