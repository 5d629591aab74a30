"""Every letter and every reason that the balancer knows has its words."""

from __future__ import annotations

from itertools import product

import pytest

from sessionlab.balancer.backends import pin
from sessionlab.lab.verdicts.pins import in_words

FOUND = (pin.NONE, pin.INVALID, pin.DOWN, pin.VALID, pin.EXPIRED, pin.OLD, pin.UNUSED)
DONE = (pin.NOTHING, pin.INSERTED, pin.UPDATED, pin.DELETED)
REASONS = (
    *(pin.BACKEND_DOWN, pin.PAST_LIMIT, pin.REMOVED, pin.IDLE_OR_OLD, pin.EVICTED),
    *(pin.SATURATED, pin.TABLE_LOST, pin.FOREIGN),
)


@pytest.mark.parametrize(
    ("verdict", "reason", "said"),
    [
        ("NI", "", "the balancer had no pin, and made a new one (NI)"),
        ("NN", "", "the balancer had no pin (NN)"),
        ("VI", "", "the balancer found the pin good, and made a new one (VI)"),
        ("DN", "backend-down", "the pin's node was out of service (DN, backend-down)"),
        ("OI", "", "the pin was too old, and the balancer made a new one (OI)"),
        ("XX", "so", "the balancer said of the pin, so (XX, so)"),
    ],
)  # fmt: skip
def test_what_the_balancer_said_is_a_sentence_with_its_letters(
    verdict: str, reason: str, said: str
) -> None:
    assert in_words(verdict, reason) == said


def test_no_letter_and_no_reason_is_without_words() -> None:
    for found, done in product(FOUND, DONE):
        said = in_words(found + done).removesuffix(f" ({found}{done})")
        assert "said of the pin" not in said
        assert found + done not in said
    bare = in_words("II").partition(" (")[0]
    for reason in REASONS:
        said = in_words("II", reason).partition(" (")[0]
        assert reason not in said.split(), reason
        assert said != bare or reason in (pin.BACKEND_DOWN, pin.IDLE_OR_OLD), reason
