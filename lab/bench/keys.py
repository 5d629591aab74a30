"""What a key means: an action, and then the part that it is for."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.bench.actions import ACTIONS, targets
from sessionlab.lab.cluster.inventory import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.cluster.inventory import PartState

LETTERS = {Kind.BALANCER: "b", Kind.REDIS: "r"}
ESCAPE, ENTER, BACKSPACE = "\x1b", "\r\n", "\x7f\b"
MOST = 8  # keys that somebody presses at once; more are a paste
REST = 0.1  # seconds in which the rest of one still comes
PASTE = "\x1b[200~"  # begins one, where a terminal brackets them
KEYS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[@-~]|.", re.DOTALL)
"""Control sequences (ECMA-48, 5.4), keys of a terminal in its application mode, and the rest."""


@dataclass(slots=True)
class Keys:
    """Takes keys; `prompt` is what it waits for with, empty when it waits for none.

    `act` gets an action and its part, `say` a line for the person, `leave` ends it all.
    """

    parts: Callable[[], list[PartState]]
    act: Callable[[str, str], None]
    say: Callable[[str], None]
    leave: Callable[[], None]
    action: str = ""
    typed: str = ""
    now: Callable[[], float] = time.monotonic
    deaf_until: float = 0.0

    @property
    def prompt(self) -> str:
        if not self.action:
            return ""
        there = " ".join(_label(part) for part in targets(ACTIONS[self.action], self.parts()))
        return f"{self.action} which? ({there}; Esc: none) {self.typed}"

    def press(self, keys: str) -> None:
        """What was typed at once, as keys; arrows and the like are one escape sequence each.

        A paste is no keys, nor is what follows it at once.
        """
        pressed = KEYS.findall(keys)
        if len(pressed) > MOST or PASTE in pressed or self.now() < self.deaf_until:
            self.action = self.typed = ""
            self.deaf_until = self.now() + REST
            return
        for key in pressed:
            if key[0] == ESCAPE:
                self.action = self.typed = ""
            elif self.action:
                self._choose(key)
            else:
                self._begin(key)

    def _begin(self, key: str) -> None:
        if key == "q":
            self.leave()
        elif key in "?h":
            for name, action in ACTIONS.items():
                self.say(f"  {action.key}  {name:<7}  {action.does}")
            self.say("  q  quit    (Ctrl-C does as well)")
        for name, action in ACTIONS.items():
            if action.key != key:
                continue
            if action.to.keys() <= {Kind.BALANCER}:  # there is nothing to choose
                self.act(name, "".join(action.to))
            elif targets(action, self.parts()):
                self.action = name
            else:
                self.say(f"there is nothing to {name} now")

    def _choose(self, key: str) -> None:
        if key in BACKSPACE:
            self.typed = self.typed[:-1]
            return
        names = {_label(part): part.name for part in self.parts()}
        if key not in ENTER:
            self.typed += key
            if any(label != self.typed and label.startswith(self.typed) for label in names):
                return  # 1, and there are 10 and more
        if self.typed in names:
            self.act(self.action, names[self.typed])
        elif self.typed:
            what = "node" if self.typed.isdigit() else "part"
            self.say(f"there is no {what} {ascii(self.typed)[1:-1]}")
        self.action = self.typed = ""


def _label(part: PartState) -> str:
    """What one types for it: a node's number, a letter for the others."""
    number = re.search(r"\d+$", part.name)
    return LETTERS.get(part.kind) or (number.group() if number else part.name)
