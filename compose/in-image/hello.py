"""What the stack says once it is up: how many nodes there are and whose project this is, it asks.

Then it stays, doing nothing.
"""

import os
import socket
import time

TEXT = """
  The lab is up: {nodes} nodes with strategy {STRATEGY}, behind {BALANCER} with affinity {AFFINITY}.

    http://127.0.0.1:{PORT}         the app
    http://127.0.0.1:{ADMIN_PORT}{ADMIN_PAGE}   the balancer's view of it

  See it live, in a browser; this prints the page's address, with the token that it takes:
    docker compose -p {project} logs page

  Log in, and ask a few times who you are; X-Node and the status tell the rest:

    password=$(docker compose -p {project} exec -T node cat /secrets/node/password)
    curl -sc jar -H 'Content-Type: application/json' http://127.0.0.1:{PORT}/login \\
        -d "{{\\"username\\": \\"alice\\", \\"password\\": \\"$password\\"}}"
    curl -sib jar http://127.0.0.1:{PORT}/me

  Run the scenarios that fit this stack:
    docker compose -p {project} run --rm lab
  Grow it (say all choices again, or Compose makes another stack of it; they are in compose/.env):
    STRATEGY={STRATEGY} AFFINITY={AFFINITY} PORT={PORT} ADMIN_PORT={ADMIN_PORT} \\
        PAGE_PORT={PAGE_PORT} docker compose -p {project} {FILES}up -d --scale node=10
  Take it away, secrets too:
    docker compose -p {project} down -v
"""


def nodes() -> int:
    found = socket.getaddrinfo("node", 8001, socket.AF_INET, socket.SOCK_STREAM)
    return len({where for *_, where in found})


def project() -> str:
    """From Docker's DNS: the balancer is PROJECT-balancer-1.PROJECT_app, with any Compose."""
    name, _, _ = socket.gethostbyaddr(socket.gethostbyname("balancer"))
    return name.rpartition(".")[2].removesuffix("_app")


chosen = dict(os.environ)
chosen["FILES"] = chosen["FILES"] and chosen["FILES"] + " "
print(TEXT.format(nodes=nodes(), project=project(), **chosen), flush=True)
while True:
    time.sleep(3600)
