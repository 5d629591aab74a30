"""What is made of a run's result, in one piece when it has ended."""

from __future__ import annotations

from collections.abc import Callable

from sessionlab.lab.verdicts.results import RunResult

Report = Callable[[RunResult], str]
"""From what came of a run to the text that is written; its docstring says what that is."""
