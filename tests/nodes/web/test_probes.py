from pathlib import Path

from sessionlab.nodes.tokens.keys import KeySource
from tests.nodes.material import jwk_set, oct_key, okp_key
from tests.nodes.running import running


async def test_readyz_tells_what_the_node_is() -> None:
    async with running(id="n7", service="orders", app_version="2.1") as node:
        answer = await node.client.get("/readyz")
        assert (answer.status, answer.json) == (
            200,
            {
                "ready": True,
                "node": "n7",
                "service": "orders",
                "version": "2.1",
                "strategy": "memory",
                "keys": [],
            },
        )


async def test_readyz_is_503_while_the_node_asks_to_be_drained_and_connections_stay() -> None:
    async with running() as node:
        node.node.readiness.ready = False
        answer = await node.client.get("/readyz")
        assert (answer.status, answer.json["ready"]) == (503, False)
        assert "Connection" not in answer.headers
        node.node.readiness.ready = True
        assert (await node.client.get("/readyz")).status == 200


async def test_once_the_node_leaves_connections_end_with_each_answer() -> None:
    async with running() as node:
        before = await node.client.get("/readyz")
        assert "Connection" not in before.headers
        node.node.readiness.ready = False
        node.node.readiness.leaving = True
        answer = await node.client.get("/readyz")
        assert (answer.status, answer.json["ready"]) == (503, False)
        assert answer.headers["Connection"] == "close"
        assert (await node.client.get("/healthz")).status == 200


async def test_the_keys_are_named_in_order_and_published_when_they_are_asymmetric(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(jwk_set(okp_key("new"), okp_key("old")))
    async with running(strategy="jwt", jwt_algorithm="EdDSA", jwt_keys=path) as node:
        assert (await node.client.get("/readyz")).json["keys"] == ["new", "old"]
        answer = await node.client.get("/.well-known/jwks.json")
        assert answer.headers["Content-Type"].startswith("application/jwk-set+json")
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        assert [key["kid"] for key in answer.json["keys"]] == ["new", "old"]
        assert all("d" not in key for key in answer.json["keys"])


async def test_secret_keys_are_never_published(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(jwk_set(oct_key("k1")))
    async with running(strategy="jwt", jwt_keys=path) as node:
        assert isinstance(node.node.keys, KeySource)
        assert (await node.client.get("/.well-known/jwks.json")).json == {"keys": []}
    async with running() as node:
        assert (await node.client.get("/.well-known/jwks.json")).json == {"keys": []}


async def test_healthz_is_alive() -> None:
    async with running() as node:
        assert (await node.client.get("/healthz")).json == {"alive": True, "node": "n1"}
