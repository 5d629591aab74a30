"""The benchmark's rows of first visits measure newcomers who are tied to a backend from then on."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from benchmarks.balancer import contenders
from benchmarks.balancer.cases import FIRST, Case
from benchmarks.balancer.load import ask, check
from benchmarks.balancer.rounds import started
from tests.installed import needs

if TYPE_CHECKING:
    from pathlib import Path


@needs("haproxy")
@pytest.mark.parametrize("case", FIRST, ids=str)
def test_a_newcomer_s_cookie_ties_it_behind_each(case: Case, tmp_path: Path) -> None:
    with ExitStack() as stack:
        field = [c for c in contenders.found() if c.has_cookies]
        targets = started(stack, case, field, tmp_path)
        assert targets.keys() == {"ours", "haproxy"}
        for target in targets.values():
            while not ask(target.port, "/100").startswith("HTTP/1.1 200"):
                time.sleep(0.01)  # until its first check
            check(case, target)
