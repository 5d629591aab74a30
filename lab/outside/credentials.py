"""What a probe finds out of the credential itself: its cookie's flags, its fixation, its claims."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sessionlab.lab.outside.findings import Finding, Severity, found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.outside.seen import Cookie, Seen, Token

_HOUR, _DAY = 3600, 86400
_PERSONAL = ("email", "mail", "phone", "address", "birthdate", "password", "name", "given_name")
_ORDER = list(Severity)


def credentials(seen: Seen) -> Iterator[Finding]:
    """All that is known of it."""
    names = ", ".join(seen.carriers)
    if fixed := [name for name in seen.carriers if name in seen.survived]:
        yield found("fixation", "fixed", "its value was the same before", cookies=", ".join(fixed))
    elif seen.carriers and seen.login:
        yield found("fixation", "new", f"{names} had another value before it, or none")
    else:
        yield found("fixation", "unknown", "no session cookie to look at")
    for name in seen.carriers:
        yield flags(seen, name)
    if not seen.carriers:
        form = "none" if seen.tokens or seen.alone or not seen.cookies else "unknown"
        asked = f"without {', '.join(seen.alone)} too the user was known"
        yield found("session-cookie", form, asked if seen.alone else "no other cookie was seen")
    for token in seen.tokens:
        yield from jwt(token)


def flags(seen: Seen, name: str) -> Finding:
    """A session cookie's attributes (RFC 6265bis, 4.1) and prefix."""
    cookie = seen.cookies.get(name)
    if cookie is None:
        return found("session-cookie", "unknown", f"no answer was seen that sets {name}")
    faults = list(_faults(cookie, https=seen.https))
    told = "; ".join(says for _, says, _ in faults) or "Secure, HttpOnly and SameSite are set"
    return replace(
        found("session-cookie", "set", cookie.said, cookie=name, faults=told),
        severity=max((fault[0] for fault in faults), key=_ORDER.index, default=Severity.GOOD),
        advice="; ".join(dict.fromkeys(advice for _, _, advice in faults)),
    )


def _faults(cookie: Cookie, *, https: bool) -> Iterator[tuple[Severity, str, str]]:
    has, name = cookie.attributes, cookie.name
    secure, site = "secure" in has, has.get("samesite", "").lower()
    if not secure and https:
        yield Severity.BAD, "no Secure", "set Secure: else it is sent over http too"
    elif not secure:
        yield Severity.INFO, "no Secure", "over http it can't have it"
    if "httponly" not in has:
        yield Severity.WARN, "no HttpOnly", "set HttpOnly: a script on the page can read it"
    if site == "none":
        worst = Severity.WARN if secure else Severity.BAD
        yield worst, "SameSite=None: other sites send it along", "Lax, unless it is embedded there"
    elif not site:
        yield Severity.INFO, "no SameSite", "set SameSite=Lax: browsers differ where it is missing"
    host = name.startswith("__Host-")
    if host and (not secure or "domain" in has or has.get("path") != "/"):
        why = "__Host- takes Secure, Path=/ and no Domain"
        yield Severity.BAD, "browsers refuse it for its prefix", why
    elif name.startswith("__Secure-") and not secure:
        yield Severity.BAD, "browsers refuse it for its prefix", "__Secure- takes Secure"
    elif https and not host:
        yield Severity.INFO, "no __Host- prefix", "__Host- keeps other hosts from setting it"
    if has.get("domain"):
        why = "without Domain no other host under it gets the cookie"
        yield Severity.INFO, f"it goes to all of {has['domain']}", why


def jwt(token: Token) -> Iterator[Finding]:
    """Its algorithm, lifetime and claims by their names (RFC 7519, RFC 8725)."""
    said = f"algorithm {token.algorithm}; claims: {', '.join(token.claims)}"
    if token.algorithm.lower() == "none":
        yield found("jwt", "unsigned", said, where=token.where)
    if token.lifetime is None:
        yield found("jwt", "endless", said, where=token.where)
    else:
        form, span = "long" if token.lifetime > _DAY else "short", _span(token.lifetime)
        yield found("jwt", form, said, where=token.where, span=span)
    if personal := [name for name in token.claims if name.lower() in _PERSONAL]:
        yield found("jwt", "personal", said, where=token.where, claims=", ".join(personal))


def _span(seconds: float) -> str:
    for unit, name in ((_DAY, "days"), (_HOUR, "hours"), (60, "minutes")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.0f} seconds"
