"""The image's health check: says whether what runs in this container is alive.

It finds out what that is from the command line of the container's first process, so the same image
is checked as a node, a balancer, a page or a Redis. Whatever else runs is healthy for as long as
it runs.
Only what a bare interpreter loads fast is imported: this starts every few seconds.

A check takes a tenth of a second of a processor, nearly all of it for being started. With `--stay
SECONDS` one that finds serving what was found serving before stays for so long and looks again each
second: that a part has started is seen as soon as without it, and so is that it hangs.
"""

import os
import socket
import sys
import time

SECONDS = 2.0
EVERY = 1.0
SERVED = "/tmp/.served"  # noqa: S108  # the container's own, gone when that starts again


def main() -> int:
    stays = float(sys.argv[2]) if sys.argv[1:2] == ["--stay"] and os.path.exists(SERVED) else 0.0
    end = time.monotonic() + stays
    while not (failed := look()) and time.monotonic() < end:
        time.sleep(EVERY)
    if not failed and os.access(os.path.dirname(SERVED), os.W_OK):
        with open(SERVED, "w", encoding="ascii"):
            pass
    return failed


def look() -> int:
    command = first_command()
    try:
        if has(command, "sessionlab.nodes"):
            return http(where(command, "--listen", "NODE_LISTEN", "127.0.0.1:8001"))
        if has(command, "sessionlab.balancer"):
            admin = where(command, "--admin", "BALANCER_ADMIN", "127.0.0.1:8081")
            return 0 if admin == "none" else http(admin)
        if page := where(command, "--page-listen", "", ""):
            return http(page, "/", b"Host: 127.0.0.1\r\n")
        program, _, title = command[0].partition(" ")
        if program.endswith(("valkey-server", "redis-server")):
            # Once it serves, it writes where over its own arguments: "valkey-server *:6379".
            port = title.split(" ")[0].rpartition(":")[2]
            return 0 if port and exchange(f":{port}", b"PING\r\n") else 1
    except (OSError, ValueError) as error:
        print(error)
        return 1
    return 0


def first_command() -> list[str]:
    """The arguments of process 1, or of its child when that is Docker's init."""
    command = arguments(1)
    if os.path.basename(command[0]) in ("docker-init", "tini", "sh"):
        with open("/proc/1/task/1/children", encoding="ascii") as children:
            for child in children.read().split():
                return arguments(int(child))
    return command


def arguments(pid: int) -> list[str]:
    with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
        return file.read().rstrip("\0").split("\0")


def has(command: list[str], module: str) -> bool:
    return ["-m", module] in (command[at : at + 2] for at in range(len(command)))


def where(command: list[str], option: str, variable: str, default: str) -> str:
    """The value of an option: from the command line, else the environment, else its default."""
    for at, word in enumerate(command):
        if word == option and at + 1 < len(command):
            return command[at + 1]
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return os.environ.get(variable) or default


def http(address: str, path: str = "/healthz", head: bytes = b"") -> int:
    answer = exchange(address, b"GET %b HTTP/1.0\r\n%b\r\n" % (path.encode(), head))
    if answer.split(b" ")[1:2] == [b"200"]:
        return 0
    print(answer.split(b"\r\n", 1)[0].decode(errors="replace"))
    return 1


def exchange(address: str, request: bytes) -> bytes:
    """The first bytes of the answer; an address that means every interface is asked at home."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    home = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    with socket.create_connection((home, int(port)), timeout=SECONDS) as peer:
        peer.sendall(request)
        return peer.recv(1024)


if __name__ == "__main__":
    sys.exit(main())
