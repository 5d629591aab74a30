"""The images, built once for all tests here by the script that everybody uses."""

from __future__ import annotations

import subprocess

import pytest

from tests.compose.tools import FOLDER, Images


@pytest.fixture(scope="session")
def images() -> Images:
    built = subprocess.run(
        [FOLDER / "build.sh", "--programs"], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    name = built.stdout.strip()
    return Images(
        inspect(name, "Id"), inspect(name.replace("sessionlab", "sessionlab-programs"), "Id")
    )


def inspect(image: str, what: str) -> str:
    command = ["docker", "image", "inspect", "--format", "{{.%s}}" % what, image]  # noqa: UP031
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
