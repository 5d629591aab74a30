"""`sessionlab watch` and `sessionlab probe`: what they print, write and end with."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.cli.apps.outside import seconds
from sessionlab.lab.description.certificates import new_certificate
from sessionlab.lab.outside import calm, watching
from tests.in_process import sessionlab
from tests.lab.outside.shops import RECIPE, Served, Shop, written

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN = "open-sesame"
PROBE = ("probe", "--rate", "500")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calm, "CALM", 0.2)
    monkeypatch.setattr(watching, "PERIOD", 0.05)


def test_a_watch_writes_what_a_run_writes_and_users_reads_it(tmp_path: Path) -> None:
    files = ("run", "run.json", "junit.xml", "summary.md")
    out, result, junit, summary = (tmp_path / name for name in files)
    with Served(Shop()) as served:
        url = f"http://guest:open-sesame@127.0.0.1:{served.port}/?key={HIDDEN}"
        words: list[str | Path] = [
            "watch",
            "--recipe",
            written(tmp_path),
            "--url",
            url,
            "--users",
            "3",
        ]
        words += ["--rate", "500", "--seed", "4", "--json", result, "--out", out]
        words += ["--junit", junit, "--summary", summary]
        ended = sessionlab(*words, "--", "sh", "-c", f"echo {HIDDEN} is deployed")
    assert ended.returncode == 0, ended.stderr
    said = json.loads(result.read_text())
    assert {name: said[name] for name in ("schema", "app", "url", "seed", "outcome")} == {
        "schema": 1,
        "app": "shop",
        "url": served.url,
        "seed": 4,
        "outcome": "held",
    }
    assert said["command"] == "sh -c 'echo … is deployed'"
    assert (said["command_status"], said["users"]["kept"], said["losses"]) == (0, 3, [])
    assert "… is deployed" in ended.stdout
    assert "3 users: 3 kept" in ended.stdout
    assert 'tests="2" failures="0"' in junit.read_text()
    assert summary.read_text().startswith("### 3 users: 3 kept")
    assert (out / "watch/watch-1/command.log").read_text() == "… is deployed\n"
    told = sessionlab("judge", out)
    assert told.stdout.startswith("watch: nobody was lost: 3 users: 3 kept")
    kept = "".join(path.read_text() for path in out.rglob("*") if path.is_file())
    assert HIDDEN not in kept + ended.stdout + ended.stderr + junit.read_text() + result.read_text()
    again = sessionlab(*words, "--", "true")
    assert again.returncode == 3, "the shop is gone, and its folder is written anew"


def test_a_loss_is_exit_status_1_and_says_who(tmp_path: Path) -> None:
    with Served(Shop()) as served:
        forget = f"urllib.request.urlopen('{served.url}/control/forget')"
        words: list[str | Path] = [
            "watch",
            "--recipe",
            written(tmp_path),
            "--url",
            served.url,
            "--users",
            "2",
        ]
        ended = sessionlab(*words, "--", sys.executable, "-c", f"import urllib.request;{forget}")
    assert ended.returncode == 1
    assert "2 users: 2 logged out" in ended.stdout
    assert re.search(r"user1 was logged out .* s after the command .*: \w+ /\w+: 401", ended.stdout)


def test_a_watch_of_a_while_ends_by_itself(tmp_path: Path) -> None:
    with Served(Shop()) as served:
        words: list[str | Path] = [
            "watch",
            "--recipe",
            written(tmp_path),
            "--url",
            served.url,
            "--users",
            "2",
        ]
        ended = sessionlab(*words, "--for", "0.5s")
        assert (ended.returncode, "2 kept" in ended.stdout) == (0, True)
        assert sessionlab(*words, "--for", "5s", "--", "true").returncode == 2


@pytest.mark.parametrize(("words", "status"), [(("sh", "-c", "echo up; sleep 60"), 130), ((), 0)])
def test_an_interrupt_ends_it(tmp_path: Path, words: tuple[str, ...], status: int) -> None:
    with Served(shop := Shop()) as served:
        program: list[str | Path] = [
            sys.executable,
            "-m",
            "sessionlab",
            "watch",
            "--recipe",
            written(tmp_path),
        ]
        program += ["--url", served.url, "--users", "2", *(["--", *words] if words else [])]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            awaited = "up" if words else "watching"
            while not (line := running.stdout.readline()).startswith(awaited):
                assert line
            before = len(shop.asked)
            while len(shop.asked) < before + 8:  # each of them a few times
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            rest = running.stdout.read()
    assert running.returncode == status, rest
    assert ("2 kept" in rest) is not bool(words)


def test_the_command_is_looked_for_before_anybody_logs_in(tmp_path: Path) -> None:
    shop = Shop()
    with Served(shop) as served:
        words: list[str | Path] = ["watch", "--recipe", written(tmp_path), "--url", served.url]
        ended = sessionlab(*words, "--", "no-such-command")
    assert (ended.returncode, shop.asked) == (2, [])
    assert "there is no command 'no-such-command'" in ended.stderr


def test_neither_runs_what_the_recipe_says_of_starting_the_app(tmp_path: Path) -> None:
    mark = tmp_path / "run"
    text = RECIPE.replace(
        "[users]", f'[app]\nrun = ["touch", "{mark}"]\nbefore = ["touch", "{mark}"]\n[users]'
    )
    with Served(Shop()) as served:
        where: list[str | Path] = ["--recipe", written(tmp_path, text), "--url", served.url]
        assert sessionlab(*PROBE, *where).returncode == 0
        assert sessionlab("watch", *where, "--users", "1", "--", "true").returncode == 0
    assert not mark.exists()


def test_a_probe_says_first_what_it_sends_and_then_what_it_found(tmp_path: Path) -> None:
    shop = Shop(shared=False, affinity="SERVERID", keeps_after_logout=True)
    with Served(shop) as served:
        words: list[str | Path] = [
            *PROBE,
            "--recipe",
            written(tmp_path),
            "--url",
            served.url,
            "--json",
        ]
        ended = sessionlab(*words, tmp_path / "probe.json")
    assert ended.returncode == 0, ended.stderr
    first, *_ = ended.stdout.splitlines()
    assert "200 at most, 500 a second" in first
    assert "HAProxy" in ended.stdout
    said = json.loads((tmp_path / "probe.json").read_text())
    assert (said["schema"], said["requests"]) == (1, len(shop.asked))
    found = {finding["topic"]: finding["severity"] for finding in said["findings"]}
    assert (found["without-affinity"], found["replay"]) == ("warn", "bad")
    sids = [sid for node in shop.sessions.values() for sid in node]
    assert not any(sid in ended.stdout + str(said) for sid in [HIDDEN, *sids])


def test_tls_is_verified(tmp_path: Path) -> None:
    shown = new_certificate("127.0.0.1")
    ca, chain = tmp_path / "ca.pem", tmp_path / "chain.pem"
    ca.write_text(shown.authority)
    chain.write_text(shown.chain + shown.key)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(chain)
    with Served(Shop(flags={"httponly": True}), tls) as served:
        words: list[str | Path] = [*PROBE, "--recipe", written(tmp_path), "--url", served.url]
        refused = sessionlab(*words)
        taken = sessionlab(*words, "--ca", ca)
    assert refused.returncode == 3
    assert "its certificate does not verify" in refused.stderr
    assert "--ca FILE" in refused.stderr
    assert taken.returncode == 0, taken.stderr
    assert "no Secure" in taken.stdout


def test_what_cannot_be_reached_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for words in (PROBE, ("watch", "--users", "1")):
            ended = sessionlab(*words, "--recipe", written(tmp_path), "--url", url)
            assert ended.returncode == 3
            assert f"{url} cannot be reached" in ended.stderr
    ended = sessionlab(*PROBE, "--recipe", written(tmp_path), "--url", "shop.example")
    assert (ended.returncode, "takes the URL" in ended.stderr) == (2, True)


def test_a_server_that_hangs_and_one_that_leads_in_a_circle(tmp_path: Path) -> None:
    with socket.socket() as hangs:
        hangs.bind(("127.0.0.1", 0))
        hangs.listen()
        url = f"http://127.0.0.1:{hangs.getsockname()[1]}"
        text = RECIPE.replace("[me]\n", "[me]\nwithin = 0.2\n")
        ended = sessionlab(*PROBE, "--recipe", written(tmp_path, text), "--url", url)
    assert (ended.returncode, "no answer came in time" in ended.stderr) == (3, True)
    with Served(Shop(circle=True)) as served:
        ended = sessionlab(*PROBE, "--recipe", written(tmp_path), "--url", served.url)
    assert (ended.returncode, "circle" in ended.stderr) == (3, True), ended.stderr


def test_a_password_of_the_environment_that_is_not_set_is_wrong_usage(tmp_path: Path) -> None:
    text = RECIPE.replace(HIDDEN, "{env.SHOP_PASSWORD}")
    assert "SHOP_PASSWORD" not in os.environ
    ended = sessionlab(*PROBE, "--recipe", written(tmp_path, text), "--url", "http://127.0.0.1:9")
    assert (ended.returncode, "SHOP_PASSWORD" in ended.stderr) == (2, True)


def test_times_are_written_as_people_do() -> None:
    assert [seconds(text) for text in ("30", "90s", "5m", "1.5h")] == [30, 90, 300, 5400]
