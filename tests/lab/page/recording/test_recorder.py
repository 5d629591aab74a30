"""What was done by hand, as a stored run that `judge`, `report` and `run` take."""

from __future__ import annotations

import ast
import asyncio
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.cluster.deploys.blue_green import BlueGreen
from sessionlab.lab.cluster.deploys.recreate import Recreate
from sessionlab.lab.cluster.deploys.rolling import Rolling
from sessionlab.lab.description.cluster import Description
from sessionlab.lab.errors import StepError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.recording.recorder import Recorder
from sessionlab.lab.page.recording.script import script
from sessionlab.lab.page.seen.live import Live
from sessionlab.lab.record.history import History
from sessionlab.lab.reports.cases import cases
from sessionlab.lab.reports.stored import read
from sessionlab.lab.scenario.files import loaded
from sessionlab.lab.viewer import building
from tests.lab.lives import Life
from tests.lab.page.seen.live_clusters import seen_live

if TYPE_CHECKING:
    from sessionlab.lab.cluster.deploys.interface import Deploy
    from sessionlab.lab.fabrics.local.fabric import LocalFabric

in_session = pytest.mark.asyncio(loop_scope="session")


def sessionlab(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sessionlab", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.long
@in_session
async def test_the_page_the_judge_and_the_report_say_the_same(
    fabric: LocalFabric, tmp_path: Path
) -> None:
    async with seen_live(fabric, affinity="cookie") as (cluster, live):
        users = cluster.clients(5)
        for user in users:
            await user.login()
        await cluster.kill((await users[0].me()).node or "")
        for user in users:
            await user.me()
        page, said = await live.page(), live.sentence
        recording = await Recorder(tmp_path / "mine").record("my first", live, cluster.description)
        fates = {user.user: live.fate(user.user) for user in users}

    folder = Path(recording.folder)
    assert folder == tmp_path / "mine/my first"
    assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
    judged = await asyncio.to_thread(sessionlab, "judge", str(folder), "--each")
    reasons = page.views[0].losses.reasons
    assert "2 of 5 users were logged out" in said
    assert " ".join(judged.stdout.split()).startswith(f"my first: {reasons[0]}")
    for name, fate in fates.items():
        assert f"{name}  {fate}" in judged.stdout
    report = building.page(folder)
    assert report.sentence == said
    assert report.views[0].users == page.views[0].users
    assert report.views[0].losses == page.views[0].losses
    assert report.views[0].again == f"sessionlab run '{folder}/scenario.py'" == recording.again[0]
    (stored,) = read(folder)
    assert len(stored.history) == len(live.history)

    again = await asyncio.to_thread(sessionlab, "run", str(folder / "scenario.py"))
    assert again.returncode == 0, again.stdout + again.stderr
    beside = await asyncio.to_thread(sessionlab, "report", str(folder), str(folder))
    assert beside.returncode == 0, beside.stdout + beside.stderr


@in_session
async def test_a_second_recording_takes_no_firsts_place(
    fabric: LocalFabric, tmp_path: Path
) -> None:
    async with seen_live(fabric) as (cluster, live):
        with pytest.raises(StepError, match="nothing was asked there yet"):
            await Recorder(tmp_path).record("", live, cluster.description)
        await cluster.client("alice").login()
        recorder = Recorder(tmp_path, "docker")
        first = await recorder.record(" ", live, cluster.description)
        second = await recorder.record("", live, cluster.description)

    assert [Path(one.folder).name for one in (first, second)] == ["by-hand", "by-hand-2"]
    assert second.again[0].endswith("by-hand-2/scenario.py --fabric=docker")
    assert next(cases(Path(second.folder))).run["fabric"] == "docker"


@pytest.mark.parametrize("name", ["../up", "a/b", "run.json", "-rf", "x" * 101, "a\nb"])
@in_session
async def test_what_no_folder_can_be_called_is_said_of_the_name(
    name: str, fabric: LocalFabric, tmp_path: Path
) -> None:
    async with seen_live(fabric) as (cluster, live):
        await cluster.client("alice").login()
        with pytest.raises(WrongField) as wrong:
            await Recorder(tmp_path).record(name, live, cluster.description)

    assert wrong.value.field == "name"
    assert not list(tmp_path.iterdir())


@in_session
async def test_where_nothing_can_be_written_that_is_said(
    fabric: LocalFabric, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    recorder = Recorder(tmp_path / "file/below")
    async with seen_live(fabric) as (cluster, live):
        await cluster.client("alice").login()
        with pytest.raises(StepError, match=r"cannot write to .*file/below: Not a directory"):
            await recorder.record("", live, cluster.description)

    assert recorder.why_not.startswith(f"{tmp_path}/file is no folder")
    assert Recorder(tmp_path / "new/below").why_not == ""


@in_session
async def test_a_disk_that_is_full_leaves_no_half_of_a_run(
    fabric: LocalFabric, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: History) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(History, "to_jsonl", full)
    async with seen_live(fabric) as (cluster, live):
        await cluster.client("alice").login()
        with pytest.raises(StepError, match=r"cannot write to .*: No space left on device"):
            await Recorder(tmp_path).record("", live, cluster.description)
    assert not list(tmp_path.iterdir())


def recorded(operations: list[Life], tmp: Path | None = None) -> str:
    """The script of what these did; nothing of it was ever run."""
    live = Live(Events(), "up-1")
    for life in operations:
        for operation in life.operations:
            live.history.append(operation)
    text = script(live, Description())
    if tmp:
        tmp.write_text(text, encoding="utf-8")
    return text


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4), st.text())
def test_whatever_was_typed_is_a_literal_and_nothing_else(names: list[str], item: str) -> None:
    lives = [Life(name) for name in dict.fromkeys(names)]
    for life in lives:
        life.log_in()
        life.add(item)
        life.read()

    tree = ast.parse(recorded(lives))

    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {*names, item} <= texts
    given_names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert all(name.isascii() for name in given_names)


def test_a_script_is_a_scenario_that_can_be_loaded(tmp_path: Path) -> None:
    names = ["lab", "print", "class", '"""', "'''", "ёж", "1", "a b", "a-b", "{x}", "\\", "\u202e"]
    lives = [Life(name) for name in names]
    for life in lives:
        life.log_in()
        life.me()
    recorded(lives, tmp_path / "scenario.py")

    module = loaded(tmp_path / "scenario.py")

    assert module.by_hand.name == "by-hand"
    assert all(len(line) <= 110 for line in (tmp_path / "scenario.py").read_text().splitlines())


def test_a_crowd_is_told_in_short() -> None:
    live, tab = Live(Events(), "up-1"), Life("alice")
    crowd = [Life(f"user-{number:06}") for number in range(1, 31)]
    for life in [*crowd, tab]:
        life.log_in()
    for life in [*crowd * 20, tab, tab]:
        life.me()
    for operation in sorted(
        (op for life in [*crowd, tab] for op in life.operations), key=lambda op: op.completed
    ):
        live.history.append(operation)

    text = script(live, Description(), {("alice", 0): "b1"})

    assert "crowd = cluster.clients(30)" in text
    assert text.count("user-") == 0
    assert "*[(alice, await alice.me()) for _ in range(2)]," in text
    assert "*zip(crowd, await lab.everyone(crowd, Client.me))," in text


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("rolling", Rolling(limit=3.0)),
        ("blue-green", BlueGreen(limit=3.0)),
        ("recreate", Recreate()),
    ],
)
def test_a_deploy_is_done_again_as_it_was_whatever_its_settings(name: str, how: Deploy) -> None:
    live, life = Live(Events(), "up-1"), Life("alice")
    life.log_in()
    live.history.append(life.operations[0])
    live.events += [
        Event(1.0, "deploy.started", "", {"cluster": "up-1", "how": repr(how), "version": "2"}),
        Event(2.0, "deploy.finished", "", {"cluster": "up-1", "version": "2"}),
    ]

    assert f'await cluster.deploy("{name}", "2")' in script(live, Description())


@in_session
async def test_two_tabs_of_a_browser_share_what_they_hold(
    fabric: LocalFabric, tmp_path: Path
) -> None:
    async with seen_live(fabric, "redis") as (cluster, live):
        first, second = cluster.client("alice"), cluster.client("alice")
        second.share(first)
        await first.login()
        await second.me()
        browsers = {("alice", 0): "b1", ("alice", 1): "b1"}
        recording = await Recorder(tmp_path).record("", live, cluster.description, browsers)

    assert "alice_2.share(alice)  # two tabs of one browser" in recording.script
    run = json.loads((Path(recording.folder) / "run.json").read_text())
    assert run["scenarios"][0]["users"]["kept"] + run["scenarios"][0]["users"]["moved"] == 1
    assert os.access(Path(recording.folder) / "scenario.py", os.R_OK)
