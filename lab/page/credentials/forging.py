"""A forgery presented in the place of a tab's credential, once, and what came of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sessionlab.lab.errors import StepError
from sessionlab.lab.page.credentials import tokens, words
from sessionlab.lab.page.credentials.looking import where
from sessionlab.lab.page.desk.sending import shown
from sessionlab.lab.page.desk.side import PATIENCE
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.model.credentials import Forged

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.page.model.credentials import Forgery
    from sessionlab.lab.page.seen.sendings import Sendings

MOST = 4096  # bytes, as browsers keep and our nodes issue
_SENDABLE = re.compile(r"[!#-+\--:<-\[\]-~]+")  # RFC 6265 section 4.1.1, cookie-octet


async def forged(client: Client, forgery: Forgery, tab: str, sendings: Sendings) -> Forged:
    """Asks through the balancer who that is; the tab itself goes on with what it holds.

    It is the tab's request on the page, and in no history. Raises WrongField, and StepError where
    nothing is held that could be forged.
    """
    if not client.credential:
        raise StepError("this tab holds nothing that could be forged", "log in first")
    value = _value(client, forgery)
    shadow = client.shadow()
    _present(shadow, value)
    shadow.patience = PATIENCE
    try:
        with sendings.timed(shadow, tab, is_forged=True):
            found = await shadow.me()
    finally:
        await shadow.close()
    answer = shown(found, forgery.cluster, "me", is_own=False)
    why = words.verdict(forgery, value, client.credential, found.operation.code, answer)
    return Forged(value, answer, why)


def _value(client: Client, forgery: Forgery) -> str:
    """What is to be presented."""
    if forgery.value is not None:
        if forgery.claims is not None or forgery.header is not None:
            raise WrongField("value", "say a value or claims, not both")
        return _sendable(forgery.value, "value")
    token = tokens.opened(client.credential)
    if token is None:
        raise WrongField("claims", "this credential is no JWT: it has no claims", "send a value")
    try:
        return _sendable(tokens.forged(token, forgery), "claims")
    except (ValueError, RecursionError):
        raise WrongField("claims", "these can't be written as JSON") from None


def _sendable(value: str, field: str) -> str:
    if len(value) > MOST:
        raise WrongField(field, f"a credential has at most {MOST} bytes here, this {len(value)}")
    if not _SENDABLE.fullmatch(value):
        raise WrongField(
            field, "a credential is letters, digits and signs without spaces, quotes, , ; or \\"
        )
    return value


def _present(client: Client, value: str) -> None:
    kind, _, name = where(client).partition(" ")
    if kind == "cookie":
        client.drop_cookies([name])
        client.keep_cookie(name, value)
    else:
        client.present(value)
