"""Locust in an environment of its own, in `.venv-peers`: FastHttpUser without any wait."""

from __future__ import annotations

import json
import subprocess
import venv
from pathlib import Path

ROOM = Path(__file__).parents[2] / ".venv-peers" / "locust"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
FILE = """
import json
import time
from locust import FastHttpUser, constant, events, task

class Visitor(FastHttpUser):
    wait_time = constant(0)
    numbers = iter(range(1, 1_000_000))

    def on_start(self):
        name = f"u{next(self.numbers)}"
        self.client.post("/login", json={"username": name, "password": "pw"})

    @task
    def me(self):
        self.client.get("/me")

    @task
    def cart(self):
        self.client.get("/cart")

began = {}

@events.spawning_complete.add_listener
def begin(**_):
    began.update(cpu=time.process_time(), at=time.monotonic(), asked=asked())

@events.test_stop.add_listener
def end(environment, **_):
    print("RESULT", json.dumps({
        "requests": asked() - began["asked"],
        "failures": environment.stats.total.num_failures,
        "cpu": time.process_time() - began["cpu"],
        "seconds": time.monotonic() - began["at"],
    }))

@events.init.add_listener
def keep(environment, **_):
    global asked
    asked = lambda: environment.stats.total.num_requests
"""


def install() -> str:
    """Make the environment when it is not there; Locust's version."""
    pip = [str(ROOM / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    done = ROOM / "ready"
    if not done.exists() or done.read_text() != REQUIREMENTS.read_text():
        venv.create(ROOM, with_pip=True, clear=True)
        subprocess.run([*pip, "install", "--require-hashes", "-r", str(REQUIREMENTS)], check=True)
        done.write_text(REQUIREMENTS.read_text())
    shown = [str(ROOM / "bin" / "locust"), "--version"]
    return subprocess.run(shown, check=True, capture_output=True, text=True).stdout.split()[1]


def run(url: str, users: int, seconds: float, folder: Path) -> tuple[float, float, float]:
    """CPU µs a request, requests a second, and the share of a core, after all have logged in."""
    path = folder / "locustfile.py"
    path.write_text(FILE)
    command = [str(ROOM / "bin" / "locust"), "-f", str(path), "--headless", "--only-summary"]
    command += ["--host", url, "-u", str(users), "-r", "1000", "-t", f"{seconds:g}s"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    line = next((line for line in ended.stdout.splitlines() if line.startswith("RESULT")), "")
    said = json.loads(line.removeprefix("RESULT") or "{}")
    if ended.returncode or not said or said["failures"]:
        raise RuntimeError(f"Locust failed:\n{ended.stdout}{ended.stderr}")
    cpu, seconds = said["cpu"], said["seconds"]
    return cpu * 1e6 / said["requests"], said["requests"] / seconds, cpu / seconds
