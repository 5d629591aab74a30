"""`sessionlab up` and its page, as a process of its own that ends in every way."""

from __future__ import annotations

import signal
import stat
import threading
import time
from pathlib import Path

import pytest

from tests.compose.tools import free_ports
from tests.lab.cli.test_command import nothing_is_left, sessionlab  # noqa: F401  a fixture
from tests.lab.page.browser.up import Up, up

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nothing_is_left")]


def pids(state: dict[str, object]) -> set[int]:
    clusters = state["clusters"]
    assert isinstance(clusters, list)
    return {part["pid"] for one in clusters for part in one["parts"] if part["pid"]}


def gone(processes: set[int]) -> bool:
    end = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in processes):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_open_shows_it_in_a_browser_without_its_token_on_a_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}.new\nmv {seen}.new {seen}\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(browser))
    with up(tmp_path, "--open") as lab:
        end = time.monotonic() + 20
        while not seen.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        url = seen.read_text().strip()
        assert url.startswith("file://")
        assert lab.page not in url
        file = Path(url.removeprefix("file://"))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert lab.page in file.read_text()
    assert not file.exists()
    assert "no browser" not in (tmp_path / "up.txt").read_text()


def test_where_it_listens_can_be_said_and_is_said(tmp_path: Path) -> None:
    port = int(*free_ports(1))
    with up(tmp_path, "--page-listen", f"0.0.0.0:{port}") as lab:
        assert lab.origin == f"http://127.0.0.1:{port}"
        assert "whoever has this link" in (tmp_path / "up.txt").read_text()
        again = sessionlab("up", "--page-listen", f"127.0.0.1:{port}")
        assert again.returncode == 3
        assert f"cannot listen on 127.0.0.1:{port}" in again.stderr


@pytest.mark.parametrize("wrong", ["8090", "x:1", "127.0.0.1:", "127.0.0.1:70000", ":80", "[::1]"])
def test_an_address_that_is_none_is_refused(wrong: str) -> None:
    said = sessionlab("up", "--page-listen", wrong)
    assert said.returncode == 2
    assert "no address" in said.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_end_while_clusters_come_and_go_leaves_nothing(
    tmp_path: Path, how: signal.Signals
) -> None:
    with up(tmp_path) as lab:
        state = lab.ask("PUT", "/clusters/b", {"strategy": "redis"})
        lab.ask("PUT", "/crowd", {"users": 20, "rate": 50})
        processes = pids(state)
        assert len(processes) == 9
        switching = threading.Thread(target=_asked, args=(lab,))
        switching.start()
        time.sleep(0.15)
        lab.process.send_signal(how)
        lab.process.wait(20)
        switching.join(20)
        assert gone(processes)


def test_do_finds_the_lab_and_the_page_shows_what_it_did(tmp_path: Path) -> None:
    with up(tmp_path) as lab:
        run = lab.ask("GET", "/state")["run"]
        lab.ask("PUT", "/clusters/a", {"strategy": "redis", "nodes": 2})
        said = sessionlab("do", "kill", "n2", "--run", run)
        assert said.stdout == "n2 killed\n"
        assert lab.cluster()["parts"][1]["state"] == "ended"
        said = sessionlab("do", "deploy", "recreate", "--run", run)
        assert said.stdout == "version 2 deployed, recreate\n"
        assert {p["version"] for p in lab.cluster()["parts"] if p["kind"] == "node"} == {"2"}
        assert sessionlab("do", "deploy", "sideways", "--run", run).returncode == 2


def _asked(lab: Up) -> None:
    try:
        lab.ask("PUT", "/clusters/a", {"strategy": "jwt", "nodes": 10})
    except OSError:  # the lab has ended
        return
