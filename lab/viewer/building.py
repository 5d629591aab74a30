"""Makes views of a stored run: of whatever `--out` has written, by this release or an earlier one.

Nothing is judged anew that the run has said of itself; who was lost, and how, is looked up in its
history, which is read twice and is never whole in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from math import isinf
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sessionlab.lab.checks import CHECKS
from sessionlab.lab.checks.columns import CONVERSATIONS, SECOND, Columns
from sessionlab.lab.checks.continuity import CONTINUITY
from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.checks.judging import look
from sessionlab.lab.checks.timeline import lives
from sessionlab.lab.record.packed.reader import read
from sessionlab.lab.record.packed.shard import Shard
from sessionlab.lab.reports.cases import cases
from sessionlab.lab.verdicts.fates import tally
from sessionlab.lab.verdicts.headline import number
from sessionlab.lab.verdicts.story_time import since
from sessionlab.lab.viewer import said, view
from sessionlab.lab.viewer.charts import Axis, Charts
from sessionlab.lab.viewer.clusters import apart
from sessionlab.lab.viewer.comparing.comparing import compared
from sessionlab.lab.viewer.comparing.comparison import drawn
from sessionlab.lab.viewer.faults import faults
from sessionlab.lab.viewer.lives import ROOM, Lives, Room

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sessionlab.lab.checks.interface import Finding
    from sessionlab.lab.reports.cases import Case
    from sessionlab.lab.verdicts.users import Users

Progress = Callable[[int, int], None]


def page(folder: Path, processes: int = 2, progress: Progress | None = None) -> view.Page:
    """All of a folder's runs; raises UsageError when there is none that can be read."""
    found = views(folder, processes, progress)
    return view.Page(
        sessionlab=version("sessionlab"),
        title=folder.resolve().name,
        sentence=said.of_all(found),
        views=found,
    )


def beside(
    first: Path, second: Path, processes: int = 2, progress: Progress | None = None
) -> view.Page:
    """Two folders' runs on one page: what has the same name in both, one after the other."""
    a, b = (views(folder, processes, progress, share=2) for folder in (first, second))
    names = [folder.resolve().name for folder in (first, second)]
    comparison = drawn(compared(first, second, processes), *names)
    return view.Page(
        sessionlab=version("sessionlab"),
        title=" beside ".join(names),
        sentence=comparison.sentence,
        views=in_pairs(a, b),
        comparison=comparison,
    )


def in_pairs(a: Sequence[view.View], b: Sequence[view.View]) -> list[view.View]:
    """All of both, and beside each the one of the same name, as two single ones are anyhow."""
    if len(a) == len(b) == 1:
        both = [("A", a[0]), ("B", b[0])]
    else:
        order = list(dict.fromkeys(one.name for one in [*a, *b]))
        both = [*(("A", one) for one in a), *(("B", one) for one in b)]
        both.sort(key=lambda side: order.index(side[1].name))
    return [replace(one, name=f"{side}: {one.name}") for side, one in both]


def views(
    folder: Path, processes: int = 2, progress: Progress | None = None, *, share: int = 1
) -> list[view.View]:
    """A view of each run in a folder; of a story with several clusters one of each.

    `share` is how many folders' views are on the page.
    """
    found = [(case, name) for whole in cases(folder) for case, name in apart(whole)]
    room = Room.beside(len(found) * share)
    return [of_case(case, name, room, processes, progress) for case, name in found]


def of_case(
    case: Case,
    name: str,
    room: Room = ROOM,
    processes: int = 2,
    progress: Progress | None = None,
    *,
    until: float = 0.0,
) -> view.View:
    """The view of one cluster's history; its charts go on to `until`, be nothing asked for then."""
    users, findings = _judged(case, processes, progress)
    began, axis = case.about.began, _axis(case, until)
    charts = Charts(axis, began)
    drawn = Lives(users.judged, since(began, case.about.events), began, room)
    for shard in case.stored.shards():
        columns = Columns(read(shard))
        charts.add(columns)
        drawn.add(columns)
    lanes, losses = drawn.lanes(), drawn.losses()
    return view.View(
        name=name,
        title=str(case.said.get("title") or ""),
        sentence=said.of_one(case, users, findings),
        kind=said.kind(case),
        outcome=str(case.said.get("outcome") or ""),
        again=said.again(case),
        seed=case.run.get("seed"),
        started=case.run.get("started", 0.0),
        began=axis.start,
        ended=axis.end,
        seconds=_seconds(case, axis),
        requests=charts.total,
        cluster=_cluster(case, charts),
        bins=charts.bins(),
        faults=faults(case.about),
        users=_fared(users, lanes),
        losses=view.Losses(users.lost, [str(loss) for loss in users.losses], losses),
        latency=_latency(findings),
        findings=findings,
        bounds=[_bound(one) for one in case.run.get("bounds", ())],
        predictions=[_prediction(one) for one in case.run.get("predictions", ())],
        claims=[view.Claim(**one) for one in case.said.get("claims", ())],
        notes=list(dict.fromkeys([*case.notes, *case.said.get("notes", ())])),
        cut=list(case.cut),
        sampled=list(_sampled(users, len(lanes), len(losses))),
    )


def _judged(
    case: Case, processes: int, progress: Progress | None
) -> tuple[Users, list[view.Finding]]:
    """What became of the users; and what the checks say, as the run has it, or else anew."""
    told = case.run.get("findings") or ()
    names = [CONTINUITY.name] if told else list(CHECKS.usable())
    seen = look(case.stored, case.about, names, processes, progress)
    users = CONTINUITY.users(seen[CONTINUITY.name], case.about)
    if told:
        return users, [_told(one) for one in told]
    judged = (CHECKS[name].judge(parts, case.about) for name, parts in seen.items())
    return users, [_finding(one) for one in judged]


def _fared(users: Users, lanes: list[view.Lane]) -> view.Users:
    return view.Users(
        total=len(users),
        lost=users.lost,
        interrupted=users.interrupted,
        longest_ms=users.longest,
        counts=tally(users.judged),
        sampled=len(lanes) < len(users),
        lanes=lanes,
    )


def _sampled(users: Users, lanes: int, losses: int) -> Iterator[str]:
    if lanes < len(users):
        yield f"{lanes} of {number(len(users), 'user')} have a lane: those that were lost first"
    if losses < users.lost:
        yield f"{losses} of the {users.lost} that were lost can be looked at"


def _axis(case: Case, until: float) -> Axis:
    """From the first request to the last; of a long history, as the workload lasted."""
    began, ended = case.about.began, case.about.ended
    shards = case.stored.shards()
    start, end = 0.0, 0.0 if isinf(ended) else ended - began
    if all(isinstance(shard, Shard) for shard in shards):
        rows = [rows for shard in shards if len(rows := read(shard).rows)]
        if rows:
            start = min(int(one["invoked"].min()) for one in rows) / SECOND - began
            end = max(int((one["invoked"] + one["took"]).max()) for one in rows) / SECOND - began
    return Axis.of(start, max(end, start, until - began), case.stored.operations)


def _seconds(case: Case, axis: Axis) -> float:
    told = case.said.get("seconds")
    return float(told) if isinstance(told, (int, float)) else round(axis.end - axis.start, 3)


def _cluster(case: Case, charts: Charts) -> view.Cluster:
    about = case.about
    told, requests = about.told, charts.requests
    strategies = _mapping(told.get("strategies"))
    of = lives(about)
    uses_redis = "redis" in strategies.values() or any(
        event.kind.startswith("redis.") for event in about.events
    )
    return view.Cluster(
        name=str(told.get("cluster") or case.name),
        balancer=str(told.get("balancer") or case.run.get("balancer") or ""),
        algorithm=str(told.get("algorithm") or ""),
        affinity=str(told.get("affinity") or ""),
        strategies=[] if told.get("app") else list(dict.fromkeys(map(str, strategies.values()))),
        app=str(told.get("app") or case.run.get("app") or ""),
        store="redis" if uses_redis else None,
        nodes=[
            view.Node(
                name=name,
                lives=[_life(one) for one in of.get(name, ())],
                requests=requests[name],
                version=charts.versions.get(name, ""),
            )
            for name in dict.fromkeys([*of, *sorted(requests)])
            if name
        ],
    )


def _life(span: tuple[float, float]) -> tuple[float, float | None]:
    return round(span[0], 4), None if isinf(span[1]) else round(span[1], 4)


def _finding(one: Finding) -> view.Finding:
    evidence = list(map(str, one.evidence))
    return view.Finding(one.check, one.verdict, one.said, _figures(one.figures), evidence)


def _told(one: Mapping[str, Any]) -> view.Finding:
    """As the run's own JSON has it."""
    verdict, evidence = Verdict(one["verdict"]), list(map(str, one["evidence"]))
    return view.Finding(one["check"], verdict, one["said"], _figures(one["figures"]), evidence)


def _figures(figures: Mapping[str, Any]) -> dict[str, float]:
    """Those that are numbers."""
    return {
        name: value
        for name, value in figures.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _latency(findings: Sequence[view.Finding]) -> list[view.Percentiles]:
    figures = next((one.figures for one in findings if one.check == "latency"), {})
    rows = []
    for what in ("", *CONVERSATIONS):
        prefix = f"{what}_" if what else ""
        found = [figures.get(f"{prefix}{one}_ms") for one in ("p50", "p90", "p99", "p999", "max")]
        known = [one for one in found if one is not None]
        if len(known) == len(found):
            rows.append(view.Percentiles(what, *known))
    return rows


def _bound(one: Mapping[str, Any]) -> view.Bound:
    figure, sign, limit, *unit = str(one["text"]).split()
    return view.Bound(
        str(one["text"]), figure, sign, float(limit), "".join(unit), one["saw"], one["met"]
    )


def _prediction(one: Mapping[str, Any]) -> view.Prediction:
    return view.Prediction(one["name"], one["predicted"], one["seen"], one["agrees"])


def _mapping(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}
