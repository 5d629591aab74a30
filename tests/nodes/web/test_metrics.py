from prometheus_client.parser import text_string_to_metric_families

from tests.nodes.running import Running, cookie, running

Sample = tuple[str, tuple[tuple[str, str], ...]]


async def samples(node: Running) -> dict[Sample, float]:
    text = (await node.client.get("/metrics")).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(found: dict[Sample, float], name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


async def test_requests_logins_and_recognitions_are_counted() -> None:
    async with running() as node:
        login = await node.client.login()
        await node.client.login(password="wrong")
        for _ in range(3):
            await node.client.get("/me", cookie(login.cookie))
        await node.client.get("/me")
        await node.client.post("/logout", headers=cookie(login.cookie))
        await node.client.post("/logout")
        await node.client.login()
        found = await samples(node)
    requests = "sessionlab_requests_total"
    assert of(found, requests, route="/me", method="GET", status="200") == 3
    assert of(found, requests, route="/me", method="GET", status="401") == 1
    assert of(found, "sessionlab_logins_total", result="ok") == 2
    assert of(found, "sessionlab_logins_total", result="password-wrong") == 1
    assert of(found, "sessionlab_authentications_total", result="ok") == 3
    assert of(found, "sessionlab_authentications_total", result="no-credential") == 1
    assert of(found, "sessionlab_logouts_total", result="ended") == 1
    assert of(found, "sessionlab_logouts_total", result="nothing") == 1
    assert of(found, "sessionlab_request_seconds_count", route="/me") == 4
    assert of(found, "sessionlab_sessions") == 1
    labels = {"node": "n1", "service": "app", "version": "1", "strategy": "memory"}
    assert of(found, "sessionlab_node_info", **labels) == 1


async def test_no_client_can_make_more_series() -> None:
    async with running() as node:
        for number in range(20):
            await node.client.get(f"/made/up/{number}")
            await node.client.send(f"VERB{number}", "/me")
            await node.client.send("PROPFIND", "/me")
        found = await samples(node)
    routes = {dict(labels).get("route") for name, labels in found if name.endswith("_total")}
    methods = {dict(labels).get("method") for name, labels in found if name.endswith("_total")}
    assert routes - {None} == {"none", "unparsed"}
    assert methods <= {None, "GET", "other"}
