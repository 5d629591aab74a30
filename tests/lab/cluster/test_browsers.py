"""A browser at the balancer sees in the page itself whether it is led back to its node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aiohttp
import pytest
from yarl import URL

from sessionlab.lab.description.cluster import Service

if TYPE_CHECKING:
    from tests.lab.conftest import Make

pytestmark = pytest.mark.asyncio(loop_scope="session")

HTML = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"}
TIMES = 4


def seen(page: str) -> tuple[str, str]:
    """The node that the page names, and who it says that one is."""
    node, who = re.findall(r"<h1>(.*?)</h1>|<h2>You are (.*?)</h2>", page)[:2]
    return node[0], who[1]


async def visits(url: str, password: str) -> set[tuple[str, str]]:
    """Log in by the form, follow where it leads, and ask again a few times."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers=HTML) as browser:
        form = {"do": "login", "username": "alice", "password": password}
        async with browser.post(url, data=form) as answer:
            pages = [await answer.text()]
            assert answer.status == 200
            assert answer.url.path == URL(url).path
        for _ in range(TIMES):
            async with browser.get(url) as answer:
                pages.append(await answer.text())
    return set(map(seen, pages))


async def test_with_affinity_one_node_answers_and_without_it_another_knows_nobody(
    make: Make,
) -> None:
    async with make(affinity="cookie") as cluster:
        ((_, who),) = await visits(cluster.url, cluster.password)
        assert who == "alice"
    async with make() as cluster:
        found = await visits(cluster.url, cluster.password)
        assert {node for node, _ in found} == {"n1", "n2"}
        assert {who for _, who in found} == {"alice", "nobody"}


async def test_each_of_several_services_has_its_own_page(make: Make) -> None:
    services = (Service("shop", 1), Service("blog", 1))
    async with make(services=services) as cluster:
        for path in ("/shop", "/shop/"):
            assert await visits(cluster.url + path, cluster.password) == {("shop-n1", "alice")}
