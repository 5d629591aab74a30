"""Each case against each balancer, and the page that says what came of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
import uvloop

from tests.balancer.cases.catalogue import CASES
from tests.balancer.cases.page import PAGE, page
from tests.balancer.cases.run import BALANCERS, Outcome, play
from tests.installed import needs

if TYPE_CHECKING:
    from tests.balancer.cases.case import Case

Outcomes = dict[tuple[str, str], Outcome]
PAIRS = [
    pytest.param(
        case, name, id=f"{case.name}-{name}", marks=[needs(name)] if name != "ours" else []
    )
    for case in CASES
    for name in BALANCERS
]
# Cases spend most of their time waiting, so they are played side by side, before the first test.
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Outcomes:
    """What came of the cases that this session has selected."""
    chosen: dict[tuple[str, str], Case] = {}
    for item in request.session.items:
        if item.path != request.path or not isinstance(item, pytest.Function):
            continue
        if hasattr(item, "callspec"):
            case = cast("Case", item.callspec.params["case"])
            chosen[case.name, str(item.callspec.params["name"])] = case
        else:
            names = BALANCERS if item.get_closest_marker("balancers") else ["ours"]
            chosen |= {(case.name, name): case for case in CASES for name in names}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(play((case, name) for (_, name), case in chosen.items()))


@pytest.mark.parametrize(("case", "name"), PAIRS)
def test_a_balancer_does_as_the_case_expects(case: Case, name: str, outcomes: Outcomes) -> None:
    outcome = outcomes[case.name, name]
    if outcome.lacks:
        pytest.skip(outcome.lacks)
    if name in case.differs:
        assert outcome.failure is not None, f"{name} does it after all: {case.differs[name]}"
    elif outcome.failure is not None:
        raise outcome.failure


def test_every_case_is_after_a_test_of_somebody_and_ours_lacks_nothing(outcomes: Outcomes) -> None:
    for case in CASES:
        assert case.after, case.title
        assert not outcomes[case.name, "ours"].lacks
        assert "ours" not in case.differs


@needs("haproxy")
@needs("nginx")
def test_the_page_says_what_a_run_observes(outcomes: Outcomes) -> None:
    assert page(outcomes) == PAGE.read_text(encoding="utf-8")
