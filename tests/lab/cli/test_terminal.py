"""What a person sees: whole sessions in a real terminal of 80 columns and 24 lines."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.installed import needs
from tests.lab.cli.test_command import COMMAND, nothing_is_left, story  # noqa: F401  a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs("tmux")
SECONDS = 50
Screen = Callable[..., list[str]]


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    """What a terminal shows when the command has ended, line by line; colours on request."""
    servers: list[list[str]] = []
    ours = ("NO_COLOR", "COLUMNS", "LINES")  # the last two are pytest-xdist's
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment["PATH"] = f"{Path(COMMAND[0]).parent}{os.pathsep}{environment['PATH']}"
    environment |= {"TERM": "screen-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    environment["SHELL"] = "/bin/sh"  # the user's own may let nobody in

    def run(
        *arguments: str, size: tuple[int, int] = (80, 24), colours: bool = False, **more: str
    ) -> list[str]:
        line = shlex.join(["env", *(f"{k}={v}" for k, v in more.items()), "sessionlab", *arguments])
        width, height = map(str, size)
        number = len(servers)
        tmux = ["tmux", "-S", str(tmp_path / f"tmux-{number}"), "-f", os.devnull]
        servers.append(tmux)
        done = tmp_path / f"done-{number}"
        sized = f'until [ "$(stty size)" = "{height} {width}" ]; do sleep 0.02; done'
        shell = f"{sized}; {line}; touch {shlex.quote(str(done))}; sleep {SECONDS}"
        new = [*tmux, "-u", "new-session", "-d", "-x", width, "-y", height, shell]
        subprocess.run(new, check=True, env=environment, cwd=tmp_path)
        end = time.monotonic() + SECONDS
        while not done.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        capture = [*tmux, "capture-pane", "-p", "-S", "-", *(["-e"] if colours else [])]
        said = subprocess.run(capture, check=True, capture_output=True, text=True).stdout
        return [text.rstrip() for text in said.rstrip("\n").split("\n")]

    yield run
    for tmux in servers:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)


def test_one_scenario_shows_its_requests_and_fits_one_screen(screen: Screen) -> None:
    shown = screen("run", "memory-round-robin", "--seed", "1")
    assert len(shown) <= 24
    assert shown[0] == "seed 1, fabric local, balancer builtin"
    assert shown[1] == "✓ green, as predicted: the prediction came true, also when it was a bad one"
    assert shown[3].startswith("✓ as predicted  memory-round-robin")
    assert shown[6:9] == [
        "  alice  login n1 ✓ │ n2 401 │ n3 401 │ n1 ✓ │ n2 401 │ n3 401 │ n1 ✓ │ n2 401",
        "         │ n3 401 │ n1 ✓ │ n2 401 │ n3 401 │ n1 ✓",
        "",
    ]
    assert shown[9:11] == [
        "  ✓ The session exists on one server only: the one that made it",
        "    as predicted: n1",
    ]
    assert "users  1 user was logged out" in "\n".join(shown)


def test_many_are_a_line_each_in_the_order_asked_for_and_what_to_try_next(screen: Screen) -> None:
    names = ["redis-down", "monolith", "stateless-http", "memory-round-robin"]
    shown = screen("run", *names)
    assert len(shown) <= 24
    lines = [line for line in shown if line.startswith("✓ ")][1:]
    assert [line.split()[1] for line in lines] == names
    assert lines[1] == "✓ monolith            One server with the sessions in its memory: works"
    assert shown[-4].startswith("4 scenarios: 4 as predicted; ")
    assert shown[-3:] == [
        "sessionlab run sticky-node-dies  one scenario, request by request",
        "sessionlab run … --verbose       the same in full",
        "sessionlab up                    a cluster to play with",
    ]


def test_green_and_yellow_are_told_apart_and_no_colour_is_none(screen: Screen) -> None:
    shown = "\n".join(screen("run", "memory-round-robin", colours=True)).replace("\x1b[49m", "")
    assert "\x1b[32m✓" in shown
    assert "\x1b[33mn2 401" in shown
    assert "\x1b[1m\x1b[33musers" in shown
    plain = "\n".join(screen("run", "memory-round-robin", colours=True, NO_COLOR="1"))
    assert re.search(r"\x1b\[[0-9;]*3[0-7]m", plain) is None


def test_a_terminal_of_40_columns_is_enough(screen: Screen, tmp_path: Path) -> None:
    shown = screen("run", "redis-blip", size=(40, 24))
    assert max(map(len, shown)) <= 40
    assert "│ [Redis" in " ".join(shown)
    story(tmp_path, 'lab.claim("two is one", expected=1, observed=2)')
    shown = screen("run", "monolith", "mine.py", size=(40, 24))
    assert "✗ mine      not as predicted: two is one" in shown


def test_what_is_refused_is_wrapped_between_words(screen: Screen) -> None:
    shown = screen("up", "--affinity", "hope")
    assert "'hope' is none of: none, cookie, learn:NAME, learn-header:NAME, header:NAME," in [
        line.strip() for line in shown
    ]
    shown = screen("run", "moon-landing", size=(40, 24))
    assert "  'moon-landing'" in [line.rstrip() for line in shown]


def test_a_terminal_that_knows_ascii_only_sees_all_of_it(screen: Screen) -> None:
    shown = screen("run", "memory-round-robin", LC_ALL="C", LANG="C")
    assert "\n".join(shown).isascii()
    assert shown[6].startswith("  alice  login n1 ok | n2 401 | n3 401 | n1 ok")
