"""The page that a run of all cases prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.balancer.cases import of_haproxy, of_nginx, of_others
from tests.balancer.cases.catalogue import CASES, of
from tests.balancer.cases.run import BALANCERS, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.balancer.cases.case import Case

PAGE = Path(__file__).parents[3] / "docs" / "cases.md"
HEAD = """# Other balancers' tests of affinity, played against ours and against them

Each row is a behaviour that a test of some balancer's own project is about, written anew as a case
in [`tests/balancer/cases`](../tests/balancer/cases) and played with real processes and real
backends. The same case runs against HAProxy and nginx as Debian 12 has them (2.6 and 1.22), where
they have the feature, so that what is expected of ours is known to be fair. This page is printed
by a run, `python -m tests.balancer.cases > docs/cases.md`; a test compares it with its own run.

**yes**: observed. **no**: it has the feature and was observed to do otherwise. –: it has no such
feature. The footnotes say why.
"""
SECTIONS = {
    of_nginx: "After nginx's `sticky` (nginx/nginx-tests)",
    of_haproxy: "After HAProxy's regression tests and test configurations",
    of_others: "After Traefik, Caddy, ingress-nginx, Envoy and the Gateway API",
}
TAIL = """
## What is theirs and not ours, on purpose

* **A route or server named by the client** (`sticky route`, HAProxy's plain cookie values,
  Traefik's older formats): our cookie is sealed, so that a client can neither learn nor choose its
  backend. There is one format, so there are no older ones to rewrite.
* **A session made from whatever id the client sends** (`sticky learn create=$cookie_…`): an id
  that no backend has set pins nobody. `consistent-hash:cookie:NAME` spreads by any id.
* **`prefix` and `rewrite`**: the app's cookie is never changed on its way; `learn` ties clients by
  it as it is. **`insert` without `indirect`**: apps never see the balancer's cookie.
* **The next backend after an error status** (`proxy_next_upstream http_502`, `retry-on 404`): an
  answer of the app is the app's to give. A request is sent elsewhere when no answer came.
* **A table of pins for several services** (`lb-services.vtc`): services do not share pins.
* **Backup servers**, and **a cookie that some paths ignore** (Envoy): browsers do that by `Path`.
* **Header or HMAC cookies that name an address** (Envoy, Traefik): pins follow names.
"""


def page(outcomes: Mapping[tuple[str, str], Outcome]) -> str:
    """The whole page; a case that did not do as expected stands in it as `broken`."""
    notes: list[str] = []
    parts = [HEAD]
    for module, title in SECTIONS.items():
        parts += [f"\n## {title}\n\n", f"| case | after | {' | '.join(BALANCERS)} |\n"]
        parts.append(f"|---|---|{'---|' * len(BALANCERS)}\n")
        parts += [_row(case, outcomes, notes) for case in of(module)]
    parts += ["\n", *(f"{n}. {note}.\n" for n, note in enumerate(notes, 1)), TAIL]
    return "".join(parts)


def _row(case: Case, outcomes: Mapping[tuple[str, str], Outcome], notes: list[str]) -> str:
    cells = [_cell(case, name, outcomes[case.name, name], notes) for name in BALANCERS]
    after = ", ".join(_short(source) for source in case.after)
    return f"| {case.title} | {after} | {' | '.join(cells)} |\n"


def _cell(case: Case, balancer: str, outcome: Outcome, notes: list[str]) -> str:
    if outcome.lacks:
        return f"–{_note(f'{balancer}: {outcome.lacks}', notes)}"
    if (outcome.failure is not None) != (balancer in case.differs):
        return "broken"
    if outcome.failure is not None:
        return f"no{_note(f'{balancer}: {case.differs[balancer]}', notes)}"
    return "yes"


def _note(text: str, notes: list[str]) -> str:
    if text not in notes:
        notes.append(text)
    return f"<sup>{notes.index(text) + 1}</sup>"


def _short(source: str) -> str:
    """`owner/repo path/to/file.t` as the repository and the file's name."""
    repository, _, path = source.partition(" ")
    owner, _, name = repository.partition("/")
    return f"{name} `{path.rpartition('/')[2]}`" if owner else source


__all__ = ["CASES", "PAGE", "page"]
