"""`sessionlab list` in a terminal of a person's, and what it says of each name."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from sessionlab.lab.cli.app import app


def listed(columns: int) -> list[str]:
    done = CliRunner().invoke(app, ["list"], env={"COLUMNS": str(columns)})
    assert done.exit_code == 0
    return done.output.splitlines()


@pytest.mark.parametrize("columns", [40, 80])
def test_it_fits_the_terminal(columns: int) -> None:
    assert max(map(len, listed(columns))) <= columns


def test_it_is_not_wider_than_80_columns_where_there_are_more() -> None:
    assert listed(200) == listed(80)


def test_it_says_which_command_takes_what() -> None:
    lines = listed(80)
    assert "scenarios (run NAME, run FILE.py)" in lines
    assert "balancers (run --balancer NAME, up --balancer NAME)" in lines
    assert "affinities (up --affinity NAME; in a scenario lab.cluster(affinity=NAME))" in lines


@pytest.mark.parametrize(
    "name",
    ["none", "cookie", "learn:NAME", "learn-header:NAME", "header:NAME", "query:NAME", "source"],
)
def test_every_affinity_is_named_with_its_argument(name: str) -> None:
    assert any(line.startswith(f"  {name} ") for line in listed(80))
