"""Reading and cutting Cookie and Set-Cookie fields, as bytes (RFC 6265bis)."""


def pairs(cookie: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Each pair of a Cookie field: name, value, and the pair as it came; nothing is decoded."""
    found = []
    for part in cookie.split(b";"):
        pair = part.strip(b" \t")
        if pair:
            name, _, value = pair.partition(b"=")
            found.append((name.strip(b" \t"), value.strip(b' \t"'), pair))
    return found


def values(cookie: bytes, name: bytes) -> list[bytes]:
    """The values of every cookie of that name, in the order sent."""
    return [value for found, value, _ in pairs(cookie) if found == name]


def without(cookie: bytes, name: bytes) -> bytes:
    """The Cookie field without that cookie, otherwise as it came."""
    return b"; ".join(pair for found, _, pair in pairs(cookie) if found != name)


def set_value(set_cookie: bytes, name: bytes) -> bytes | None:
    """The value that a Set-Cookie field gives to that name; None when it is another's."""
    pair = set_cookie.partition(b";")[0]
    found, _, value = pair.partition(b"=")
    return value.strip(b' \t"') if found.strip(b" \t") == name else None


def deletes(set_cookie: bytes) -> bool:
    """Whether a Set-Cookie field removes its cookie: no value, Max-Age of 0, or a date of 1970."""
    pair, _, attributes = set_cookie.partition(b";")
    if not pair.partition(b"=")[2].strip(b' \t"'):
        return True
    for attribute in attributes.lower().split(b";"):
        name, _, value = attribute.strip().partition(b"=")
        if name == b"max-age":
            return value.strip() == b"0" or value.strip().startswith(b"-")
        if name == b"expires" and b"1970" in value:
            return True
    return False
