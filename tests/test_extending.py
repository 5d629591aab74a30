"""What an installed package offers: every part on the page, as it stands there, and bad ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

SHOP = Path(__file__).parent / "lab" / "check" / "shop"
PAGE = (Path(__file__).parent.parent / "docs" / "extending.md").read_text()
BLOCKS = re.findall(r"^```python\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PROJECT = tomllib.loads("".join(re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)))
OFFERED: dict[str, dict[str, str]] = PROJECT["project"]["entry-points"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def sessionlab(tmp_path: Path) -> Run:
    """The command, where what `install` leaves in `tmp_path` is installed."""
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "400"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sessionlab.lab", *words]
        return subprocess.run(
            command, env=env, cwd=tmp_path, text=True, capture_output=True, check=False
        )

    return run


def install(folder: Path, name: str, offered: dict[str, dict[str, str]]) -> None:
    """Leave a package's name and entry points as an installer does."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [
        line
        for group, parts in offered.items()
        for line in (f"[{group}]", *(f"{part} = {where}" for part, where in parts.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def install_the_page(folder: Path) -> None:
    install(folder, PROJECT["project"]["name"], OFFERED)
    for where, text in BLOCKS:
        path = folder / where
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)


def test_every_part_on_the_page_takes_part_in_a_run(tmp_path: Path, sessionlab: Run) -> None:
    install_the_page(tmp_path)
    done = sessionlab(
        *("run", "my-story", "--nodes", "2", "--fabric", "noisy", "--balancer", "two-workers"),
        *("--report", "csv=result.csv"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fabric noisy, balancer two-workers" in done.stdout
    assert "room for my-story-1" in done.stderr
    assert (tmp_path / "result.csv").read_text() == "my-story,held\n"


EXPERIMENT = """
name = "mine"
[cluster]
strategy = "bearer-memory"
affinity = "network"
nodes = 2
[workload]
users = 5
seconds = 0.5
[checks]
only = ["refusals", "availability"]
[bounds]
refused = 0
"""


def test_a_check_and_a_prediction_on_the_page_judge_an_experiment(
    tmp_path: Path, sessionlab: Run
) -> None:
    install_the_page(tmp_path)
    (tmp_path / "mine.toml").write_text(EXPERIMENT)
    done = sessionlab("run", "mine.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ refused <= 0: 0" in done.stdout
    assert "✓ refusals: 0 % of the sessions' requests refused, as nothing breaks" in done.stdout


def test_an_ordeal_on_the_page_befalls_an_app(tmp_path: Path, sessionlab: Run) -> None:
    install_the_page(tmp_path)
    few = ("--variant", "shared", "--copies", "2", "--affinity", "cookie", "--ordeal", "freeze")
    done = sessionlab("check", str(SHOP), *few)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ *freeze +.*kept", done.stdout, re.MULTILINE), done.stdout


def test_every_part_on_the_page_is_listed(tmp_path: Path, sessionlab: Run) -> None:
    install_the_page(tmp_path)
    done = sessionlab("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "unusable" not in done.stdout
    for group, parts in OFFERED.items():
        for name in parts if group != "sessionlab.scenarios" else ["my-story"]:
            assert re.search(rf"^  {name} +\w", done.stdout, re.MULTILINE), name


def test_every_group_has_its_heading() -> None:
    headings = set(re.findall(r"^## An? (\w+)$", PAGE, re.MULTILINE))
    plurals = {re.sub("(?<!o)y$", "ie", heading) + "s" for heading in headings}
    assert {f"sessionlab.{plural}" for plural in plurals} == set(OFFERED)


BAD = {
    "missing": "nothing_of_that_name:Part",
    "nameless": "bad_parts:Nothing",
    "shapeless": "bad_parts:NUMBER",
    "leaving": "bad_leaving:Part",
}
WHY = {
    "missing": "ModuleNotFoundError",
    "nameless": "AttributeError",
    "shapeless": "",
    "leaving": "SystemExit",
}


def install_bad(folder: Path) -> None:
    (folder / "bad_parts.py").write_text("NUMBER = 5\n")
    (folder / "bad_leaving.py").write_text("raise SystemExit(7)\n")
    install(folder, "bad-parts", dict.fromkeys(OFFERED, BAD))


def test_what_can_not_be_used_is_listed_with_its_package_and_the_rest_works(
    tmp_path: Path, sessionlab: Run
) -> None:
    install_bad(tmp_path)
    done = sessionlab("list")
    assert (done.returncode, done.stderr) == (0, "")
    listed = re.sub(r"\n {25}", " ", done.stdout)  # as if no line were wrapped
    for name, why in WHY.items():
        lines = re.findall(rf"^  {name} +(unusable: .*)", listed, re.MULTILINE)
        assert len(lines) == len(OFFERED), name
        assert all("the package bad-parts 1.0" in line and why in line for line in lines)
    assert "memory-round-robin" in done.stdout


def test_scenarios_that_can_not_be_used_are_a_warning(tmp_path: Path, sessionlab: Run) -> None:
    install_bad(tmp_path)
    done = sessionlab("run", "monolith")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("bad-parts 1.0, can't be used") == len(BAD)
    assert "Traceback" not in done.stderr


def test_checks_and_predictions_that_can_not_be_used_are_left_out_of_an_experiment(
    tmp_path: Path, sessionlab: Run
) -> None:
    install_bad(tmp_path)
    file = tmp_path / "short.toml"
    file.write_text(
        'name = "short"\n[cluster]\nstrategy = "redis"\n[workload]\nusers = 2\nseconds = 0.5\n'
    )
    for words in (["run", str(file), "--out", str(tmp_path / "o")], ["judge", str(tmp_path / "o")]):
        done = sessionlab(*words)
        assert done.returncode == 0, done.stderr
        for group in ("checks", "predictions") if words[0] == "run" else ("checks",):
            said = [line for line in done.stderr.splitlines() if f"sessionlab.{group} of" in line]
            assert len(said) == len(BAD), done.stderr
        assert "continuity" in done.stdout
    file.write_text(file.read_text() + '[checks]\nonly = ["shapeless"]\n')
    asked_for = sessionlab("run", str(file))
    assert asked_for.returncode == 2, asked_for.stdout
    assert "the package bad-parts 1.0" in asked_for.stderr


ASK = """
import contextlib, io, json, sys
from sessionlab.{program} import main
told = {{}}
for words in json.loads(sys.argv[1]):
    sys.argv = ["program", *words]
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            status = main({arguments})
        except SystemExit as end:
            status = end.code
    told[" ".join(words)] = [status, said.getvalue()]
print(json.dumps(told))
"""


def asked(folder: Path, program: str, lines: list[list[str]]) -> dict[str, tuple[int, str]]:
    """The status of a program for each of these command lines, and what it says; one process."""
    install_bad(folder)
    arguments = "" if program == "lab.cli.app" else "words"
    code = ASK.format(program=program, arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(lines)],
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "400"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    told: dict[str, tuple[int, str]] = json.loads(done.stdout)
    assert len(told) == len(lines)
    return told


def test_one_that_is_asked_for_is_an_error_that_names_the_package(tmp_path: Path) -> None:
    cases = {
        f"run monolith memory-round-robin {option} {name}": (group, name)
        for option, group in (("--fabric", "fabrics"), ("--balancer", "balancers"))
        for name in BAD
    }
    told = asked(tmp_path, "lab.cli.app", [line.split() for line in cases])
    for line, (group, name) in cases.items():
        status, said = told[line]
        assert status == 2, said
        assert f"'{name}', one of the sessionlab.{group} of the package bad-parts 1.0" in said
        assert WHY[name] in said
        assert "Traceback" not in said


def test_such_an_error_is_a_message_and_the_status_of_the_command(
    tmp_path: Path, sessionlab: Run
) -> None:
    install_bad(tmp_path)
    done = sessionlab("run", "monolith", "--fabric", "leaving")
    assert done.returncode == 2
    assert "'leaving', one of the sessionlab.fabrics of the package bad-parts 1.0" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_balancer_says_whose_part_it_can_not_use(tmp_path: Path) -> None:
    cases = {
        f"--admin=none --{kind} {name}": (kind, name)
        for kind in ("algorithm", "affinity")
        for name in BAD
    }
    told = asked(tmp_path, "balancer.__main__", [line.split() for line in cases])
    for line, (kind, name) in cases.items():
        status, said = told[line]
        assert status == 2, said
        assert f"{kind} '{name}', {BAD[name]}: " in said
        assert "it comes with bad-parts 1.0" in said
        assert WHY[name] in said
        assert "Traceback" not in said


def test_a_node_says_whose_strategy_it_can_not_use(tmp_path: Path) -> None:
    cases = {f"--strategy {name} --listen=127.0.0.1:0": name for name in BAD}
    told = asked(tmp_path, "nodes.__main__", [line.split() for line in cases])
    for line, name in cases.items():
        status, said = told[line]
        assert status == 2, said
        assert f"strategy '{name}' of the package bad-parts 1.0 can't be used" in said
        assert WHY[name] in said
        assert "Traceback" not in said


@pytest.mark.parametrize(
    ("program", "option"), [("balancer", "--affinity"), ("nodes", "--strategy")]
)
def test_a_program_that_can_not_use_a_part_ends_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, option: str
) -> None:
    install_bad(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = [sys.executable, "-m", f"sessionlab.{program}", "--listen=127.0.0.1:0"]
    done = subprocess.run(
        [*command, option, "leaving"], text=True, capture_output=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "bad-parts 1.0" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "why"),
    [("raises", "ValueError: no way"), ("empty", "TypeError: it made None, which is no text")],
)
def test_a_report_that_fails_is_named_and_the_others_are_written(
    tmp_path: Path, sessionlab: Run, name: str, why: str
) -> None:
    made = 'def raises(run):\n    raise ValueError("no way")\n\ndef empty(run):\n    pass\n'
    (tmp_path / "bad_reports.py").write_text(made)
    offered = {name: f"bad_reports:{name}" for name in ("raises", "empty")}
    install(tmp_path, "bad-reports", {"sessionlab.reports": offered})
    done = sessionlab("run", "monolith", "--report", f"{name}=-", "--report", "json=result.json")
    assert done.returncode == 3, done.stderr
    assert f"the report '{name}' of bad_reports failed: {why}" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert '"monolith"' in (tmp_path / "result.json").read_text()
