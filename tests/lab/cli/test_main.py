"""How the command begins and ends, whatever happens to it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from sessionlab.lab.cli.app import VERBS, run_to_status
from tests import in_process

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


LOADED = """
import contextlib, sys
from sessionlab.lab.cli import main
with contextlib.suppress(SystemExit):
    main()
print({"aiohttp", "docker", "redis"} & set(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize("words", [["--help"], ["do", "--help"], ["judge", "--help"]])
def test_what_a_verb_does_not_need_is_not_loaded(words: list[str]) -> None:
    command = [sys.executable, "-c", LOADED, *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Usage: " in ran.stdout
    assert ran.stderr == "set()\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_the_help_is_one(verb: str) -> None:
    done = in_process.sessionlab(verb, "--help")
    assert done.returncode == 0
    assert f"sessionlab {verb} " in done.stdout
