"""`sessionlab up` at a real terminal, and `sessionlab do` from a second one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.cli.test_command import COMMAND, nothing_is_left, sessionlab  # noqa: F401  a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 30.0
READY = "Every request shows here:"


class Terminal:
    """`sessionlab up` on a pseudo-terminal that is read as it prints."""

    def __init__(self, folder: Path, *options: str, columns: int = 80) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._slave = slave
        self.before = termios.tcgetattr(slave)
        self._said = b""
        self.folder = folder
        self.process = subprocess.Popen(
            [*COMMAND, "up", *options],
            stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  no thread here
        )  # fmt: skip

    @property
    def said(self) -> str:
        """All that it has printed, without what only moves or colours."""
        text = self._said.decode().replace("\r\n", "\n")
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)

    def until(self, words: str) -> str:
        """Wait until it has said that (a pattern), and return what it has said."""
        end = time.monotonic() + PATIENCE
        while not re.search(words, self.said):
            assert time.monotonic() < end, self.said
            if not self._read(0.05):
                assert self.process.poll() is None, self.said
        return self.said

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def does(self, keys: str, words: str) -> None:
        """Press keys until it has said that: those that come too early are refused, not kept."""
        early, end = "is under way, so", time.monotonic() + PATIENCE
        refused = self.said.count(early)
        self.press(keys)
        while not re.search(words, self.said):
            assert time.monotonic() < end, self.said
            self._read(0.05)
            if self.said.count(early) > refused:
                refused = self.said.count(early)
                self.press(keys)

    def end(self) -> int:
        """Read to its end; its exit status."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, self.said
            self._read(0.05)
        while self._read(0):
            pass
        return self.process.returncode

    def takes_keys(self) -> None:
        """Wait until keys are taken one by one."""
        end = time.monotonic() + PATIENCE
        while self.is_as_before():
            assert time.monotonic() < end, self.said
            self._read(0.05)

    def is_as_before(self) -> bool:
        return termios.tcgetattr(self._slave) == self.before

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.end()
        os.close(self._slave)
        os.close(self._master)

    def sh(self, script: str) -> str:
        """The printed lines, and then these, in a shell of a second terminal."""
        printed = self.said.partition("Try, in another terminal:\n")[2].partition("\n\n")[0]
        done = subprocess.run(
            ["/bin/sh", "-e"], input=f"{printed}\n{script}\n", cwd=self.folder,
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        with contextlib.suppress(OSError):
            self._said += (data := os.read(self._master, 65536))
            return bool(data)
        return False


@contextlib.contextmanager
def terminal(folder: Path, *options: str, columns: int = 80) -> Iterator[Terminal]:
    one = Terminal(folder, *options, columns=columns)
    try:
        one.until(READY)
        yield one
    finally:
        one.close()


def do(*words: str) -> str:
    done = sessionlab("do", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_session_at_two_terminals(tmp_path: Path) -> None:
    """One `up` for many questions: a cluster and a terminal are not cheap."""
    password = 'it\'s $HOME "quoted" `id` é'
    with terminal(tmp_path, "--strategy", "redis", "--password", password) as up:
        for part in ("node n1", "node n2", "node n3", "balancer", "redis"):
            assert re.search(rf"^{part} .* process \d+$", up.said, re.MULTILINE), up.said
        up.takes_keys()
        requests_are_shown(up)
        parts_are_broken_from_both(up)
        what_no_node_answers_is_the_balancer_s(up)
        up.press("?")
        up.until(r"q  quit")
        up.press("q")
        assert up.end() == 0
        assert "ended by itself" not in up.said
        assert "the cluster is gone" in up.said
        assert up.is_as_before()


def requests_are_shown(up: Terminal) -> None:
    answered = up.sh('curl -s "$URL/nix?hush=1" -H "Cookie: sid=0123456789"')
    assert re.search(r'"user": "alice".*} <- n\d 200\n', answered)
    up.until(r"alice +POST /login → n\d 200\n")
    up.until(r"alice +GET /me → n\d 200\n")
    up.until(r"\? +GET /nix → n\d 404 Nothing matches")
    up.sh(
        'curl -s -o /dev/null -H "$JSON" $URL/login'
        ' -d \'{"username": "\\u001b[2J[red]mallory", "password": "0123456789"}\''
    )
    up.until(r"\\x1b\[2J\[red\]mal… POST /login → n\d 401 wrong user name or password")
    assert "hush" not in up.said
    assert "0123456789" not in up.said


def parts_are_broken_from_both(up: Terminal) -> None:
    assert do("kill", "n1") == "n1 killed"
    up.until(r"\d s  n1 killed\n")
    up.press("k")
    up.until(r"kill which\? \(2 3 b; Esc: none\) ")
    up.press("1")
    up.until(r"n1 is not running; `start n1` brings it back\n")
    refused = sessionlab("do", "kill", "n1")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "sessionlab: n1 is not running\n  `start n1` brings it back\n"
    up.does("f2", r"n2 frozen\n")
    state = do()
    assert re.search(r"^n1 .* – +ended by SIGKILL", state, re.MULTILINE)
    assert re.search(r"^n2 .* \d+ +frozen", state, re.MULTILINE)
    assert "kill PART" in state
    assert max(map(len, state.splitlines())) <= 80
    assert do("drain", "n3").startswith("n3 draining; nothing takes that back: `remove` it")
    assert re.search(r"^n3 .* draining$", do(), re.MULTILINE)
    up.does("t2", r"n2 thawed\n")
    # The balancer may have taken n2 out meanwhile, and n3 gets nobody new.
    served = 'curl -s -o /dev/null -b jar -w "$BY" $URL/me | grep -q "n2 200"'
    up.sh(f"until {served}; do sleep 0.05; done")
    up.does("xr", r"redis stopped\n")
    up.sh("curl -s -o /dev/null -b jar $URL/me")
    up.until(r"GET /me → n[23] 503 .*store")
    assert do("start", "redis") == "redis started"


def what_no_node_answers_is_the_balancer_s(up: Terminal) -> None:
    up.does("k2", r"n2 killed\n")
    # A key that comes too early is not kept for later.
    up.does("ax3", r"`add` is under way, so `stop n3` is not done; one thing is done at a time\n")
    up.until(r"n4 added\n")
    assert do("stop", "n3") == "n3 stopped"  # who asks from elsewhere waits for it
    assert do("remove", "n4") == "n4 removed"
    up.sh("true")
    up.until(r"\? +GET /me → the balancer 503 no backend is available\n")
    assert do("add") == "n5 added"
    up.does("b", r"balancer restarted\n")
    burst = " ".join(["$URL/me"] * 300)
    up.sh(f"curl -s -b jar -c jar -Z {burst} > /dev/null")
    up.until(r"… \d+ more in the last second: \d+ ✓\n")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGQUIT, signal.SIGTERM])
def test_a_signal_leaves_the_terminal_as_it_was(tmp_path: Path, signum: signal.Signals) -> None:
    keys = {signal.SIGINT: "\x03", signal.SIGQUIT: "\x1c"}
    with terminal(tmp_path, "--nodes", "1", columns=40) as up:
        up.takes_keys()
        up.press(keys.get(signum, "k"))
        if signum == signal.SIGTERM:
            up.until(r"kill which\?")
            up.process.terminate()
        assert up.end() == 128 + signum
        assert up.is_as_before()


def test_a_balancer_that_dies_ends_it_and_parts_have_names_in_ps(tmp_path: Path) -> None:
    with terminal(tmp_path, "--nodes", "2") as up:
        pids = dict(re.findall(r"^(?:node )?(\w+) .* process (\d+)$", up.said, re.MULTILINE))
        called = subprocess.run(
            ["ps", "-o", "args=", "-p", ",".join(pids.values())],
            capture_output=True, text=True, check=True,
        ).stdout.split("\n")  # fmt: skip
        names = {line.strip() for line in called if line}
        assert names == {"sessionlab: node n1", "sessionlab: node n2", "sessionlab: balancer"}
        os.kill(int(pids["n1"]), signal.SIGKILL)
        up.until(r"n1 ended by itself, by SIGKILL\n")
        os.kill(int(pids["balancer"]), signal.SIGKILL)
        assert up.end() == 3
        assert "balancer ended by SIGKILL; its last lines:" in up.said
        assert "Traceback" not in up.said
        assert up.is_as_before()


def test_without_a_terminal_there_are_no_keys_and_two_labs_are_told_apart(tmp_path: Path) -> None:
    labs = [
        subprocess.Popen(
            [*COMMAND, "up", "--nodes", "1"], stdin=subprocess.DEVNULL,
            env={**os.environ, "NO_COLOR": "1", **plain}, stdout=subprocess.PIPE, text=True,
        )
        for plain in ({"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"})
    ]  # fmt: skip
    try:
        greetings = []
        for lab in labs:
            assert lab.stdout is not None
            greetings.append("".join(iter(lab.stdout.readline, f"{READY}\n")))
            lab.stdout.readline()
        assert "? shows them" not in greetings[0]
        runs = [re.findall(r"run (\w+);", said)[0] for said in greetings]
        which = sessionlab("do", "kill", "n1")
        assert which.returncode == 2
        assert all(run in which.stderr for run in (*runs, "--run NAME"))
        assert do("kill", "n1", "--run", runs[0]) == "n1 killed"
        assert "running" in do("--run", runs[1]).splitlines()[0]
        in_c = subprocess.run(
            [*COMMAND, "do", "--run", runs[0]], env={**os.environ, "LC_ALL": "C"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert in_c.stdout.isascii()
        assert greetings[1].isascii()
        url = re.findall(r"URL=(\S+)", greetings[1])[0]
        subprocess.run(["curl", "-s", "-o", "/dev/null", f"{url}/me"], check=True)
        assert labs[1].stdout is not None
        line = labs[1].stdout.readline()
        assert re.fullmatch(r" +[\d.]+ s  \?       GET /me -> n1 401 no credential\n", line), line
    finally:
        for lab in labs:
            lab.terminate()
            lab.communicate(timeout=PATIENCE)
    nobody = sessionlab("do")
    assert (nobody.returncode, "no lab is up" in nobody.stderr) == (2, True)


def test_a_lab_that_is_stopped_is_not_waited_for(tmp_path: Path) -> None:
    with terminal(tmp_path, "--nodes", "1") as up:
        up.process.send_signal(signal.SIGSTOP)
        try:
            asked = sessionlab("do", "kill", "n1")
        finally:
            up.process.send_signal(signal.SIGCONT)
        assert asked.returncode == 3
        assert f"(process {up.process.pid}) does not answer; is it stopped" in asked.stderr
        assert re.search(r"^n1 .* running", do(), re.MULTILINE)


def test_a_reader_who_takes_nothing_holds_up_nothing() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"x")
    os.set_blocking(write, True)
    up = subprocess.Popen([*COMMAND, "up", "--nodes", "2"], stdin=subprocess.DEVNULL, stdout=write)
    os.close(write)
    try:
        end = time.monotonic() + PATIENCE
        while sessionlab("do").returncode != 0:
            assert time.monotonic() < end
        assert do("kill", "n1") == "n1 killed"
        up.terminate()
        assert up.wait(PATIENCE) == 128 + signal.SIGTERM
    finally:
        up.kill()
        up.wait()
        os.close(read)


def test_a_reader_who_leaves_ends_it_also_while_nobody_asks() -> None:
    up = subprocess.Popen(
        [*COMMAND, "up", "--nodes", "1"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert up.stdout is not None
        while up.stdout.readline() != f"{READY}\n":
            pass
        up.stdout.close()
        assert up.wait(PATIENCE) == 128 + signal.SIGPIPE
        assert up.stderr is not None
        with up.stderr as said:
            assert "standard output takes no more" in said.read()
    finally:
        up.terminate()
        up.wait()


@pytest.mark.parametrize("password", ["short", "x" * 1025, "tab\tand more"])
def test_a_password_that_is_none_is_refused(password: str) -> None:
    done = sessionlab("up", "--password", password)
    assert done.returncode == 2
    assert "a password has" in " ".join(done.stderr.split())
