"""HAProxy's configuration file, written from a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.balancers.plan import CONNECT_SECONDS, Plan, algorithm_for, words_for

if TYPE_CHECKING:
    from collections.abc import Iterator

ALGORITHMS = {
    "round-robin": "balance roundrobin",
    "least-connections": "balance leastconn",
    "random": "balance random(1)",
    "two-choices": "balance random(2)",
    "hash": "balance {key}\n    hash-type map-based",
    # A server has 16 places on the ring for each 1 of its weight, and few make it uneven.
    "consistent-hash": "balance {key}\n    hash-type consistent\n    default-server weight 16",
}
HASH_KEYS = {
    "": "source",
    "source": "source",
    "path": "uri path-only",
    "header": "hdr({argument})",
    "cookie": "hash req.cook({argument})",
    "query": "url_param {argument}",
}
AFFINITIES = {
    "none": "",
    "cookie": "cookie {cookie} insert indirect nocache httponly{secure}",
    "source": "stick-table type ip size 100k expire 1h peers lab\n    stick on src",
    "learn": "stick-table type string len 64 size 100k expire 1h peers lab\n"
    "    stick store-response res.cook({argument})\n    stick match req.cook({argument})",
    "learn-header": "stick-table type string len 64 size 100k expire 1h peers lab\n"
    "    stick store-response res.hdr({argument})\n    stick match req.hdr({argument})",
    "header": "stick-table type string len 64 size 100k expire 1h peers lab\n"
    "    stick on req.hdr({argument})",
    "query": "stick-table type string len 64 size 100k expire 1h peers lab\n"
    "    stick on url_param({argument})",
}
OPTIONS = {
    "on-pin-lost": {
        # A request that found its server gone goes to another at once, pinned or not.
        "redispatch": "option redispatch 1",
        # A pinned one goes nowhere else, whatever the checks say.
        "fail": "no option redispatch\n    option persist",
    }
}
"""What HAProxy has of the built-in balancer's options, in its words."""

CHECK = "check inter {0}ms rise 2 fall 3"
PEER = "lab"  # this process's name among its peers: `haproxy -L`

TABLES = frozenset({"source", "learn", "learn-header", "header", "query"})
"""The affinities whose pins are in the process, so that the next one must be told them."""


def configuration(plan: Plan) -> str:
    """The whole file; raises Skip for what HAProxy cannot do."""
    return "\n".join([*_head(plan), *_frontend(plan), *_backends(plan)]) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    # One thread, so that "each in turn" is true of the whole process.
    yield "global\n    nbthread 1\n    maxconn 4000"
    if plan.runtime:
        yield f"    stats socket ipv4@{plan.runtime} level admin"
    yield "defaults\n    mode http"
    yield f"    timeout connect {CONNECT_SECONDS}s\n    timeout client 60s\n    timeout server 60s"
    # Else a check that is connected has `inter` only, and a busy machine takes servers out.
    yield "    timeout check 2s"
    yield "    option forwardfor\n    http-reuse always"
    yield "    retries 3\n    " + OPTIONS["on-pin-lost"]["redispatch"]
    for name, value in plan.description.balancer_options.items():
        values = words_for("option", name, OPTIONS, "HAProxy")
        yield "    " + words_for(f"value of `{name}`", value, values, "HAProxy")
    if path := plan.description.checked_path:
        # HTTP/1.1 with a Host, which some apps answer nobody without.
        yield "    option httpchk\n    http-check connect"
        yield f"    http-check send meth GET uri {_quoted(path)} ver HTTP/1.1 hdr Host 127.0.0.1"
    yield "    default-server " + CHECK.format(_interval(plan))
    # A process that takes over after a reload gets the stick tables from the one that leaves.
    yield f"peers lab\n    peer {PEER} {plan.peer}"
    yield f"frontend admin\n    bind {plan.admin}\n    stats enable\n    stats uri /stats"


# A line for each answer of its own: what a server answered, the server's own log has.
OWN_ANSWERS = (
    "    log stdout format raw local0\n    http-response set-log-level silent\n    log-format '"
    '{"time":%[date(0,ms)]e-3,"client":"%ci","method":"%[capture.req.method,json]",'
    '"target":"%[capture.req.uri,json]","status":%ST,"seconds":0,"backend":""}'
    "'"
)


def _frontend(plan: Plan) -> Iterator[str]:
    tls = f" ssl crt {_quoted(plan.edge.both)} alpn http/1.1" if plan.edge else ""
    yield f"frontend public\n    bind {plan.listen}{tls}"
    if plan.description.watched:
        yield OWN_ANSWERS
    # What the client itself says there is not passed on.
    yield f"    http-request set-header X-Forwarded-Proto {'https' if plan.edge else 'http'}"
    for service in plan.services if plan.routed else ():
        yield f"    acl to_{service} path /{service}"
        yield f"    acl to_{service} path_beg /{service}/"
        yield f"    use_backend {service} if to_{service}"
    if not plan.routed:
        yield f"    default_backend {plan.services[0]}"


def _backends(plan: Plan) -> Iterator[str]:
    kind, _, argument = plan.description.affinity.partition(":")
    algorithm = algorithm_for(plan, ALGORITHMS, HASH_KEYS, "HAProxy")
    affinity = words_for("affinity", kind, AFFINITIES, "HAProxy")
    for service in plan.services:
        yield f"backend {service}\n    {algorithm}"
        if affinity:
            secure = " secure" if plan.edge else ""
            cookie = f"SESSIONLAB_{service}"
            yield "    " + affinity.format(cookie=cookie, argument=argument, secure=secure)
        if plan.routed:
            yield f"    http-request replace-path /{service}(/.*)? \\1"
        named = " cookie {0}" if kind == "cookie" else ""
        for backend in plan.of(service):
            drain = " weight 0" if backend.name in plan.draining else ""  # pinned clients stay
            yield f"    server {backend.name} {backend.address}{named.format(backend.name)}{drain}"


def _quoted(path: str) -> str:
    """A word of its configuration; between single quotes nothing else means anything."""
    return "'" + path.replace("'", r"'\''") + "'"


def _interval(plan: Plan) -> int:
    """Milliseconds between two checks of a server: at most 200 checks a second in all."""
    return max(100, len(plan.backends) * 5)
