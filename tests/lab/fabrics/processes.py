"""Looking at processes that a test did not start itself."""

import time
from pathlib import Path


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def wait_gone(*pids: int) -> list[int]:
    """Those that still run after ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end and any(map(alive, pids)):
        time.sleep(0.005)
    return [pid for pid in pids if alive(pid)]
