"""A good history passes every check, and what breaks a promise in it is seen."""

from __future__ import annotations

import pytest

from sessionlab.lab.checks.interface import Verdict
from tests.lab.checks.mutants import KINDS, findings_of, score

SEEDS = (1, 2)
MEASURES = {"balance", "availability", "latency"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_good_history_passes(seed: int) -> None:
    verdicts = {name: finding.verdict for name, finding in findings_of(seed).items()}
    assert {verdicts[name] for name in verdicts.keys() - MEASURES} == {Verdict.HOLDS}
    assert {verdicts[name] for name in MEASURES} == {Verdict.SHOWN}


@pytest.mark.parametrize("name", KINDS)
def test_mutants_are_caught(name: str) -> None:
    kind = KINDS[name]
    found = score(kind, SEEDS, 2)
    assert found.mutants
    assert found.share >= kind.floor
    if not kind.floor:
        assert kind.why, "who survives is to be explained"
