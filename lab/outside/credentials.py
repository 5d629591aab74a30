"""What a probe finds out of the credential itself: its cookie's flags, its fixation, its claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.outside.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.outside.seen import Cookie, Seen, Token

_HOUR, _DAY = 3600, 86400
_PERSONAL = ("email", "mail", "phone", "address", "birthdate", "password", "name", "given_name")


def credentials(seen: Seen) -> list[Finding]:
    """All that is known of it."""
    found = [*fixation(seen)]
    for name in seen.carriers:
        found += cookie(seen, name)
    if not seen.carriers:
        found.append(
            Finding(
                "session-cookie",
                Severity.INFO if seen.tokens or seen.alone else Severity.UNKNOWN,
                "the session travels in no cookie"
                if seen.alone or seen.tokens
                else "no cookie was found without which the user is unknown",
                f"asked without each of: {', '.join(seen.alone) or 'none'}",
            )
        )
    for token in seen.tokens:
        found += jwt(token)
    return found


def fixation(seen: Seen) -> Iterator[Finding]:
    """Whether the id of a visitor becomes that of a user (OWASP: session fixation)."""
    fixed = [name for name in seen.carriers if name in seen.survived]
    if fixed:
        yield Finding(
            "fixation",
            Severity.BAD,
            f"the session's id survives the login: {', '.join(fixed)}",
            "the cookie had the same value before and after it",
            "make a new id at login: whoever has planted the old one is logged in with the user",
        )
    elif seen.carriers and seen.login is not None:
        yield Finding(
            "fixation",
            Severity.GOOD,
            "a login makes a new session id",
            f"{', '.join(seen.carriers)} had another value before it, or none",
        )
    else:
        yield Finding("fixation", Severity.UNKNOWN, "no session cookie to look at")


def cookie(seen: Seen, name: str) -> Iterator[Finding]:
    """Its flags (RFC 6265bis, 4.1) and prefix."""
    found = seen.cookies.get(name)
    if found is None:
        yield Finding("session-cookie", Severity.UNKNOWN, f"no answer was seen that sets {name}")
        return
    faults = list(_faults(found, https=seen.https))
    worst = max((severity for severity, _, _ in faults), key=_ORDER.index, default=Severity.GOOD)
    told = "; ".join(f"{k}={v}" if v else k for k, v in found.attributes.items())
    yield Finding(
        "session-cookie",
        worst,
        f"the session cookie {name}: "
        + ("; ".join(says for _, says, _ in faults) or "Secure, HttpOnly and SameSite are set"),
        told or "it has no attributes",
        "; ".join(dict.fromkeys(advice for _, _, advice in faults if advice)),
    )


_ORDER = [Severity.GOOD, Severity.INFO, Severity.WARN, Severity.BAD]


def _faults(found: Cookie, *, https: bool) -> Iterator[tuple[Severity, str, str]]:
    has = found.attributes
    secure, strict = "secure" in has, has.get("samesite", "").lower()
    if not secure:
        worst = Severity.BAD if https else Severity.INFO
        why = "set Secure: else it is sent over http too" if https else "over http it can't have it"
        yield worst, "no Secure", why
    if "httponly" not in has:
        yield Severity.WARN, "no HttpOnly", "set HttpOnly: a script on the page can read it"
    if strict == "none":
        says = "SameSite=None: sent along from other sites"
        yield (Severity.WARN if secure else Severity.BAD), says, "Lax, unless it is embedded there"
    elif not strict:
        yield Severity.INFO, "no SameSite", "set SameSite=Lax: browsers differ where it is missing"
    host, ours = found.name.startswith("__Host-"), found.name.startswith("__Secure-")
    if host and (not secure or "domain" in has or has.get("path") != "/"):
        why = "__Host- takes Secure, Path=/ and no Domain"
        yield Severity.BAD, "browsers refuse it for its prefix", why
    elif ours and not secure:
        yield Severity.BAD, "browsers refuse it for its prefix", "__Secure- takes Secure"
    elif https and not host:
        yield Severity.INFO, "no __Host- prefix", "__Host- keeps other hosts from setting it"
    if has.get("domain"):
        why = "without Domain no other host under it gets the cookie"
        yield Severity.INFO, f"it goes to all of {has['domain']}", why


def jwt(token: Token) -> Iterator[Finding]:
    """Its algorithm, lifetime and claims by their names (RFC 7519, RFC 8725)."""
    said = f"algorithm {token.algorithm}; claims: {', '.join(token.claims) or 'none'}"
    where = f"the JWT in {token.where}"
    if token.algorithm.lower() == "none":
        advice = (
            "anybody can write such a one: verify signatures, and refuse `none` (RFC 8725, 3.1)"
        )
        yield Finding("jwt", Severity.BAD, f"{where} is not signed", said, advice)
    lifetime = token.lifetime
    if lifetime is None:
        advice = "give it `exp`: what nobody can take back must end by itself"
        yield Finding("jwt", Severity.BAD, f"{where} never expires", said, advice)
    else:
        long = lifetime > _DAY
        yield Finding(
            "jwt",
            Severity.WARN if long else Severity.INFO,
            f"{where} is good for {_span(lifetime)}",
            said,
            "who copies it is in for as long: minutes, and a refresh that can be refused"
            if long
            else "",
        )
    if personal := [name for name in token.claims if name.lower() in _PERSONAL]:
        advice = "whoever holds it can read that: keep an id in it, and the rest at the server"
        says = f"{where} tells about a person: {', '.join(personal)}"
        yield Finding("jwt", Severity.WARN, says, said, advice)


def _span(seconds: float) -> str:
    for unit, name in ((_DAY, "days"), (_HOUR, "hours"), (60, "minutes")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.0f} seconds"
