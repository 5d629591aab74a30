"""Where an experiment's run is kept."""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.errors import UsageError
from sessionlab.lab.events import Event
from sessionlab.lab.experiment.folder import ROOM, Kept, given, latest, place
from sessionlab.lab.reports.cases import told

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_has_a_folder_of_its_own_and_latest_leads_to_the_last(tmp_path: Path) -> None:
    first, second = place(tmp_path, "mine"), place(tmp_path, "mine")
    assert first != second
    assert latest(tmp_path, "mine") == second
    assert (tmp_path / "mine" / "latest").is_symlink()
    assert second.stat().st_mode & 0o777 == 0o700
    assert latest(tmp_path, "other") is None


def test_what_happens_and_what_parts_print_is_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "run", "name = 'x'")
    kept.hear(Event(1.0, "fault.began", "x", {"fault": "kill-node"}))
    kept.hear(Event(2.0, "part.log", "x", {"cluster": "x-1", "part": "n1", "text": "hello"}))
    kept.write({"mark": "m"})
    kept.close()
    (line,) = (tmp_path / "run" / "events.jsonl").read_text().splitlines()
    assert json.loads(line)["kind"] == "fault.began"
    assert (tmp_path / "run" / "x-1" / "n1.log").read_text() == "hello"
    assert (tmp_path / "run" / "experiment.toml").read_text() == "name = 'x'"
    assert told(tmp_path / "run") == {"mark": "m"}
    assert not (tmp_path / "run" / ROOM).exists()


def test_a_disk_that_is_full_is_told_and_ends_nobody(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "")
    (tmp_path / "x-1").write_text("in the way, as a full disk is")
    kept.hear(Event(2.0, "part.log", "x", {"cluster": "x-1", "part": "n1", "text": "hello"}))
    kept.close()
    assert "exists" in kept.full


def test_an_earlier_run_is_replaced_with_all_its_cells(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "memory-1"):
        kept = Kept(folder, "x") if folder == tmp_path else Kept(folder, "y")
        kept.hear(Event(2.0, "part.log", "x", {"cluster": "x-1", "part": "n1", "text": "hello"}))
        kept.write({})
        kept.close()
    assert list(given(tmp_path, resume=False).iterdir()) == []


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_that_another_run_writes_to_is_left_alone(tmp_path: Path, *, resume: bool) -> None:
    kept = Kept(tmp_path, "x")
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(UsageError, match="another run is writing to"):
        given(tmp_path, resume=resume)
    os.close(held)
    kept.close()
    assert (tmp_path / "events.jsonl").exists()
    given(tmp_path, resume=resume)


def test_to_go_on_with_a_run_leaves_what_is_there(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "x")
    kept.close()
    assert (given(tmp_path, resume=True) / "events.jsonl").exists()


def test_what_no_run_has_written_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"thesis\.tex is not of an earlier run"):
        given(tmp_path, resume=False)
    assert (tmp_path / "thesis.tex").exists()


def test_a_folder_with_strange_things_deep_inside_is_left_too(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "x")
    kept.close()
    (tmp_path / "x-1").mkdir()
    (tmp_path / "x-1" / "photo.jpg").write_text("")
    with pytest.raises(UsageError, match="x-1 is not of an earlier run"):
        given(tmp_path, resume=False)
    assert (tmp_path / "events.jsonl").exists()
