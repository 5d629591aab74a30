"""Reading an experiment: what is wrong with one is told before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.errors import UsageError
from sessionlab.lab.experiment.reading import Read, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GOOD = """\
name = "mine"
seed = 7
[cluster]
strategy = "memory"
affinity = "cookie"
[workload]
users = 20
seconds = 3
think = 0.05
"""
KILL = '[[fault]]\nfault = "kill-node"\ndely = 1\n'
WRONG = {
    "": " name is missing | it takes `name` and `workload`",
    'name = "x"\n[workload': "  is no TOML: Expected ']' at the end of a table"
    " declaration (at end of document) | ",
    GOOD + "life = 5": ":10 workload.life is a whole number, not a table | ",
    GOOD + "user = 5": ":10 workload.user is no key here | did you mean users?",
    GOOD.replace("users = 20", "users = 0"): ":7 workload.users a workload of 0 users shows"
    " nothing | users = 1 to 100,000",
    GOOD.replace("seconds = 3", "seconds = 0"): ":8 workload.seconds a workload of 0 s shows"
    " nothing | seconds = 10",
    GOOD.replace("mine", "../mine"): ":1 name '../mine' cannot be a folder's name | take letters,"
    " digits, and - _ . between them",
    GOOD.replace("memory", "memroy"): ":4 cluster.strategy 'memroy' is not known | did you mean"
    " memory?",
    GOOD.replace('"cookie"', '"learn"'): ":5 cluster.affinity 'learn' is not known | it is"
    " learn:NAME",
    GOOD.replace("affinity", "afinity"): ":5 cluster.afinity is no key here | did you mean"
    " affinity?",
    GOOD.replace(
        "[work", f"nodes = {10**18}\n[work"
    ): ":3 service 'app' was given 1000000000000000000 nodes | ask for 1 to 500",
    GOOD + "[bounds]\nlsot = 0": ":11 no check has a figure 'lsot' | did you mean lost?",
    GOOD + '[bounds]\nlost = "few"': ':11 lost = \'few\' is no bound | write 5, "<= 5", "< 50'
    ' ms" or ">= 99.9 %"',
    GOOD + '[checks]\nonly = ["continuity", "latency"]\n[bounds]\nlost = 0\nmoves = "<= 5"': ":14"
    " moves is a figure of the check affinity, which `only` leaves out | add 'affinity' to it, or"
    " leave the bound out",
    GOOD + '[checks]\nonly = ["contiunity"]': ":11 checks.only[0] 'contiunity' is no check | did"
    " you mean continuity?",
    GOOD + "[matrix]\nnodes = []": ":10 matrix has an axis without a value | leave that out",
    GOOD + KILL: ":10 fault[1].at: is missing | it takes `fault` and `at`",
    GOOD
    + KILL
    + "at = 1": ":12 fault[1].dely: 'dely' is not known | there are: fault, at, for, part",
    GOOD
    + KILL.replace("dely", "at")
    + KILL: ":13 fault[2].at: is missing | it takes `fault` and `at`",
    GOOD + KILL.replace('kill-node"\ndely', 'little-cpu"\nat'): ":10 little-cpu n3 at 1 s can't be"
    " done: the fabric local can't: --fabric docker | ",
    GOOD
    + KILL.replace("kill-node", "kill-nod").replace(
        "dely", "at"
    ): ":11 fault[1].fault: 'kill-nod' is not known | did you mean kill-node?",
    GOOD + KILL.replace("dely = 1", "at = 9"): ":12 fault[1].at: 9 s is more than the 3 s that"
    " there are | ",
    GOOD + KILL.replace('kill-node"\ndely', 'stop-redis"\nat'): ":10 stop-redis redis at 1 s can't"
    " be done: there is no redis in this cluster | ",
    GOOD + "[faults]\ncuont = 1": ":11 faults.cuont: is no key here | did you mean count?",
    GOOD + '[matrix]\naffinity = ["none", "coookie"]': ":11 matrix.affinity[1] 'coookie' is not"
    " known | did you mean cookie?",
}


def written(folder: Path, text: str) -> Path:
    path = folder / "x.toml"
    path.write_text(text)
    return path


def told(folder: Path, text: str) -> str:
    """`:LINE message | hint` of what is refused."""
    with pytest.raises(UsageError) as refused:
        read(written(folder, text), 1)
    said = str(refused.value).removeprefix(str(folder / "x.toml"))
    line, _, words = said.partition(": ") if said.startswith(":") else ("", "", said)
    return f"{line} {words.removeprefix(': ')} | {refused.value.hint}"


def good(folder: Path, more: str = "", over: Mapping[str, object] | None = None) -> Read:
    return read(written(folder, GOOD + more), 1, over)


@pytest.mark.parametrize("text", WRONG, ids=WRONG.values())
def test_what_is_wrong_is_told_with_its_line_its_key_and_what_would_be_right(
    tmp_path: Path, text: str
) -> None:
    assert told(tmp_path, text) == WRONG[text]


def test_an_app_whose_users_need_a_script_is_refused_for_nothing_of_a_run_may_call_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "shop.toml").write_text(
        'name = "shop"\napp.run = ["true"]\nlogin.script = "shop:login"\nme.get = "/"\n'
        'me.user = {json = "name"}\n'
        'end_all.script = "shop:end"\n'
    )
    text = GOOD.replace('strategy = "memory"', 'app = "shop.toml"')
    assert told(tmp_path, text) == (
        f":3 {tmp_path / 'shop.toml'}: `login` is a script (shop:login), and none is run here | say"
        " it by requests, or prove the app with `sessionlab check --allow-script`"
    )
