"""The command in this process: for what it says and its status, where neither needs one more."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from sessionlab.lab.cli.app import main

if TYPE_CHECKING:
    from pathlib import Path


def sessionlab(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What the command's own process ends with, but for the start of one: half a second of CPU."""
    words = ["sessionlab", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", words),
        mock.patch.dict("os.environ", COLUMNS="400"),
        pytest.raises(SystemExit) as end,
    ):
        main()
    assert isinstance(end.value.code, int)
    return subprocess.CompletedProcess(words, end.value.code, out.getvalue(), err.getvalue())
