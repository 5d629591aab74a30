"""The configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer.__main__ import main
from sessionlab.balancer.config import file
from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def write(directory: Path, text: str) -> str:
    path = directory / "balancer.toml"
    path.write_text(text)
    return str(path)


def test_options_and_services_are_read(tmp_path: Path) -> None:
    given = file.read(
        write(
            tmp_path,
            """
            backend = ["auth/a=127.0.0.1:1", "shop/b=127.0.0.1:2"]
            route = ["/auth=auth", "/=shop"]
            idle-timeout = 5
            affinity = "cookie"
            [service.shop]
            algorithm = "least-connections"
            affinity = "learn:sid"
            """,
        )
    )
    config = configure(Options(**given.options), given.services)
    assert config.timeouts.idle == 5
    assert (config.policy("auth").affinity, config.policy("auth").algorithm) == (
        "cookie",
        "round-robin",
    )
    assert (config.policy("shop").affinity, config.policy("shop").algorithm) == (
        "learn:sid",
        "least-connections",
    )


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "colour = 'red'",
        "idle_timeout = 'long'",
        "idle_timeout = true",
        "backend = 'a=127.0.0.1:1'",
        "backend = [1]",
        "workers = 1.5",
        "service = 1",
        "service.a = 1",
        "[service.a]\nlisten = 'x'",
        "config = 'other.toml'",
        "workers = 0",
        "workers = 1000",
        "[service.a]\ntable_entries = -5",
        "[service.a]\ncookie-max-idle = nan",
    ],
)
def test_what_makes_no_sense_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="--config"):
        file.read(write(tmp_path, text))


def test_a_missing_file_and_a_bad_value_end_with_2(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capfd.readouterr().err
    assert main(["--config", write(tmp_path, "backend = ['nowhere']")]) == 2
    assert "nowhere" in capfd.readouterr().err


def test_a_service_that_nothing_names_and_services_without_routes_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for text, said in [
        ("backend = ['a=127.0.0.1:1']\n[service.typo]\naffinity = 'cookie'", "there are app"),
        ("backend = ['x/a=127.0.0.1:1', 'y/a=127.0.0.1:2']", "--route /x=x --route /=y"),
        ("backend = ['x/a=127.0.0.1:1']\ndiscover = ['y/h:80']", "services x, y without routes"),
        (
            "backend = ['a=127.0.0.1:1']\nroute = ['/x=nosuch']\nadmin = 'none'",
            "/x=nosuch",
        ),
    ]:
        assert main(["--config", write(tmp_path, text)]) == 2, text
        assert said in capfd.readouterr().err, text
    given = file.read(write(tmp_path, "[service.shop]\naffinity = 'cookie'"))
    assert configure(Options(), given.services).services() == ["shop"], "its backends may come"


def test_the_command_line_goes_before_the_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "algorithm = 'nonsense'\nbackend = ['nowhere']")
    assert main(["--config", path, "--backend", "a=127.0.0.1:1", "--algorithm", "worse"]) == 2
    assert "'worse'" in capfd.readouterr().err
