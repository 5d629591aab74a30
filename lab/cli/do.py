"""`sessionlab do`: what the keys of `sessionlab up` do, from another terminal."""

from __future__ import annotations

import http.client
import json
from typing import Annotated, Any

import typer
from yarl import URL

from sessionlab.lab.bench.place import Place, found
from sessionlab.lab.errors import LabError, NothingShown, StepError, UsageError

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
    if action is None:
        typer.echo(_shown(_asked(place, "GET", "/cluster")))
    else:
        typer.echo(_asked(place, "POST", "/actions", {"do": action, "part": part})["done"])


def _asked(place: Place, method: str, path: str, body: object = None) -> dict[str, Any]:
    """The answer of its API; raises what the bench raised."""
    url = URL(place.url)
    connection = http.client.HTTPConnection(url.host or "", url.port, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {place.token}", "Content-Type": "application/json"}
    try:
        sent = json.dumps(body) if body is not None else None
        connection.request(method, f"{url.path}{path}", sent, headers)
        answer = connection.getresponse()
        said: dict[str, Any] = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NothingShown(
            f"the lab {place.run} did not answer ({error or type(error).__name__})",
            "is it ending? `sessionlab do` shows whether it is up",
        ) from None
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise _error(answer.status)(said["detail"], said.get("hint", ""))
    return said


def _error(status: int) -> type[LabError]:
    return UsageError if status == http.HTTPStatus.BAD_REQUEST else StepError


def _shown(state: dict[str, Any]) -> str:
    lines = [_row(part) for part in state["parts"]]
    if state["doing"]:
        lines += ["", f"under way: {state['doing']}"]
    lines += ["", "sessionlab do …"]
    for action in state["actions"]:
        what = f"{action['do']} PART" if action["takes_part"] else action["do"]
        lines.append(f"  {what:<13} {action['does']}")
    return "\n".join(lines)


def _row(part: dict[str, Any]) -> str:
    state = f"{part['state']} {part['how']}".rstrip()
    if part["seen"]:
        state += f", {part['seen']} for the balancer"
    return f"{part['name']:<9} {part['address']:<21} {part['pid'] or '–':>7}  {state}"
