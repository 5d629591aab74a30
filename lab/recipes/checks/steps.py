"""What is wrong with one step: a rule a function."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from sessionlab.lab.recipes.checks.fault import Fault
from sessionlab.lab.recipes.model import METHODS, Node, Recipe, Step, Take
from sessionlab.lab.recipes.variables import template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sessionlab.lab.recipes.places import Keys

ASKS = (*METHODS, "ws", "script")
BODIES = ("json", "form", "body")
OF_A_SOCKET = ("send", "until", "reply")
BELONGS = {"user": "me", "nobody": "me", "items": "read"}
LEAST_STATUS = 100
_HOST = re.compile(
    r"[a-z][a-z+]*://(?:[^/?#]*@)?(?P<place>(?P<host>\[[^]]*\]|[^/?#:]*)[^/?#]*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Place:
    """A step in its recipe."""

    recipe: Recipe
    conversation: str
    step: Step
    keys: Keys
    last: bool

    def fault(self, says: str, hint: str, *keys: str) -> Fault:
        return Fault((*self.keys, *keys), says, hint)


def step_faults(place: Place) -> Iterator[Fault]:
    """All that is wrong with it; only that it asks for nothing, where it does."""
    nothing = list(_one_request(place))
    yield from nothing
    if not nothing:
        for rule in RULES:
            yield from rule(place)


def _one_request(place: Place) -> Iterator[Fault]:
    asked = [name for name in ASKS if getattr(place.step, name)]
    if len(asked) != 1:
        says = f"asks for {len(asked)} things ({', '.join(asked)})" if asked else "asks for nothing"
        yield place.fault(says, f"one of {', '.join(METHODS)}, ws or script")


def _reachable(place: Place) -> Iterator[Fault]:
    """A path of the app's, or a URL of a host that the recipe names."""
    path, hosts, key = place.step.path, place.recipe.hosts, place.step.method.lower()
    if place.step.script:
        if not re.fullmatch(r"[\w.]+:[\w.]+", path):
            yield place.fault(f"{path!r} names no function", "module:function", key)
        return
    found = _HOST.match(path)
    if found is None:
        if not path.startswith(("/", "{", "?")):
            yield place.fault(f"{path!r} is no path", f"/{path}", key)
        return
    named = {found["host"], found["place"]} & set(hosts)
    unsure = any(template(text).variables for text in (found["place"], *hosts))
    if not named and not unsure:
        hint = f"hosts = [{found['host']!r}] lets it leave the app"
        says = f"{found['host']} cannot be reached: requests stay with the app"
        yield place.fault(says, hint, key)


def _one_body(place: Place) -> Iterator[Fault]:
    bodies = [name for name in BODIES if getattr(place.step, name) is not UNSET]
    if len(bodies) > 1:
        yield place.fault(f"has {' and '.join(bodies)}", "a request has one body")
    elif bodies and place.step.ws:
        yield place.fault("is for a request", "a socket is told `send`", bodies[0])


def _of_a_socket(place: Place) -> Iterator[Fault]:
    for name in OF_A_SOCKET:
        if getattr(place.step, name) and not place.step.ws:
            hint = "a request has `json`, `form` or `body`"
            yield place.fault("is for a `ws` step", hint, name)


def _belongs(place: Place) -> Iterator[Fault]:
    for name, where in BELONGS.items():
        if getattr(place.step, name) and place.conversation != where:
            yield place.fault(f"belongs to `{where}`", f"not to `{place.conversation}`", name)


def _user_at_the_end(place: Place) -> Iterator[Fault]:
    if place.conversation != "me" or place.step.script:
        return
    if place.last and place.step.user is None:
        yield place.fault("does not say where the user is named", 'user = {json = "name"}')
    if not place.last and place.step.user:
        yield place.fault("is looked for in the last step only", "move it there", "user")


def _numbers(place: Place) -> Iterator[Fault]:
    step = place.step
    if not step.within > 0:
        yield place.fault(f"is {step.within:g} seconds", "more than 0", "within")
    for name in ("follow", "events"):
        if getattr(step, name) < 0:
            yield place.fault(f"is {getattr(step, name)}", "0 or more", name)


def _statuses(place: Place) -> Iterator[Fault]:
    """A WebSocket is also closed with a code (RFC 6455, 7.4)."""
    most = 4999 if place.step.ws else 599  # RFC 9110, 15
    nobody = place.step.nobody.status if place.step.nobody else UNSET
    for given, keys in ((place.step.expect, ("expect",)), (nobody, ("nobody", "status"))):
        for status in given if isinstance(given, list) else [given]:
            if status is not UNSET and not LEAST_STATUS <= status <= most:
                hint = f"{LEAST_STATUS} to {most}"
                yield place.fault(f"{status} is no status", hint, *keys)


def _takes(place: Place) -> Iterator[Fault]:
    finds: dict[tuple[str, ...], Take] = {
        ("take", name): take for name, take in place.step.take.items()
    }
    for name in ("user", "items"):
        if take := getattr(place.step, name):
            finds[(name,)] = take
    for keys, take in finds.items():
        yield from one_place(take, (*place.keys, *keys))


def _regexes(place: Place) -> Iterator[Fault]:
    step = place.step
    yield from regex(step.until, (*place.keys, "until"))
    for pattern in step.reply:
        yield from regex(pattern, (*place.keys, "reply", pattern))
    if step.nobody:
        yield from regex(step.nobody.path, (*place.keys, "nobody", "path"))
        yield from regex(step.nobody.body, (*place.keys, "nobody", "body"))


RULES: tuple[Callable[[Place], Iterator[Fault]], ...] = (
    _reachable,
    _one_body,
    _of_a_socket,
    _belongs,
    _user_at_the_end,
    _numbers,
    _statuses,
    _takes,
    _regexes,
)


def one_place(take: Take | Node, keys: Keys) -> Iterator[Fault]:
    """What is looked for has to be in one place."""
    names = take.__struct_fields__
    given = [name for name in names if getattr(take, name)]
    if len(given) != 1:
        says = f"is looked for in {len(given)} places" if given else "is looked for nowhere"
        yield Fault(keys, says, f"one of {', '.join(names)}")
    elif given == ["regex"]:
        yield from regex(getattr(take, "regex", ""), (*keys, "regex"))


def regex(pattern: str, keys: Keys) -> Iterator[Fault]:
    """A pattern may hold variables: what they stand for is text."""
    try:
        re.compile(template(pattern).fill(lambda _: "x") or "")
    except (re.error, OverflowError, RecursionError) as error:
        yield Fault(keys, f"{pattern!r} is no regular expression: {error}")
