"""Views as runs might make them: small, usual, as big as they are drawn, and hostile."""

from __future__ import annotations

import random

import msgspec

from sessionlab.lab.checks.interface import Verdict
from sessionlab.lab.verdicts.fates import Fate
from sessionlab.lab.viewer.view import (
    Bins,
    Bound,
    Claim,
    Cluster,
    Comparison,
    Fault,
    Finding,
    Lane,
    Loss,
    Losses,
    Node,
    Page,
    Percentiles,
    Prediction,
    Row,
    Span,
    Step,
    Users,
    View,
)

HOSTILE = "<script>alert(1)</script>"


def page(*views: View, comparison: Comparison | None = None) -> Page:
    first = views[0] if views else None
    sentence = first.sentence if first and len(views) == 1 else f"{len(views)} stories"
    title = first.name if first else ""
    return Page(
        sessionlab="0.2.0", title=title, sentence=sentence, views=list(views), comparison=comparison
    )


def killed(seconds: float = 8.0, users: int = 200, nodes: int = 3, seed: int = 1) -> View:
    """Users pinned to nodes of which the last one is killed in the middle."""
    draw = random.Random(seed)
    names = [f"n{number + 1}" for number in range(nodes)]
    at = seconds / 2
    gone = names[-1]
    lost = users // nodes
    reason = f"its session was in the memory of {gone}, which was killed at {at:.1f} s"
    lanes = [_lane(draw, number, names, seconds, lost) for number in range(min(100, users))]
    counts: dict[Fate, int] = {Fate.KEPT: users - lost, Fate.LOGGED_OUT: lost}
    return View(
        name="kill",
        kind="experiment",
        title="A node dies under load",
        sentence=f"{lost} of {users} users logged out: {gone} was killed at {at:.1f} s",
        cluster=Cluster(
            name="web",
            balancer="builtin",
            algorithm="round-robin",
            affinity="cookie",
            strategies=["memory"],
            store="redis",
            nodes=_nodes(names, seconds, users),
        ),
        again="sessionlab run scenarios/experiments/kill.toml --seed 1",
        seed=1,
        ended=seconds,
        seconds=seconds,
        requests=users * 60,
        bins=_bins(draw, names, seconds, users),
        faults=[
            Fault(
                began=at, ended=at + seconds / 8, what="kill-node", part=gone, text=f"{gone} killed"
            ),
            Fault(
                began=seconds * 0.8,
                ended=None,
                what="latency",
                part="redis",
                text="nodes to redis 40 ms slower",
            ),
        ],
        users=Users(
            total=users,
            lost=lost,
            interrupted=3,
            longest_ms=420,
            counts=counts,
            sampled=users > 100,
            lanes=lanes,
        ),
        losses=Losses(
            total=lost,
            reasons=[f"{lost} users: {reason}."],
            shown=[_loss(number, gone, at, reason) for number in range(min(lost, 200))],
        ),
        latency=[
            Percentiles(what="", p50=2.1, p90=4.8, p99=22.0, p999=61.0, max=412.0),
            Percentiles(what="login", p50=31.0, p90=48.2, p99=77.0, p999=98.0, max=103.0),
        ],
        findings=[
            Finding(
                check="continuity",
                verdict=Verdict.BROKEN,
                said=f"{lost} of {users} users were logged out",
                figures={"lost": float(lost)},
                evidence=[f"u0 at {at:.1f} s: {reason}"],
            ),
            Finding(
                check="identity",
                verdict=Verdict.HOLDS,
                said="nobody was taken for another",
                figures={"taken_for_another": 0.0},
                evidence=[],
            ),
        ],
        bounds=[
            Bound(
                text="p99_ms <= 20 ms",
                figure="p99_ms",
                sign="<=",
                limit=20.0,
                unit="ms",
                saw="22 ms",
                met=False,
            ),
            Bound(
                text="lost = 0",
                figure="lost",
                sign="=",
                limit=0.0,
                unit="",
                saw=str(lost),
                met=False,
            ),
        ],
        predictions=[
            Prediction(
                name="users lost with a node",
                predicted=f"about {lost} of {users}",
                measured=f"{lost} of {users}",
                agrees=True,
            )
        ],
        notes=["One machine ran it all: latencies are those of this machine."],
        sampled=[f"100 of {users} users have a lane."] if users > 100 else [],
    )


def small() -> View:
    """Three requests of one user, as a scenario has them."""
    return View(
        name="memory-round-robin",
        kind="scenario",
        title="Several servers, sessions in their memory",
        outcome="held",
        sentence="1 of 1 users logged out: another node was asked",
        cluster=Cluster(
            name="web",
            balancer="builtin",
            algorithm="round-robin",
            affinity="none",
            strategies=["memory"],
            nodes=[
                Node(name=name, lives=[(-0.4, None)], requests=1, version="")
                for name in ("n1", "n2", "n3")
            ],
        ),
        again="sessionlab run memory-round-robin",
        ended=0.02,
        seconds=0.02,
        requests=3,
        bins=Bins(
            start=-0.004,
            width=0.008,
            count=3,
            ok=[1, 0, 1],
            refused=[0, 1, 0],
            failed=[0, 0, 0],
            unknown=[0, 0, 0],
            p50=[3.0, 1.0, 1.5],
            p90=[3.0, 1.0, 1.5],
            p99=[3.0, 1.0, 1.5],
            nodes={"n1": [1, 0, 0], "n2": [0, 1, 0], "n3": [0, 0, 1]},
        ),
        users=Users(
            total=1,
            lost=1,
            counts={Fate.LOGGED_OUT: 1},
            lanes=[
                Lane(
                    name="alice",
                    tab=0,
                    fate=Fate.LOGGED_OUT,
                    why="n2 has no such session",
                    spans=[
                        (0.0, 0.004, "n1", "ok"),
                        (0.005, 0.007, "n2", "refused"),
                        (0.012, 0.014, "n3", "ok"),
                    ],
                )
            ],
        ),
        losses=Losses(
            total=1, reasons=[], shown=[_loss(0, "n2", 0.007, "n2 has no such session", "alice")]
        ),
        claims=[
            Claim(
                text="the other servers answer 401",
                expected="401 from 2 nodes",
                observed="401 from 2 nodes",
                holds=True,
            )
        ],
    )


def big() -> View:
    """As much as is ever drawn: half an hour, 40 nodes, 100 lanes, 200 losses."""
    return killed(seconds=1800.0, users=20_000, nodes=40)


def nothing() -> View:
    """A run that was cut before anybody came."""
    return View(
        name="cut",
        kind="experiment",
        sentence="Nothing was recorded",
        cluster=Cluster(name=""),
        cut=["history.bin ends in the middle"],
    )


def hostile() -> View:
    """Everybody and everything is called what a browser must not run."""
    named = killed(users=4)
    text = f"{HOSTILE}\"'&<img src=x onerror=alert(2)>"
    loss = _loss(0, text, 4.0, text, HOSTILE)
    spans: list[Span] = [(0.0, 8.0, text, "ok")]
    lane = Lane(name=HOSTILE, tab=1, fate=Fate.LOGGED_OUT, why=text, spans=spans)
    return View(
        name=text,
        kind="experiment",
        title=text,
        sentence=text,
        again=text,
        ended=8.0,
        requests=1,
        bins=named.bins,
        cluster=Cluster(
            name=text,
            balancer=text,
            nodes=[Node(name=text, lives=[(0, None)], requests=1, version=text)],
        ),
        faults=[Fault(began=1, ended=2, what=text, part=text, text=text)],
        users=Users(total=1, lost=1, counts={Fate.LOGGED_OUT: 1}, lanes=[lane]),
        losses=Losses(total=1, reasons=[text], shown=[loss]),
        notes=[text],
    )


def two_runs() -> Page:
    one, other = killed(seed=1), killed(seed=2)
    rows = [
        Row("strategy", "memory", "redis", "", "", "asked for"),
        Row(
            what="lost",
            a="33.0 %",
            b="0.0 %",
            difference="−33.0 %",
            interval="−39.9 to −26.4 %",
            said="fewer",
        ),
        Row(
            what="p99_ms",
            a="22 ms",
            b="23 ms",
            difference="+1 ms",
            interval="−3 to +5 ms",
            said="no difference seen",
        ),
    ]
    said = "B loses fewer users; of latency there is no difference seen"
    comparison = Comparison(
        a="memory",
        b="redis",
        level=0.95,
        sentence=said,
        rows=rows,
        notes=["Seeds differ: 1 and 2."],
    )
    both = page(one, other, comparison=comparison)
    return Page(
        sessionlab=both.sessionlab,
        title="memory beside redis",
        sentence=said,
        views=both.views,
        comparison=comparison,
    )


def _nodes(names: list[str], seconds: float, users: int) -> list[Node]:
    back = seconds * 5 / 8
    lives: list[list[tuple[float, float | None]]] = [[(-0.5, None)] for _ in names[:-1]]
    lives.append([(-0.5, seconds / 2), (back, None)])
    return [
        Node(name=name, lives=life, requests=users * 60 // len(names), version="")
        for name, life in zip(names, lives, strict=True)
    ]


def _bins(draw: random.Random, names: list[str], seconds: float, users: int) -> Bins:
    count = 80
    dead = range(count // 2, count * 5 // 8)
    each = users * 60 // count
    refused = [each // (2 * len(names)) if place in dead else 0 for place in range(count)]
    failed = [each // (6 * len(names)) if place in dead else 0 for place in range(count)]
    shares = {
        name: [
            0
            if place in dead and name == names[-1]
            else int(each / len(names) * draw.uniform(0.7, 1))
            for place in range(count)
        ]
        for name in names
    }
    p50 = [draw.uniform(1.8, 2.4) for _ in range(count)]
    return Bins(
        start=0.0,
        width=seconds / count,
        count=count,
        ok=[each - no - bad for no, bad in zip(refused, failed, strict=True)],
        refused=refused,
        failed=failed,
        unknown=[1 if place == count // 2 else 0 for place in range(count)],
        p50=list(p50),
        p90=[value * draw.uniform(2, 2.6) for value in p50],
        p99=[
            value * draw.uniform(5, 7) * (3 if place in dead else 1)
            for place, value in enumerate(p50)
        ],
        nodes=shares,
    )


def _lane(draw: random.Random, number: int, names: list[str], seconds: float, lost: int) -> Lane:
    gone = number < lost
    home = names[-1] if gone else names[number % max(1, len(names) - 1)]
    spans: list[Span] = []
    at = draw.uniform(0, seconds / 20)
    while at < seconds:
        end = min(seconds, at + draw.uniform(seconds / 60, seconds / 25))
        if gone and at > seconds / 2:
            spans.append((at, end, names[0], "refused" if at < seconds * 0.55 else "ok"))
        else:
            spans.append((at, end, home, "ok"))
        at = end + draw.uniform(0, seconds / 80)
    fate = Fate.LOGGED_OUT if gone else Fate.KEPT
    return Lane(name=f"u{number}", tab=0, fate=fate, why="", spans=spans)


def _loss(number: int, gone: str, at: float, why: str, user: str = "") -> Loss:
    name = user or f"u{number}"

    usual = Step(
        at=at - 0.8,
        took=0.0024,
        what="me",
        request="GET /me",
        status=200,
        node=gone,
        pin="VN",
        said="the balancer found the pin good (VN)",
        who=name,
        how="ok",
        error="",
        note="",
        marks=False,
    )
    step = msgspec.structs.replace
    steps = [
        step(
            usual,
            at=at - 1.2,
            what="login",
            pin="NI",
            said="the balancer had no pin, and made a new one (NI)",
        ),
        usual,
        step(usual, at=at - 0.01, status=None, how="unknown", node="", error="it was reset"),
        step(
            usual,
            at=at,
            status=401,
            node="n1",
            who="",
            how="refused",
            pin="DI, backend-down",
            said="the pin's node was out of service, and the balancer made a new one (DI)",
            note="the node says: session-unknown",
            marks=True,
        ),
        step(usual, at=at + 0.4, what="login", node="n1"),
    ]
    return Loss(
        user=name,
        tab=1 if user == HOSTILE else 0,
        fate=Fate.LOGGED_OUT,
        at=at,
        home=gone,
        why=why,
        left_out=12,
        steps=steps,
    )
