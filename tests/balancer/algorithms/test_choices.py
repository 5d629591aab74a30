"""What every algorithm promises, and what each promises besides."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.balancer.algorithms import ALGORITHMS, make
from sessionlab.balancer.algorithms.interface import Foreseeable
from sessionlab.balancer.errors import UsageError

if TYPE_CHECKING:
    from sessionlab.balancer.algorithms.interface import Algorithm


@dataclass(eq=False)
class Fake:
    """A candidate."""

    name: str
    weight: int = 1
    active: int = 0


def algorithm(name: str, seed: int = 1) -> Algorithm:
    return make(name, Random(seed))[0]


def shares(name: str, candidates: list[Fake], number: int) -> dict[str, float]:
    """The share of `number` different clients that each candidate gets."""
    chooser = algorithm(name)
    counts = Counter(chooser.choose(candidates, b"%d" % i).name for i in range(number))
    return {c.name: counts[c.name] / number for c in candidates}


clusters = st.lists(
    st.tuples(st.integers(1, 1000), st.integers(0, 50)), min_size=1, max_size=12
).map(lambda rows: [Fake(f"n{i}", w, a) for i, (w, a) in enumerate(rows)])


@pytest.mark.parametrize("name", ALGORITHMS)
@given(candidates=clusters, keys=st.lists(st.binary(max_size=8), min_size=1, max_size=20))
def test_it_chooses_a_candidate_whatever_the_cluster(
    name: str, candidates: list[Fake], keys: list[bytes]
) -> None:
    chooser = algorithm(name)
    for key in keys:
        assert chooser.choose(candidates, key) in candidates
    smaller = candidates[1:] or candidates
    assert chooser.choose(smaller, keys[0]) in smaller


@pytest.mark.parametrize("name", ALGORITHMS)
def test_equals_get_equal_shares(name: str) -> None:
    for share in shares(name, [Fake(f"n{i}") for i in range(4)], 8000).values():
        assert share == pytest.approx(0.25, abs=0.025)


@pytest.mark.parametrize("name", ["round-robin", "random", "hash", "consistent-hash"])
def test_weights_are_shares(name: str) -> None:
    found = shares(name, [Fake("a", 5), Fake("b", 3), Fake("c", 2)], 10_000)
    assert found == pytest.approx({"a": 0.5, "b": 0.3, "c": 0.2}, abs=0.025)


@pytest.mark.parametrize("name", ["least-connections", "two-choices"])
def test_load_follows_weights(name: str) -> None:
    """With requests that never end, what is under way is what was chosen."""
    candidates = [Fake("a", 4), Fake("b", 2), Fake("c", 2)]
    chooser = algorithm(name)
    for _ in range(800):
        chooser.choose(candidates, b"").active += 1
    assert [c.active for c in candidates] == pytest.approx([400, 200, 200], rel=0.1)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8))
def test_smooth_round_robin_is_exact_over_a_period(weights: list[int]) -> None:
    candidates = [Fake(f"n{i}", w) for i, w in enumerate(weights)]
    chooser = algorithm("round-robin")
    period = sum(weights)
    counts = Counter(chooser.choose(candidates, b"").name for _ in range(period))
    assert [counts[c.name] for c in candidates] in (
        weights,
        [period // len(weights)] * len(weights),  # equal weights rotate
    )


def test_smooth_round_robin_spreads_the_heavy_one() -> None:
    candidates = [Fake("a", 5), Fake("b"), Fake("c")]
    chooser = algorithm("round-robin")
    order = "".join(chooser.choose(candidates, b"").name for _ in range(7))
    assert order == "aabacaa"


@given(clusters)
def test_least_connections_never_chooses_a_busier_one(candidates: list[Fake]) -> None:
    chosen = algorithm("least-connections").choose(candidates, b"")
    least = min((c.active + 1) / c.weight for c in candidates)
    assert (chosen.active + 1) / chosen.weight == least


@given(clusters.filter(lambda c: len(c) > 1), st.integers())
def test_two_choices_never_takes_the_worst(candidates: list[Fake], seed: int) -> None:
    loads = sorted(((c.active + 1) / c.weight) for c in candidates)
    if loads[-1] > loads[-2]:
        chosen = algorithm("two-choices", seed).choose(candidates, b"")
        assert (chosen.active + 1) / chosen.weight < loads[-1]


@pytest.mark.parametrize("name", ["hash", "consistent-hash"])
def test_a_key_always_leads_to_the_same_place(name: str) -> None:
    candidates = [Fake(f"n{i}") for i in range(7)]
    for i in range(50):
        key = b"client-%d" % i
        homes = {algorithm(name, seed).choose(candidates, key).name for seed in range(3)}
        assert len(homes) == 1, "in every worker, whatever its seed"


@given(st.integers(1, 12), st.integers(1, 5), st.data())
def test_a_consistent_hash_moves_only_to_the_new_backend(
    number: int, weight: int, data: st.DataObject
) -> None:
    keys = data.draw(st.lists(st.binary(min_size=1, max_size=6), max_size=40))
    before = [Fake(f"n{i}") for i in range(number)]
    after = [*before, Fake("new", weight)]
    chooser = algorithm("consistent-hash")
    for key in keys:
        old, new = chooser.choose(before, key), chooser.choose(after, key)
        assert new is old or new.name == "new"


def test_what_adding_one_of_four_moves() -> None:
    """1/(n+1) by the consistent hash, n/(n+1) by the modulo."""
    before = [Fake(f"n{i}") for i in range(3)]
    after = [*before, Fake("new")]
    moved = {}
    for name in ("hash", "consistent-hash"):
        chooser = algorithm(name)
        keys = [b"client-%d" % i for i in range(4000)]
        moved[name] = sum(chooser.choose(before, k) is not chooser.choose(after, k) for k in keys)
    assert moved["consistent-hash"] / 4000 == pytest.approx(1 / 4, abs=0.03)
    assert moved["hash"] / 4000 == pytest.approx(3 / 4, abs=0.03)


@given(st.integers(2, 10), st.integers(1, 300))
def test_one_hot_key_can_not_overload_its_home(number: int, requests: int) -> None:
    candidates = [Fake(f"n{i}") for i in range(number)]
    chooser = algorithm("consistent-hash")
    for _ in range(requests):
        chooser.choose(candidates, b"hot").active += 1
    assert max(c.active for c in candidates) <= 1.25 * requests / number + 1


@given(clusters, st.binary(min_size=1, max_size=6))
def test_a_consistent_hash_keeps_everybody_within_a_quarter_of_the_fair_share(
    candidates: list[Fake], key: bytes
) -> None:
    active, weight = sum(c.active for c in candidates) + 1, sum(c.weight for c in candidates)
    chosen = algorithm("consistent-hash").choose(candidates, key)
    assert chosen.active < ceil(1.25 * active * chosen.weight / weight)


@given(st.integers(2, 12), st.data())
def test_when_a_backend_goes_only_its_own_keys_move(number: int, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(1, 9), min_size=number, max_size=number))
    keys = data.draw(st.lists(st.binary(min_size=1, max_size=6), max_size=40))
    before = [Fake(f"n{i}", weight) for i, weight in enumerate(weights)]
    gone = before[data.draw(st.integers(0, number - 1))]
    after = [c for c in before if c is not gone]
    chooser = algorithm("consistent-hash")
    for key in keys:
        old, new = chooser.choose(before, key), chooser.choose(after, key)
        assert new is old or old is gone


def test_an_unknown_name_or_key_is_refused() -> None:
    for spec in ("best", "hash:colour", "hash:header:", "consistent-hash:source:x"):
        with pytest.raises(UsageError):
            make(spec, Random(1))


@pytest.mark.parametrize("name", ["round-robin", "least-connections"])
@given(candidates=clusters, turns=st.integers(0, 20))
def test_a_twin_chooses_the_same_and_takes_nobody_s_turn(
    name: str, candidates: list[Fake], turns: int
) -> None:
    chooser = algorithm(name)
    for _ in range(turns):
        chooser.choose(candidates, b"")
    assert isinstance(chooser, Foreseeable)
    foreseen = [chooser.twin().choose(candidates, b"") for _ in range(2)]
    assert foreseen == [chooser.choose(candidates, b"")] * 2


def test_what_is_drawn_or_depends_on_the_client_has_no_twin() -> None:
    foreseeable = {name for name in ALGORITHMS if isinstance(algorithm(name), Foreseeable)}
    assert foreseeable == {"round-robin", "least-connections"}
