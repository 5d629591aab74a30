"""`[expect]`: at most so many users may fare like that in an ordeal.

A recipe that says which `affinity` production uses is held to its bounds under that one; else they
hold under each that was tried. What the command line left out is not judged. A bound is met when no
user whose verdict is unknown could break it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.check.results import Bound, Cell
from sessionlab.lab.cluster.processes import how_ended
from sessionlab.lab.verdicts.cart import unknown_writes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sessionlab.lab.recipes.model import Recipe


def bounds(recipe: Recipe, cells: Sequence[Cell]) -> Iterator[Bound]:
    """Every bound of the recipe that has a cell."""
    mine = [cell for cell in cells if recipe.affinity in ("", cell.affinity)]
    for ordeal, limits in recipe.expect.items():
        of_it = [cell for cell in mine if cell.ordeal == ordeal]
        for name, limit in limits.items() if of_it else ():
            met = [_met(cell, name, limit) for cell in of_it]
            saw = ", ".join(f"{cell.affinity}: {_said(cell, name)}" for cell in of_it)
            yield Bound(f"{ordeal}.{name} <= {limit}", _all(met), saw)


def notes(recipe: Recipe, cells: Sequence[Cell]) -> Iterator[str]:
    """What nobody is to take for judged."""
    tried = {cell.affinity for cell in cells}
    if recipe.expect and tried and recipe.affinity and recipe.affinity not in tried:
        yield f"[expect] is for affinity {recipe.affinity}, which was not tried"
    elif left := [name for name in recipe.expect if name not in {cell.ordeal for cell in cells}]:
        yield f"[expect] was not looked at for what was not tried: {', '.join(left)}"
    if ended := list(dict.fromkeys(_ends(cells))):
        yield f"Copies ended by themselves, and were started again: {', '.join(ended)}."
    if said := [one for cell in cells for one in unknown_writes(cell.history)]:
        yield said[0]
    asked = [op for cell in cells for op in cell.history if op.who == "user"]
    if asked and all(op.node is None for op in asked):
        yield (
            "Nothing says which copy answers, so who moved to another counts as kept: `node` in"
            " the recipe may say it."
        )


def _ends(cells: Sequence[Cell]) -> Iterator[str]:
    for cell in cells:
        for event in cell.events:
            if event.kind == "node.ended":
                how = how_ended(int(str(event.data["status"])))
                yield f"{event.data['node']} {how} (affinity {cell.affinity})"


def _met(cell: Cell, name: str, limit: int) -> bool | None:
    if not cell.shown:
        return None
    count = int(getattr(cell.counts, name))
    if count > limit:
        return False
    unsure = 0 if name == "unknown" else cell.counts.unknown
    return True if count + unsure <= limit else None


def _said(cell: Cell, name: str) -> str:
    return str(getattr(cell.counts, name)) if cell.shown else str(cell.outcome)


def _all(met: Iterable[bool | None]) -> bool | None:
    """False where one is; else None where one is."""
    found = list(met)
    return False if False in found else None if None in found else True
