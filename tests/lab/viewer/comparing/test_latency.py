"""What a bootstrap over users says of percentiles."""

from __future__ import annotations

from statistics import stdev

import numpy as np
import pytest

from sessionlab.lab.viewer.comparing.latency import Latencies
from tests.lab.checks.histories import step
from tests.lab.viewer.comparing.runs import case, run


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_error_is_no_less_than_that_of_runs_that_were_really_made_anew() -> None:
    """Up to 1.4 times that where users and moments share nothing: chance is counted twice then."""
    shares = (0.5, 0.9)
    made = [Latencies(run(seed)) for seed in range(40)]
    errors = np.array([one.errors(0, shares)[0] for one in made])
    for place, share in enumerate(shares):
        real = stdev(_log_percentile(run(seed), share) for seed in range(40))
        assert 0.8 < errors[:, place].mean() / real < 1.8


def _log_percentile(one: object, share: float) -> float:
    took = one.stored.shards()[0].rows["took"]  # type: ignore[attr-defined]
    return float(np.log(np.quantile(took, share)))


def test_of_nothing_there_is_nothing_to_say() -> None:
    errors, groups = Latencies(case([])).errors(0, (0.5,))

    assert np.isnan(errors).all()
    assert groups == 0


def test_a_moment_in_which_all_was_slow_counts_as_one() -> None:
    """Users are many, but what they met was one stall: who was slow is no chance of theirs."""
    smooth = [step(f"u{n}", "me", at, took=0.01) for n in range(60) for at in range(8)]
    stall = [step(f"u{n}", "me", 8.0, took=2.0) for n in range(60)]

    errors, groups = Latencies(case([*smooth, *stall])).errors(0, (0.9,))

    assert groups == 9
    assert errors[0] > 1, "e times and more"
