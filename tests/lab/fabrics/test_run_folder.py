import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.run_folder import clear, home, leftovers

SLEEP = "/bin/sleep"


def test_a_folder_that_somebody_else_could_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    (tmp_path / f"sessionlab-{os.getuid()}").mkdir(mode=0o755)
    (tmp_path / f"sessionlab-{os.getuid()}").chmod(0o755)
    with pytest.raises(StartError, match="not a private folder"):
        home()


def test_what_a_dead_run_left_is_found_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    left = home() / "dead"
    left.mkdir()
    (left / "lock").write_text("1")
    orphan = subprocess.Popen([SLEEP, "1000"], env={"SESSIONLAB_RUN": "dead"})
    bystander = subprocess.Popen([SLEEP, "1000"], env={"SESSIONLAB_RUN": "other"})
    try:
        while not Path(f"/proc/{orphan.pid}/environ").read_bytes():
            time.sleep(0.001)
        assert list(leftovers()) == [left]
        assert clear(left) == 1
        assert orphan.wait(10) == -signal.SIGKILL
        assert bystander.poll() is None
        assert list(leftovers()) == []
    finally:
        for process in (orphan, bystander):
            process.kill()
            process.wait()
