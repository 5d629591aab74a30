"""What a key means: an action, and then the part that it is for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sessionlab.lab.bench.actions import ACTIONS, Action, targets
from sessionlab.lab.cluster.inventory import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sessionlab.lab.cluster.inventory import PartState

LETTERS = {Kind.BALANCER: "b", Kind.REDIS: "r"}
ESCAPE, ENTER = "\x1b", ("\r", "\n")


class Keys:
    """Takes keys; `prompt` is what it waits for with, empty when it waits for none.

    `act` gets an action and its part, `say` a line for the person, `leave` ends it all.
    """

    def __init__(
        self,
        parts: Callable[[], list[PartState]],
        act: Callable[[str, str], None],
        say: Callable[[str], None],
        leave: Callable[[], None],
    ) -> None:
        self._parts = parts
        self._act = act
        self._say = say
        self._leave = leave
        self._action = ""
        self._typed = ""

    @property
    def prompt(self) -> str:
        if not self._action:
            return ""
        action = ACTIONS[self._action]
        there = " ".join(_label(part) for part in targets(action, self._parts()))
        return f"{self._action} which? ({there}; Esc: none) {self._typed}"

    def press(self, keys: str) -> None:
        """What was typed at once; arrows and the like come as one escape sequence."""
        if keys.startswith(ESCAPE):
            self._forget()
            return
        for key in keys:
            if self._action:
                self._choose(key)
            else:
                self._begin(key)

    def _begin(self, key: str) -> None:
        if key == "q":
            self._leave()
        elif key in "?h":
            for line in described():
                self._say(line)
        for name, action in ACTIONS.items():
            if action.key == key:
                self._ask(name, action)

    def _ask(self, name: str, action: Action) -> None:
        if set(action.to) <= {Kind.BALANCER}:  # there is nothing to choose
            self._act(name, Kind.BALANCER.value if action.to else "")
        elif targets(action, self._parts()):
            self._action = name
        else:
            self._say(f"there is nothing to {name} now")

    def _choose(self, key: str) -> None:
        names = {_label(part): part.name for part in self._parts()}
        if key in ("\x7f", "\b"):
            self._typed = self._typed[:-1]
            return
        if key not in ENTER:
            self._typed += key
            if not (key.isdigit() or self._typed in names):
                self._say(f"there is no part {ascii(self._typed)[1:-1]}")
                self._forget()
                return
            if any(label != self._typed and label.startswith(self._typed) for label in names):
                return  # 1, and there are 10 and more
        if self._typed in names:
            self._act(self._action, names[self._typed])
        elif self._typed:
            self._say(f"there is no node {self._typed}")
        self._forget()

    def _forget(self) -> None:
        self._action = self._typed = ""


def described() -> Iterator[str]:
    """What there is to press."""
    for name, action in ACTIONS.items():
        yield f"  {action.key}  {name:<8}{action.does}"
    yield "  q  quit    (Ctrl-C does as well)"


def _label(part: PartState) -> str:
    """What one types for it: a node's number, a letter for the others."""
    number = re.search(r"\d+$", part.name)
    return LETTERS.get(part.kind) or (number.group() if number else part.name)
