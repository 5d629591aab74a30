"""Every key of the format is read, and whatever is wrong is told with its line and its key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sessionlab.lab.errors import UsageError
from sessionlab.lab.recipes.environment import check_environment
from sessionlab.lab.recipes.model import Nobody, Stop
from sessionlab.lab.recipes.reading import PROJECT, RecipeFile, parse, read

HERE = Path(__file__).parent
LEAST = 'name = "x"\n[me]\nget = "/"\nuser = {json = "name"}\n'


def written(folder: Path, text: str, name: str = "sessionlab.toml") -> RecipeFile:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read(path)


def told(folder: Path, text: str, name: str = "sessionlab.toml") -> str:
    """What is said of a recipe, from the line on, and the hint."""
    with pytest.raises(UsageError) as refused:
        written(folder, text, name)
    said = str(refused.value).removeprefix(f"{folder / name}").removeprefix(":")
    return f"{said} | {refused.value.hint}"


def test_every_key_and_every_form_of_the_format_is_read() -> None:
    found = read(HERE / "everything.toml")
    assert found.base.app is not None
    assert found.base.app.env["WORKERS"] == "1"
    assert found.base.app.env["DEBUG"] == "false"
    assert found.base.app.stop == Stop("SIGINT", 5)
    assert found.base.users.list[0] == {
        "name": "alice",
        "password": "{env.ALICE}",
        "shown": "Alice A.",
        "id": "7",
    }
    assert [step.follow for step in found.base.steps("login")] == [0, 0, 10, 10]
    assert found.base.steps("login")[1].take["all"].json == "."
    assert found.base.every.headers["X-Version"] == "3"
    assert found.base.steps("me")[1].json["when"] == "2026-01-01T00:00:00+00:00"
    assert found.base.expect == {"deploy": {"logged_out": 0}, "balancer-restart": {"moved": 2}}


def test_a_variant_is_merged_over_the_base_table_by_table() -> None:
    found = read(HERE / "everything.toml")
    redis, stop = found.variant("redis"), found.variant("stop")
    assert redis.app is not None
    assert redis.app.env["SESSION"] == "redis"
    assert redis.app.env["SECRET"] == "{secret}"
    assert redis.app.stop == Stop("SIGINT")
    assert [step.path for step in redis.steps("me")] == ["/whoami"]
    assert redis.steps("me")[0].nobody == Nobody(401)
    assert stop.app is not None
    assert (stop.app.stop, stop.app.ready) == (Stop("SIGQUIT", 2), "/healthz")
    assert stop.client.kind == "browser"


def test_each_example_of_the_format_is_read() -> None:
    for path in sorted((HERE / "examples").glob("*.toml")):
        assert read(path).base.name == path.stem


def test_a_name_and_me_are_enough(tmp_path: Path) -> None:
    assert written(tmp_path, LEAST).base.users.pattern == "user{number}"


def test_a_folder_s_recipe_is_its_file_or_its_project_s_section(tmp_path: Path) -> None:
    section = LEAST.replace("[me]", "[tool.sessionlab.me]")
    (tmp_path / PROJECT).write_text(f"[project]\nname = 'p'\n[tool.sessionlab]\n{section}")
    assert read(tmp_path).path == tmp_path / PROJECT
    (tmp_path / "sessionlab.toml").write_text(LEAST)
    assert read(tmp_path).path == tmp_path / "sessionlab.toml"


def test_a_base_without_a_command_is_what_its_variants_share(tmp_path: Path) -> None:
    text = LEAST + "[app]\nready = '/'\n[variants.a]\napp.run = ['a']\n[variants.b.app]\n"
    assert told(tmp_path, text).startswith("9: variants.b.app.run is missing")
    found = written(tmp_path, text.replace("[variants.b.app]", ""))
    assert found.variant("a").app is not None


@pytest.mark.parametrize(
    ("stop", "found"),
    [
        ('"SIGINT"', Stop("SIGINT")),
        ('"int"', Stop("SIGINT")),
        ("3", Stop(seconds=3)),
        ('["HUP", 1.5]', Stop("SIGHUP", 1.5)),
        ('{signal = "QUIT"}', Stop("SIGQUIT")),
    ],
)
def test_a_stop_is_a_signal_seconds_or_both(tmp_path: Path, stop: str, found: Stop) -> None:
    app = written(tmp_path, f'{LEAST}[app]\nrun = ["x"]\nstop = {stop}').base.app
    assert app is not None
    assert app.stop == found


def test_json_for_a_socket_is_sent_as_text(tmp_path: Path) -> None:
    (step,) = written(tmp_path, LEAST.replace("get", "json = {a = 1}\nws")).base.steps("me")
    assert step.send == '{"a": 1}'


STEP = 'name = "x"\n[me]\nget = "/"\nuser = {json = "name"}\n[login]\npost = "/in"\n'
WRONG = {
    # keys
    "nme = 1\n" + LEAST: "1: nme is no key here | did you mean name?",
    LEAST + "nobdy = 1\n": "5: me.nobdy is no key here | did you mean nobody?",
    LEAST + "[app]\nrun = ['x']\nenvv = {}": "7: app.envv is no key here | did you mean env?",
    LEAST + 'take.csrf = {htm = "a"}': "5: me.take.csrf.htm is no key here | did you mean html?",
    LEAST + "[users]\nx = 1": (
        "6: users.x is no key here | there are: pattern, password, count, list"
    ),
    LEAST + "[exect]": "5: exect is no key here | did you mean expect?",
    LEAST + "[expect]\ndeploi.moved = 1": "6: expect.deploi is no key here | did you mean deploy?",
    LEAST + "[expect.deploy]\nmovd = 1": (
        "6: expect.deploy.movd is no key here | did you mean moved?"
    ),
    LEAST + "[expect]\ndeploy.moved = 0\nkill.moved = 'x'": (
        "7: expect.kill.moved is text, not a whole number | "
    ),
    LEAST + "[client]\nkind = 'brwser'": (
        "6: client.kind 'brwser' is not known | did you mean browser?"
    ),
    "format = 2\n" + LEAST: "1: format 2 is not known | there are: 1",
    "": " name is missing | it takes `name` and `me`",
    'name = "x"': " me is missing | it takes `name` and `me`",
    # types
    LEAST + '[app]\nrun = "serve -p {port}"': (
        '6: app.run is text, not a list | run = ["serve", "-p", "{port}"]'
    ),
    LEAST + "[app]\nrun = ['x']\nenv.A = {}": "7: app.env.A is a table, not text | ",
    LEAST + "[app]\nrun = [\n 'a',\n 1,\n]": '8: app.run[1] is a whole number, not text | "1"',
    "me = 4\nname = 'x'": "1: me is a whole number, not a table or a list | ",
    LEAST + "expect = '200'": "5: me.expect is text, not a whole number or a list | ",
    LEAST + "expect = [\n200,\n'x']": "7: me.expect[1] is text, not a whole number | ",
    LEAST + "[app]\nrun = ['x']\nready = {}": "7: app.ready.log is missing | ",
    # steps
    STEP + "get = '/x'": (
        "5: login asks for 2 things (get, post) "
        "| one of get, post, put, patch, delete, ws or script"
    ),
    STEP.replace("post", "form.a"): (
        "5: login asks for nothing | one of get, post, put, patch, delete, ws or script"
    ),
    STEP + "json = {}\nform = {}": "5: login has json and form | a request has one body",
    STEP + "until = 'x'": (
        "7: login.until is for a `ws` step | a request has `json`, `form` or `body`"
    ),
    STEP + "user = {json = 'x'}": "7: login.user belongs to `me` | not to `login`",
    STEP + "[read]\nget = '/'": (
        '7: read does not say where the items are | items = {json = "cart"}'
    ),
    STEP + "within = 0": "7: login.within is 0 seconds | more than 0",
    STEP + "expect = [200, 2000]": "7: login.expect 2000 is no status | 100 to 599",
    STEP + "take.a = {json = 'x', html = 'y'}": (
        "7: login.take.a is looked for in 2 places | one of json, regex, html, header, cookie, sse"
    ),
    STEP + "take.a = {}": (
        "7: login.take.a is looked for nowhere | one of json, regex, html, header, cookie, sse"
    ),
    STEP + "take.a = {regex = '('}": (
        "7: login.take.a.regex '(' is no regular expression: missing ), unterminated subpattern"
        " at position 0 | "
    ),
    STEP.replace("/in", "in"): "6: login.post 'in' is no path | /in",
    STEP.replace("/in", "http://other.example/in"): (
        "6: login.post other.example cannot be reached: requests stay with the app | "
        "hosts = ['other.example'] lets it leave the app"
    ),
    STEP.replace("post", "script"): "6: login.script '/in' names no function | module:function",
    'name = "x"\n[[me]]\nget = "/"\nuser = {json = "a"}\n[[me]]\nget = "/"': (
        "4: me[0].user is looked for in the last step only | move it there"
    ),
    'name = "x"\n[[me]]\nget = "/"\n[[me]]\nget = "/"': (
        '4: me[1] does not say where the user is named | user = {json = "name"}'
    ),
    'name = "x"\nme = []': "2: me has no step | give it one, or leave it out",
    # around them
    LEAST + "[node]\nheader = 'a'\njson = 'b'": (
        "5: node is looked for in 2 places | one of header, json, cookie"
    ),
    LEAST + "[users]\ncount = 0": "6: users.count is 0 | 1 or more",
    LEAST + "[users]\nlist = [\n{name = 'a'},\n{nam = 'b'}]": (
        "8: users.list[1] has no name | {name = …, password = …}"
    ),
    LEAST + "[app]": '5: app.run is missing | the command of one copy: run = ["…", "{port}"]',
    LEAST + "[app]\nrun = ['x']\nready = 'x'": (
        '7: app.ready \'x\' is no path | "/healthz", "tcp", {log = "…"}'
    ),
    LEAST + "[app]\nimage = 'i'\nrun = ['x', '127.0.0.1:{port}']": (
        "7: app.run 127.0.0.1 is not reached from outside a container | {host}"
    ),
    LEAST + "[app]\nrun = ['x']\nstop = 'SIGTREM'": (
        "7: app.stop 'SIGTREM' is no signal | did you mean SIGTERM?"
    ),
    # variants
    LEAST + "[variants.a]\nclient.kind = 'x'": (
        "6: variants.a.client.kind 'x' is not known | there are: browser, no-jar, plain"
    ),
    LEAST + "[variants.a.me]\npost = '/'": (
        "5: variants.a.me asks for 2 things (get, post) | "
        "one of get, post, put, patch, delete, ws or script"
    ),
    LEAST + "[write]\npost = '/{csrf}'\n[login]\nget = '/'\ntake.csrf = {html = 'c'}\n"
    "[variants.a]\nlogin = [{post = '/'}]": (
        "6: write.post nothing sets {csrf} in the variant a | "
        "a literal is written {{csrf}}; `take.csrf = {…}` sets one"
    ),
}


@pytest.mark.parametrize("text", WRONG, ids=WRONG.values())
def test_what_is_wrong_is_told_with_its_line_its_key_and_what_would_be_right(
    tmp_path: Path, text: str
) -> None:
    assert told(tmp_path, text) == WRONG[text]


def test_a_line_in_a_project_s_file_is_that_file_s(tmp_path: Path) -> None:
    text = "[project]\nname = 'p'\n\n[tool.sessionlab]\nname = 'x'\nnme = 1\n"
    assert told(tmp_path, text, PROJECT) == "6: nme is no key here | did you mean name?"


@pytest.mark.parametrize("text", ["", "tool = 1", "[tool]\nsessionlab = 5", "[tool.sessionlab]"])
def test_a_project_without_a_section_is_told_how_to_get_one(tmp_path: Path, text: str) -> None:
    said = " has no [tool.sessionlab] | `sessionlab init` writes a recipe"
    assert told(tmp_path, text, PROJECT) == said


def test_a_file_that_is_not_there_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*/sessionlab\.toml: No such file"):
        read(tmp_path)
    assert told(tmp_path, "a = ").startswith(" is no TOML: Invalid value (at ")
    assert "(at line 2, column 9)" in told(tmp_path, 'name = "a"\nname = 1\n')
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="is no TOML"):
        read(tmp_path / "binary")
    assert told(tmp_path, f"a = {'[' * 5000}") == " is nested too deeply | "


def test_a_variant_that_there_is_not_is_told_the_nearest(tmp_path: Path) -> None:
    found = written(tmp_path, LEAST + "[variants.redis]\n[variants.memory]\n")
    with pytest.raises(UsageError) as near:
        found.variant("rediss")
    assert near.value.hint == "did you mean redis?"
    with pytest.raises(UsageError) as far:
        found.variant("x")
    assert far.value.hint == "there are: redis, memory"


def test_a_table_that_was_made_has_no_lines() -> None:
    with pytest.raises(UsageError, match=r"^here/made: me\.gte is no key here$"):
        parse({"name": "x", "me": {"gte": "/"}}, Path("here/made"))


def test_what_the_environment_lacks_is_named_when_it_is_needed(tmp_path: Path) -> None:
    text = LEAST + '[users]\npassword = "{env.B}{env.HAS}"\n[every.query]\na = "{env.A}{env.C?}"\n'
    text += '[variants.a]\nevery.query.a = "{env.OF_A_VARIANT}"\n'
    recipe = written(tmp_path, text).base
    check_environment(recipe.users, {"B": "", "HAS": ""})
    with pytest.raises(UsageError, match=re.escape("the recipe takes A, B from")) as refused:
        check_environment(recipe, {"HAS": "1"})
    assert refused.value.hint == "export A=… B=…"
