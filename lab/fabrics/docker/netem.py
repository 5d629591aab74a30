"""What is wrong with a container's network: the commands that make it so, in its own namespace.

Each script sets everything anew, so it can be run again at any time, and after a restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessionlab.lab.fabrics.interface import Link

DEVICE = "eth0"
NO_NETEM = "Specified qdisc kind is unknown"  # what tc says where the kernel lacks a discipline
BURST = 16_000  # bytes; a few packets, so that a narrow link is narrow at once
QUEUE = "400ms"  # how long a packet may wait for a narrow link before it is dropped


def script(cut_off: Iterable[str], link: Link) -> str:
    """Shell lines for a container that can't reach these addresses and has this link."""
    return "\n".join(["set -e", *_filter(cut_off, link), *_discipline(link)])


def _filter(cut_off: Iterable[str], link: Link) -> Iterator[str]:
    # Loss is on the way in, by a match that every kernel has, unlike netem.
    yield "iptables-restore -w <<END\n*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT"
    for address in cut_off:
        yield f"-A INPUT -s {address} -j DROP\n-A OUTPUT -d {address} -j DROP"
    if link.loss:
        chance = f"-m statistic --mode random --probability {link.loss:.6f}"
        yield f"-A INPUT -i {DEVICE} {chance} -j DROP"
    yield "COMMIT\nEND"


def _discipline(link: Link) -> Iterator[str]:
    yield f"tc qdisc del dev {DEVICE} root 2>/dev/null || :"
    if link.delay or link.jitter:
        rate = f" rate {link.rate}bit" if link.rate else ""
        delay = f"delay {link.delay * 1e6:.0f}us {link.jitter * 1e6:.0f}us"
        yield f"tc qdisc add dev {DEVICE} root netem {delay}{rate}"
    elif link.rate:
        tbf = f"tbf rate {link.rate}bit burst {BURST} latency {QUEUE}"
        yield f"tc qdisc add dev {DEVICE} root {tbf}"
