"""What the tests of the node share."""

from collections.abc import Iterator

import pytest

from tests.nodes.valkey import Valkey


@pytest.fixture(scope="package")
def valkey_server() -> Iterator[Valkey]:
    server = Valkey()
    server.start()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture
def valkey(valkey_server: Valkey) -> Valkey:
    """A Valkey that holds nothing; to be left running."""
    client = valkey_server.client()
    client.flushall()
    client.close()
    return valkey_server


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    """A Valkey of the test's own, to be stopped and frozen as it likes."""
    server = Valkey()
    server.start()
    try:
        yield server
    finally:
        server.remove()


class FakeClock:
    """A clock that moves when it is told to."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
