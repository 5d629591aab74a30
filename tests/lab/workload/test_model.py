"""A workload that cannot be meant is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sessionlab.lab.errors import UsageError
from sessionlab.lab.workload.model import Mix, Stage, Workload


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"users": 0}, "a workload of 0 users shows nothing"),
        ({"users": -1}, "a workload of -1 users"),
        ({"users": 1_000_000}, "more than this machine's ports"),
        ({"seconds": 0}, "a workload of 0 s shows nothing"),
        ({"seconds": float("inf")}, "a workload of inf s"),
        ({"think": -1}, "think and arrive are seconds"),
        ({"processes": 0}, "processes = 0: 1 to 64"),
        ({"rate": 0}, "a rate of 0 asks for nothing"),
        ({"rate": -5}, "a rate is operations a second"),
        ({"rate": []}, "a rate is operations a second"),
        ({"rate": [{"at": 5, "rate": 1}, {"at": 5, "rate": 2}]}, "must follow each other"),
        ({"rate": [{"at": 20, "rate": 1}]}, "a rate of 0 asks for nothing"),
        ({"life": {"browse": 0, "write": 0}}, "neither browse nor write"),
        ({"life": {"write": -1}}, "below 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        msgspec.convert(said, Workload)


def test_a_key_that_there_is_not_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `user`"):
        msgspec.convert({"user": 1}, Workload)


def test_a_rate_is_a_number_or_stages_from_the_beginning_on() -> None:
    assert Workload().stages == ()
    assert Workload(rate=50).stages == (Stage(0, 50),)
    assert Workload(rate=[Stage(2, 50, ramp=True)]).stages == (Stage(0, 0), Stage(2, 50, ramp=True))


def test_a_mix_has_weights_of_its_own() -> None:
    assert msgspec.convert({"life": {"write": 5}}, Workload).life == Mix(write=5)
