"""The programs that balancers of somebody else's come as."""

from __future__ import annotations

from typing import Protocol

from sessionlab.lab.errors import StartError

PACKAGES = {"haproxy": "haproxy", "nginx": "nginx-light"}
"""The Debian package of each, by the balancer's name, which is the program's too."""


class Ground(Protocol):
    """What can tell whether a program is there: a fabric, or a sandbox on it."""

    def executable(self, *names: str) -> str | None: ...

    def how_to_get(self, package: str) -> str: ...


def check(balancer: str, ground: Ground) -> None:
    """Raise StartError when that balancer needs a program that is not there."""
    if balancer in PACKAGES:
        program(balancer, ground)


def program(balancer: str, ground: Ground) -> str:
    """The path of the balancer's program; raises StartError when it is not there."""
    found = ground.executable(balancer)
    if found is None:
        raise StartError(
            f"there is no {balancer} for the parts to run",
            ground.how_to_get(PACKAGES[balancer]),
        )
    return found
