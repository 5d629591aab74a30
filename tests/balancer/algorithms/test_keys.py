"""What the consistent hash hashes, end to end; and algorithms of a user's own."""

from __future__ import annotations

import re
import sys
from random import Random
from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer import algorithms
from sessionlab.balancer.__main__ import main
from sessionlab.balancer.errors import UsageError
from tests.balancer.processes.test_process import started
from tests.balancer.processes.test_workers import _up
from tests.balancer.rawhttp import connect

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab


async def homes(balancer: Running, number: int, path: str, *lines: str) -> list[bytes | None]:
    """Where each of many clients goes, twice; `{}` stands for its number."""
    found: list[bytes | None] = []
    for client in range(number):
        ones: set[bytes | None] = set()
        for _ in range(2):
            async with connect(balancer.listen) as connection:
                answer = await connection.get(
                    path.format(client), *(line.format(client) for line in lines)
                )
            ones.add(answer.value("x-node"))
        assert len(ones) == 1, "the same key leads to the same backend"
        found += ones
    return found


@pytest.mark.parametrize(
    ("key", "path", "line"),
    [
        ("header:X-User", "/", "X-User: u{}"),
        ("cookie:sid", "/", "Cookie: a=b; sid=s{}"),
        ("path", "/item/{}?ignored", "X-User: u"),
        ("header:Host", "/", "X-User: u"),
        ("source", "/", "X-User: u{}"),
    ],
)
@pytest.mark.parametrize("name", ["hash", "consistent-hash"])
async def test_equal_keys_go_to_the_same_backend(
    lab: Lab, name: str, key: str, path: str, line: str
) -> None:
    balancer = await lab.balancer(*await lab.backends(3), algorithm=f"{name}:{key}")
    found = await homes(balancer, 24, path, line)
    assert len(set(found)) == (1 if key in {"source", "header:Host"} else 3)


MINE = """
class Last:
    def __init__(self, random):
        pass

    def choose(self, candidates, key):
        return candidates[-1]
"""


def _install(directory: Path, entry: str, module: str = MINE, name: str = "users-own") -> None:
    """A package with an entry point, as an installer leaves it."""
    (directory / "users_own.py").write_text(module)
    info = directory / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[sessionlab.algorithms]\n{entry}\n")


async def test_a_package_can_offer_an_algorithm(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, "always-last = users_own:Last")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    options = [f"--backend={backend.spec}" for backend in await lab.backends(3)]
    async with started(*options, "--algorithm", "always-last") as balancer:
        await _up(balancer, 3)
        async with connect(balancer.address) as client:
            assert {(await client.get()).value("x-node") for _ in range(4)} == {b"n3"}


def test_one_that_can_not_be_loaded_is_told_and_all_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _install(tmp_path, "always-last = users_own:Nothing")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["--admin", "none", "--algorithm", "always-last"]) == 2
    said = capfd.readouterr().err
    assert "algorithm 'always-last', users_own:Nothing: " in said
    assert "Traceback" not in said
    assert main(["--admin", "none", "--algorithm", "best"]) == 2
    assert "consistent-hash[:KEY], always-last" in capfd.readouterr().err


def test_a_name_that_two_packages_offer_is_told_with_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _install(tmp_path, "always-last = users_own:Last")
    _install(tmp_path, "always-last = users_own:Last", name="another")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["--admin", "none", "--algorithm", "always-last"]) == 2
    said = capfd.readouterr().err
    assert "users-own 1.0" in said
    assert "another 1.0" in said
    assert "both offer algorithm 'always-last'" in said


@pytest.mark.parametrize(
    ("module", "what"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def Last(:", "SyntaxError: "),
        ("raise RuntimeError('not today')", "RuntimeError: not today"),
        ("Last = 7", "TypeError: 'int' object is not callable"),
        ("def Last(): ...", "TypeError: Last() takes 0 positional arguments"),
        ("def Last(random): return 7", "what it makes has no choose(candidates, key)"),
        (
            "class Last:\n def __init__(self, random): ...\n def choose(self): ...",
            "what it makes has no choose(candidates, key)",
        ),
    ],
)
def test_one_of_the_wrong_shape_is_told_with_its_package_and_the_rest_works(
    module: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, "always-last = users_own:Last", module)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "users_own", raising=False)
    with pytest.raises(UsageError, match=re.escape(what)) as caught:
        algorithms.make("always-last", Random())
    assert "algorithm 'always-last', users_own:Last: " in str(caught.value)
    assert str(caught.value).endswith("; it comes with users-own 1.0")
    assert algorithms.make("random", Random())
