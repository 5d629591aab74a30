"""What is made of a run's result."""

from __future__ import annotations

from collections.abc import Callable

from sessionlab.lab.verdicts.results import RunResult

Report = Callable[[RunResult, str], str]
"""From what came of a run, and the release of sessionlab, to the text that is written."""
