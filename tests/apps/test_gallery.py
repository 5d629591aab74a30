"""What `sessionlab check` finds out about real apps is what their users ran into."""

from __future__ import annotations

import pytest

from sessionlab.lab.recipes.reading import read
from tests.apps import gallery
from tests.apps.gallery import APPS, Expected
from tests.installed import needs

ROOMS = gallery.names()


@pytest.mark.parametrize("app", ROOMS)
def test_a_recipe_is_read_and_each_variant_is_expected_to_do_something(app: str) -> None:
    known = {gallery.BASE, *read(APPS / app).variants}
    assert {wanted.variant for wanted in gallery.expected() if wanted.app == app} == known


@pytest.mark.parametrize("app", ROOMS)
def test_an_app_is_read_in_a_minute_and_names_its_issues(app: str) -> None:
    for source in (*(APPS / app).glob("*.py"), *(APPS / app).glob("*.js")):
        assert len(source.read_text(encoding="utf-8").splitlines()) <= 60
    assert "#" in (APPS / app / "README.md").read_text(encoding="utf-8").partition("Public:")[2]


@pytest.mark.parametrize("app", ROOMS)
def test_pins_have_hashes_and_name_no_registry(app: str) -> None:
    (pins,) = (path for name in gallery.PINS if (path := APPS / app / name).exists())
    text = pins.read_text(encoding="utf-8")
    assert ("--hash=sha256:" if pins.suffix == ".txt" else '"integrity": "sha512-') in text
    assert "registry" not in text
    assert '"resolved"' not in text


@pytest.mark.gallery
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(one, marks=[needs("npm")] if one.uses_npm else [], id=str(one))
        for one in gallery.expected()
    ],
)
def test_users_fare_as_expected(wanted: Expected) -> None:
    if gap := gallery.set_up(wanted.app):
        pytest.fail(gap)
    said = gallery.check(wanted)
    seen = [step["saw"] for step in said["control"]["steps"] if step["passed"] is False]
    assert bool(seen) == bool(wanted.control), seen
    assert wanted.control in "".join(seen)
    found = {(cell["affinity"], cell["ordeal"]): cell for cell in said["cells"]}
    assert {
        at: gallery.word(found[at]["users"], word) if at in found else "not tried"
        for at, word in wanted.cells.items()
    } == wanted.cells, [cell["why"] for cell in found.values()]
    lives_in = said["diagnosis"]["sessions_live_in"]
    assert lives_in == (wanted.lives_in or lives_in)
