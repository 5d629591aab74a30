from collections.abc import AsyncIterator

import pytest

from sessionlab.nodes.users.directory import Directory, seeded
from sessionlab.nodes.users.passwords import LEVELS, Hasher


class CountingHasher(Hasher):
    """A real one that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(LEVELS["low"])
        self.asked: list[str] = []

    async def hash(self, password: str) -> str:
        self.asked.append("hash")
        return await super().hash(password)

    async def verify(self, encoded: str, password: str) -> bool:
        self.asked.append("verify")
        return await super().verify(encoded, password)


@pytest.fixture
async def hasher() -> AsyncIterator[CountingHasher]:
    made = CountingHasher()
    yield made
    made.close()


def test_seeded_users_have_six_digits_or_as_many_as_they_need() -> None:
    assert seeded(1) == "user-000001"
    assert seeded(1_000_000) == "user-1000000"


async def test_the_directory_knows_the_seeded_and_the_named_and_nobody_else(
    hasher: CountingHasher,
) -> None:
    directory = Directory(1_000_000, "pw", hasher)
    for name in ("alice", "bob", "carol", "user-000001", "user-999999", "user-1000000"):
        assert directory.knows(name), name
    for name in (
        "", "Alice", "dave", "user-000000", "user-1000001", "user-1", "user-0000001",
        "user-٠٠٠٠٠١", "user-000001 ", "user-000001\n", "user-" + "9" * 5000,
    ):  # fmt: skip
        assert not directory.knows(name), name


async def test_a_million_users_cost_nothing_before_the_first_login(
    hasher: CountingHasher,
) -> None:
    Directory(1_000_000, "pw", hasher)
    assert hasher.asked == []


async def test_who_may_log_in(hasher: CountingHasher) -> None:
    directory = Directory(3, "pw", hasher)
    assert await directory.check("user-000003", "pw")
    assert not await directory.check("user-000003", "wrong")
    assert not await directory.check("user-000004", "pw")
    assert not await directory.check("", "")


async def test_a_login_does_the_same_work_whoever_it_is(hasher: CountingHasher) -> None:
    directory = Directory(3, "pw", hasher)
    await directory.check("alice", "pw")
    for name, password in (("alice", "pw"), ("alice", "wrong"), ("nobody", "pw"), ("nobody", "x")):
        hasher.asked.clear()
        await directory.check(name, password)
        assert hasher.asked == ["verify"], name


async def test_the_very_first_login_does_too(hasher: CountingHasher) -> None:
    for name in ("alice", "nobody"):
        hasher.asked.clear()
        await Directory(3, "pw", hasher).check(name, "pw")
        assert hasher.asked == ["hash", "verify"]
