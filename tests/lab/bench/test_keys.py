"""What keys mean."""

from __future__ import annotations

import pytest

from sessionlab.lab.bench.actions import ACTIONS
from sessionlab.lab.bench.keys import Keys
from sessionlab.lab.cluster.inventory import Kind, PartState, State

DEAD = "n2"


class Bench:
    def __init__(self, nodes: int = 3) -> None:
        self.parts = [
            PartState(f"n{n}", Kind.NODE, "", State.ENDED if f"n{n}" == DEAD else State.RUNNING)
            for n in range(1, nodes + 1)
        ]
        self.parts.append(PartState("balancer", Kind.BALANCER, "", State.RUNNING))
        self.parts.append(PartState("redis", Kind.REDIS, "", State.RUNNING))
        self.heard: list[str] = []
        self.clock = 1000.0
        self.keys = Keys(
            lambda: self.parts,
            lambda name, part: self.heard.append(f"{name} {part}".rstrip()),
            self.heard.append,
            lambda: self.heard.append("left"),
            now=lambda: self.clock,
        )


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("k1", ["kill n1"]),
        ("k2", ["kill n2"]),  # dead already: the hands say so
        ("kb", ["kill balancer"]),
        ("xr", ["stop redis"]),
        ("a", ["add"]),
        ("b", ["restart balancer"]),
        ("t", ["there is nothing to thaw now"]),
        ("k9", ["there is no node 9"]),
        ("kz", ["there is no part z"]),
        ("k\x7f\n", []),
        ("q", ["left"]),
        ("zzz \r\n5", []),
        ("k\x1bk1", ["kill n1"]),
        ("k\x1b", []),
        ("k1\x1b", ["kill n1"]),
        ("\x1b[A\x1bOPk1", ["kill n1"]),
        ("k\x1b[1;5Ak3", ["kill n3"]),
    ],
)
def test_keys_say_what_to_do_and_to_what(typed: str, heard: list[str]) -> None:
    bench = Bench()
    bench.keys.press(typed)
    assert bench.heard == heard
    assert bench.keys.prompt == ""


def test_a_prompt_shows_what_there_is_to_choose_and_escape_takes_it_back() -> None:
    bench = Bench()
    bench.keys.press("k")
    assert bench.keys.prompt == "kill which? (1 3 b; Esc: none) "
    bench.keys.press("\x1b")
    assert (bench.keys.prompt, bench.heard) == ("", [])
    bench.keys.press("\x1b[A")
    assert bench.heard == []


@pytest.mark.parametrize(
    "chunks",
    [
        ["a" * 300],
        ["\x1b[200~kkk111", "k1"],  # bracketed, in two reads
        ["The balancer sends load", " again"],
    ],
)
def test_a_paste_is_no_keys_nor_is_its_rest(chunks: list[str]) -> None:
    bench = Bench()
    for chunk in chunks:
        bench.keys.press(chunk)
    assert (bench.heard, bench.keys.prompt) == ([], "")
    bench.clock += 1
    bench.keys.press("a")
    assert bench.heard == ["add"]


def test_a_number_that_another_begins_with_waits_for_more_or_for_enter() -> None:
    bench = Bench(nodes=12)
    bench.keys.press("k1")
    assert bench.keys.prompt.endswith(" 1")
    bench.keys.press("\n")
    bench.keys.press("k12")
    bench.keys.press("k3")
    assert bench.heard == ["kill n1", "kill n12", "kill n3"]


def test_every_key_is_one_action_s_and_help_tells_it_in_80_columns() -> None:
    assert len({action.key for action in ACTIONS.values()} | set("q?h")) == len(ACTIONS) + 3
    bench = Bench()
    bench.keys.press("?")
    assert len(bench.heard) == len(ACTIONS) + 1
    assert max(map(len, bench.heard)) <= 80
    assert "  b  restart  the balancer ends and starts again" in "\n".join(bench.heard)
