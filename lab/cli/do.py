"""`sessionlab do`: what the keys of `sessionlab up` do, from another terminal."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from yarl import URL

from sessionlab.lab.bench.place import Place, found
from sessionlab.lab.errors import NothingShown, StepError, UsageError
from sessionlab.lab.fabrics.run_folder import running
from sessionlab.lab.reports.glyphs import glyphs_for

GLANCE = 2.0  # seconds that a lab gets to answer at all
PATIENCE = 120.0  # seconds: a part that starts on a busy machine takes its time


def command(
    action: Annotated[
        str | None,
        typer.Argument(metavar="[ACTION]", help="What to do; without it: what there is."),
    ] = None,
    part: Annotated[
        str, typer.Argument(metavar="[PART]", help="A node's name, balancer or redis.")
    ] = "",
    *,
    run: Annotated[
        str, typer.Option(metavar="NAME", help="The lab to do it to, where several are up.")
    ] = "",
) -> None:
    """Break or mend the cluster that `sessionlab up` runs in another terminal.

    Examples: `sessionlab do kill n1`; `sessionlab do start redis`; `sessionlab do add`. Without an
    action it shows the cluster's parts, and what there is to do.
    """
    place = found(run)
    _check_answers(place)
    if action is None:
        shown = "\n".join(_shown(_asked(place, "GET", "/cluster")))
        typer.echo(glyphs_for(sys.stdout.encoding, os.environ).clean(shown, keep="\n"))
    else:
        typer.echo(_asked(place, "POST", "/actions", {"do": action, "part": part})["done"])


def _check_answers(place: Place) -> None:
    """Raises NothingShown when nobody is at home: what is asked then would be done much later."""
    try:
        _sent(place, "HEAD", "", seconds=GLANCE)
    except TimeoutError:
        who = f"the lab {place.run} (process {dict(running()).get(place.run)})"
        raise NothingShown(
            f"{who} does not answer; is it stopped (Ctrl-Z)?", "`fg` lets it go on"
        ) from None
    except (OSError, http.client.HTTPException):
        pass  # `_asked` says what is wrong


def _asked(place: Place, method: str, path: str, body: object = None) -> dict[str, Any]:
    """The answer of its API; raises what the bench raised."""
    try:
        status, text = _sent(place, method, path, json.dumps(body))
        said: dict[str, Any] = json.loads(text)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NothingShown(
            f"the lab {place.run} did not answer ({error or type(error).__name__})",
            "is it ending? `sessionlab do` shows whether it is up",
        ) from None
    if status != http.HTTPStatus.OK:
        kind = UsageError if status == http.HTTPStatus.BAD_REQUEST else StepError
        raise kind(said["detail"], said["hint"])
    return said


def _sent(
    place: Place, method: str, path: str, body: str | None = None, seconds: float = PATIENCE
) -> tuple[int, bytes]:
    """Status and body of its API's answer; raises OSError and HTTPException."""
    url = URL(place.url)
    connection = http.client.HTTPConnection(url.host or "", url.port, timeout=seconds)
    headers = {"Authorization": f"Bearer {place.token}", "Content-Type": "application/json"}
    try:
        connection.request(method, f"{url.path}{path}", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _shown(state: dict[str, Any]) -> Iterator[str]:
    for part in state["parts"]:
        how = f"{part['state']} {part['how']}".rstrip()
        if part["seen"] not in ("", "up", how):
            also = f"{how}, {part['seen']} for the balancer"
            how = "draining" if part["seen"] == "drain" else also
        yield f"{part['name']:<9} {part['address']:<21} {part['pid'] or '–':>7}  {how}"
    if state["doing"]:
        yield f"\nunder way: {state['doing']}"
    yield "\nsessionlab do …"
    for action in state["actions"]:
        what = f"{action['do']} PART" if action["takes_part"] else action["do"]
        yield f"  {what:<12}  {action['does']}"
