"""Which image a checkout's parts run in: one of its own state, or it is built."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.fabrics.docker import image
from tests.compose.conftest import images as images  # noqa: PLC0414  the fixture
from tests.compose.tools import FOLDER, Images

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("recipe", [image.OURS, image.PROGRAMS])
def test_a_checkout_can_build_its_images(
    recipe: image.Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(recipe.variable, raising=False)
    assert recipe.is_ours_to_build
    assert image.CHECKOUT.samefile(FOLDER.parent)


def test_an_installed_sessionlab_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "CHECKOUT", tmp_path)
    assert not image.OURS.is_ours_to_build


def test_a_change_of_any_program_makes_another_state(tmp_path: Path) -> None:
    (tmp_path / "nodes" / "web").mkdir(parents=True)
    (tmp_path / "requirements.txt").touch()
    before = image.source(tmp_path)
    (tmp_path / "nodes" / "web" / "node.py").write_text("PORT = 1")
    assert image.source(tmp_path) != before


@pytest.mark.docker
def test_the_build_script_and_the_lab_agree_on_the_state(images: Images) -> None:
    label = '{{index .Config.Labels "sessionlab.source"}}'
    command = ["docker", "image", "inspect", "--format", label, images.sessionlab]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert said == image.source()
