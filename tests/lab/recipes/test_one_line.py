from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes import one_line
from sessionlab.lab.recipes.reading import parse

LINES = {
    "login": "POST /login username={user} password={password}",
    "me": "GET /whoami json:user",
    "write": "POST /cart 'item=a {item}'",
    "read": r"GET /cart 'regex:<li>(\w+)\s'",
    "logout": None,
}


def test_a_recipe_is_made_of_lines_and_written_as_a_file_that_says_the_same() -> None:
    raw = one_line.recipe("gunicorn -b '{host}:{port}' shop:app", "shop", **LINES)
    recipe = parse(raw, Path("sessionlab.toml")).base
    assert recipe.app
    assert recipe.app.run == ["gunicorn", "-b", "{host}:{port}", "shop:app"]
    (login,) = recipe.steps("login")
    assert (login.method, login.path) == ("POST", "/login")
    assert login.form == {"username": "{user}", "password": "{password}"}
    assert recipe.steps("me")[0].user
    assert not recipe.steps("logout")
    assert tomllib.loads(one_line.written(raw)) == raw


@pytest.mark.parametrize(
    "line", ["/whoami", "FETCH /whoami json:user", "GET", "GET /whoami user", "GET '/whoami"]
)
def test_a_line_that_is_no_request_is_refused_with_an_example(line: str) -> None:
    with pytest.raises(UsageError) as refused:
        one_line.recipe("shop", "shop", me=line)
    assert "--me" in str(refused.value)
