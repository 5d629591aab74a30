"""What share of the changes to a good history the checks catch, by kind, and why others survive.

usage: python -m benchmarks.mutants [HISTORIES] [MUTANTS of a kind and history]
"""

from __future__ import annotations

import sys

from tests.lab.checks.mutants import KINDS, Score, score


def main(histories: int = 2, most: int = 15) -> None:
    must, may = Score(), Score()
    for name, kind in KINDS.items():
        of_kind = score(kind, range(1, histories + 1), most)
        total = must if kind.floor else may
        total.mutants += of_kind.mutants
        total.caught += of_kind.caught
        by = ", ".join(f"{check} {count}" for check, count in of_kind.by.most_common())
        print(f"{100 * of_kind.share:4.0f} % of {of_kind.mutants:3}  {name}: {by or '-'}")
        if of_kind.share < 1:
            print(f"{'':14}{kind.why}")
    print(
        f"{100 * must.share:.1f} % of {must.mutants} mutants that break a promise are caught, and"
    )
    print(f"{may.caught} of {may.mutants} that are as good as the original are, too")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
