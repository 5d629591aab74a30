import subprocess
import sys
from pathlib import Path

import pytest

from sessionlab.nodes.errors import OptionError
from tests.nodes.material import jwk_set, oct_key
from tests.nodes.running import running


async def test_a_node_without_keys_makes_its_own_and_warns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running(strategy="jwt") as one, running(strategy="jwt") as other:
        assert one.node.keys.ring.kids != other.node.keys.ring.kids
    assert "other nodes will refuse these tokens" in caplog.records[0].getMessage()


async def test_a_short_secret_is_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(jwk_set(oct_key("k1", size=31)))
    with pytest.raises(OptionError, match="secret of 31 bytes; HS256 needs 32 or more"):
        async with running(strategy="jwt", jwt_keys=path):
            pass


async def test_a_store_that_is_not_there_does_not_keep_a_node_from_starting() -> None:
    async with running(strategy="redis", redis_url="redis://127.0.0.1:1/0") as node:
        assert (await node.client.get("/readyz")).status == 200
        assert (await node.client.login()).code == "store-unreachable"


def test_a_node_loads_no_client_of_redis_and_no_jwt_before_a_strategy_needs_them() -> None:
    loads = """
import sys
from sessionlab.nodes.__main__ import main
main(["--listen", "127.0.0.1:0", "--users", "none"])
print({"redis", "jwt", "typer", "pydantic"} & set(sys.modules))
"""
    assert subprocess.check_output([sys.executable, "-c", loads], text=True) == "set()\n"
