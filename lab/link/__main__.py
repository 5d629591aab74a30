"""Forward TCP connections to one address, and do to them what the admin address is told.

Nothing is lost or changed while nothing is set. The admin address takes JSON, one object a line,
and answers each line with how it stands, or with an "error":

  {"do": "set", "rule": "latency", "delay": 0.2}   go by a rule (seconds, bits a second)
  {"do": "clear", "rule": "latency"}               go by it no more
  {"do": "look"}                                   the rules, and how often each has struck
  {"do": "refuse"}, {"do": "listen"}               close the listener, open it again

A rule strikes all; with "count": N the next N requests only, with "one_in": K one connection in K.
"towards" is the end that something goes to: client, server or both. Rules, and their settings:

"""

from __future__ import annotations

import argparse
import asyncio
import sys

import uvloop

from sessionlab.lab.link.control import serve
from sessionlab.lab.link.proxy import Link, Place
from sessionlab.lab.link.rules import KINDS
from sessionlab.lab.link.speech import SPEECHES


def _place(text: str) -> Place:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT")
    return host, int(port)


def _parser() -> argparse.ArgumentParser:
    said = {kind: " ".join(f"{n}={v!r}" for n, v in knows.items()) for kind, knows in KINDS.items()}
    about = (__doc__ or "") + "\n".join(f"  {kind:<12} {text}" for kind, text in said.items())
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("link", description=about, formatter_class=form)
    for name, text in (("listen", "where"), ("to", "where it leads"), ("admin", "for the lab")):
        parser.add_argument(f"--{name}", type=_place, required=True, metavar="HOST:PORT", help=text)
    parser.add_argument("--speaks", choices=SPEECHES, default="bytes", help="the protocol: bytes")
    spares = "HTTP requests for it are not counted: a health check"
    parser.add_argument("--spare", default="", metavar="PATH", help=spares)
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn, the jitter: 1")
    return parser


async def _run(given: argparse.Namespace) -> None:
    link = Link(given.listen, given.to, given.speaks, given.spare.encode(), given.seed)
    link.listen()
    async with await serve(link, given.admin) as admin:
        await admin.serve_forever()


def main(argv: list[str] | None = None) -> int:
    """Forward until ended; returns the exit status. Raises SystemExit for wrong usage."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(_parser().parse_args(argv)))
    except OSError as error:
        sys.stderr.write(f"link: {error}\n")
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
