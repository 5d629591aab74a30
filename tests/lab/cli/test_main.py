"""How the command begins and ends, whatever happens to it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from sessionlab.lab.cli.app import run_to_status

LOADING = """
import builtins, os, signal
from sessionlab.lab.cli import main
load = builtins.__import__
def loading(name, *more):
    if name == "sessionlab.lab.cli" and "app" in more[2]:
        os.kill(os.getpid(), signal.SIGINT)
    return load(name, *more)
builtins.__import__ = loading
main()
"""


def test_ctrl_c_while_it_loads_is_quiet() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


def test_a_fault_of_its_own_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def verb() -> None:
        raise KeyError("a mistake in the lab")

    with pytest.raises(SystemExit) as ended:
        run_to_status(lambda: app([]))
    assert ended.value.code == 3
    assert "a mistake in the lab" in capsys.readouterr().err
