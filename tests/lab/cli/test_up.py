"""`sessionlab up`: what it prints works where it is printed."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.compose.tools import free_ports
from tests.lab.fabrics.docker.lab_process import end, start

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.docker
@pytest.mark.timeout(120)
def test_a_port_of_this_machine_that_was_asked_for_is_printed_and_answers(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    lab = start(tmp_path, "up", "--fabric", "docker", "--port", port)
    try:
        assert lab.stdout is not None
        said = []
        for line in lab.stdout:
            said.append(line)
            if "Ctrl-C ends it" in line:
                break
        assert f"http://127.0.0.1:{port}  on this machine\n" in "".join(said)
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/me", timeout=10)
    finally:
        end(lab, signal.SIGINT)
