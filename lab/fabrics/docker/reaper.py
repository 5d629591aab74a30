"""The process that outlives the lab: `reaper.py RUN FOLDER`, started by the docker fabric.

Containers are the engine's children, not the lab's, so a lab that is killed would leave them all.
This process's standard input is a pipe whose other end only the lab holds. When that closes,
however the lab ended, it removes what the run has left in the engine, and then its folder. Where
the engine has gone as well it kills the containers' processes itself, as far as it may.

A lab that has cleared away by itself says so (`CLEARED`), and there is nothing to do. Until then
nothing is imported that this does not need: it costs no more than a bare interpreter.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time

CLEARED = b"cleared\n"
LOOKS = 5
PAUSE = 0.5  # seconds: a call that the lab had sent when it was killed may still make something


def main() -> None:
    """Wait for the lab to end, then clear away."""
    run, folder = sys.argv[1:]
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    said = b""
    while data := os.read(0, 64):
        said += data
    if said == CLEARED:
        return
    try:
        _clear(run)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear(run: str) -> None:
    from sessionlab.lab.errors import StartError  # noqa: PLC0415
    from sessionlab.lab.fabrics.docker import labels, leftovers  # noqa: PLC0415
    from sessionlab.lab.fabrics.docker.engine import connect  # noqa: PLC0415
    from sessionlab.lab.fabrics.run_folder import kill_marked  # noqa: PLC0415

    try:
        client = connect()
        for _ in range(LOOKS):
            leftovers.remove(client, labels.RUN, run)
            time.sleep(PAUSE)
    except (StartError, OSError):  # requests' errors are OSErrors
        kill_marked(run)


if __name__ == "__main__":
    main()
