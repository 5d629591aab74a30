"""nginx's configuration file, written from a plan."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from sessionlab.lab.balancers.plan import CONNECT_SECONDS, Plan, algorithm_for, words_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.balancers.interface import Backend

ALGORITHMS = {
    "round-robin": "",
    "least-connections": "least_conn;",
    "random": "random;",
    "two-choices": "random two;",
    "hash": "hash {key};",
    "consistent-hash": "hash {key} consistent;",
}
HASH_KEYS = {
    "": "$remote_addr",
    "source": "$remote_addr",
    "path": "$uri",
    "header": "$http_{variable}",
    "cookie": "$cookie_{argument}",
    "query": "$arg_{argument}",
}
# The directive `sticky` came to the open-source nginx with 1.29.6 only; distributions have older.
AFFINITIES = {"none": "", "source": "hash $remote_addr consistent;"}
OPTIONS: dict[str, str] = {}  # of the built-in balancer's; nothing here ties a client to a node
FAIL_SECONDS = 1
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def configuration(plan: Plan) -> str:
    """The whole file; raises Skip for what nginx cannot do."""
    lines = [*_head(plan), "http {", *_http(plan), *_upstreams(plan), *_servers(plan), "}"]
    return "\n".join(lines) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    for name in plan.description.balancer_options:
        words_for("option", name, OPTIONS, "the open-source nginx")
    # One worker, so that "each in turn" is true of the whole server.
    yield "daemon off;\nworker_processes 1;"
    # Its files by name alone, below `-p` and beside `-c`: a `$` in a path can't be written.
    yield "pid nginx.pid;\nerror_log stderr notice;"
    yield "events { worker_connections 4096; }"


# A line for each answer of its own: what a node answered, the node's own log has.
OWN_ANSWERS = """\
  map $upstream_http_x_node $own { "" 1; default 0; }
  log_format own escape=json '{"time":$msec,"client":"$remote_addr","method":"$request_method",'
    '"target":"$request_uri","status":$status,"seconds":$request_time,"backend":""}';
  access_log /dev/stdout own if=$own;"""


def _http(plan: Plan) -> Iterator[str]:
    if plan.description.watched:
        yield OWN_ANSWERS
    else:
        yield "  access_log off;"
    for kind in TEMPORARY:
        yield f"  {kind}_temp_path {kind};"
    # Bodies stay in memory: a worker of another user could not enter that folder.
    yield "  client_max_body_size 1m;\n  client_body_buffer_size 1m;\n  proxy_max_temp_file_size 0;"
    yield '  proxy_http_version 1.1;\n  proxy_set_header Connection "";'
    yield "  proxy_set_header Host $http_host;"
    yield "  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
    yield "  proxy_set_header X-Forwarded-Proto $scheme;"
    yield f"  proxy_connect_timeout {CONNECT_SECONDS}s;"


def _upstreams(plan: Plan) -> Iterator[str]:
    affinity = words_for("affinity", plan.description.affinity, AFFINITIES, "the open-source nginx")
    algorithm = algorithm_for(plan, ALGORITHMS, HASH_KEYS, "nginx")
    for service in plan.services:
        yield f"  upstream {service} {{"
        if chosen := affinity or algorithm:
            yield f"    {chosen}"
        yield from map(_server, plan.of(service))
        yield "    keepalive 64;\n  }"


def _server(backend: Backend) -> str:
    return f"    server {backend.address} max_fails=1 fail_timeout={FAIL_SECONDS}s;"


def _servers(plan: Plan) -> Iterator[str]:
    yield f"  server {{\n    listen {plan.listen}{' ssl' if plan.edge else ''};"
    if plan.edge:
        chain, key = PurePath(plan.edge.chain).name, PurePath(plan.edge.key).name
        yield f"    ssl_certificate {chain};\n    ssl_certificate_key {key};"
    for service in plan.services if plan.routed else ():
        yield f"    location /{service}/ {{ proxy_pass http://{service}/; }}"
    if not plan.routed:
        yield f"    location / {{ proxy_pass http://{plan.services[0]}; }}"
    yield "  }"
    yield f"  server {{\n    listen {plan.admin};\n    access_log off;"
    yield f'    location = /version {{ return 200 "{plan.version}"; }}'
    yield "    location = /status { stub_status; }\n  }"
