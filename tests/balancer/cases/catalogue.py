"""All cases, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.balancer.cases import of_haproxy, of_nginx, of_others
from tests.balancer.cases.case import Case

if TYPE_CHECKING:
    from types import ModuleType


def of(module: ModuleType) -> list[Case]:
    """The cases of a module, as they stand in it."""
    return [found for found in vars(module).values() if isinstance(found, Case)]


CASES = [*of(of_nginx), *of(of_haproxy), *of(of_others)]
