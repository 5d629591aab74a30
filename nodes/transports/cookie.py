"""The credential as a cookie: HttpOnly, SameSite=Lax, Path=/, and Secure when the edge is TLS."""

from multidict import CIMultiDictProxy

from sessionlab.nodes.errors import Malformed, Problem, Reason, Refused
from sessionlab.nodes.transports.interface import MAX_BYTES, REALM, Delivery

_MOST = 10
_ATTRIBUTES = "; Path=/; HttpOnly; SameSite=Lax"
# A browser forgets a cookie by Max-Age (RFC 6265 section 5.2.2); Expires is for those without it.
_FORGET = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"


class CookieTransport:
    """A session cookie: the browser drops it when it closes, the server ends it when it is due."""

    def __init__(self, name: str) -> None:
        self.name = name
        # Browsers drop such a cookie when it is not Secure (RFC 6265bis section 4.1.3).
        self._prefixed = name.lower().startswith(("__host-", "__secure-"))

    def read(self, headers: CIMultiDictProxy[str]) -> str | None:
        """The cookie's value.

        Two cookies of the same name with different values mean that somebody else, a sibling
        subdomain perhaps, planted one (RFC 6265 section 8.6). The order tells nothing that a server
        may rely on (section 4.2.2), so neither is believed.
        """
        values = set(cookie_values(headers, self.name))
        if len(values) > 1:
            raise Refused(Reason.AMBIGUOUS)
        return values.pop() if values else None

    def every(self, headers: CIMultiDictProxy[str]) -> list[str]:
        """The values of all cookies of the name. More than ten come from no browser's user."""
        values = list(dict.fromkeys(cookie_values(headers, self.name)))
        if len(values) > _MOST:
            raise Malformed(Reason.AMBIGUOUS.value, Reason.AMBIGUOUS.words)
        return values

    def deliver(self, credential: str, expires_in: int, *, secure: bool) -> Delivery:  # noqa: ARG002 - a browser-session cookie has no lifetime
        size = len(self.name) + len(credential)
        if size > MAX_BYTES:
            raise Problem(
                409,
                "cookie-too-large",
                f"the cookie would take {size} bytes, and browsers drop one of more than"
                f" {MAX_BYTES} (RFC 6265bis); nothing was changed",
            )
        return Delivery({"Set-Cookie": self._cookie(credential, secure=secure)})

    def withdraw(self, *, secure: bool) -> Delivery:
        return Delivery({"Set-Cookie": self._cookie("", secure=secure) + _FORGET})

    def challenge(self, refused: Refused) -> str:  # noqa: ARG002 - the scheme has no place for a reason
        """The scheme of draft-broyer-http-cookie-auth: expired, yet what others send too.

        No registered scheme means "a cookie". Browsers pass over a scheme that they do not know,
        and pop up no dialogue, as they would for Basic.
        """
        return f'Cookie realm="{REALM}", form-action="/login", cookie-name="{self.name}"'

    def _cookie(self, value: str, *, secure: bool) -> str:
        return f"{self.name}={value}{_ATTRIBUTES}{'; Secure' if secure or self._prefixed else ''}"


def cookie_values(headers: CIMultiDictProxy[str], name: str) -> list[str]:
    """Every value of the cookie `name`, in order: split as RFC 6265 section 5.4 joins, no more.

    Garbage between the semicolons is passed over. Quotes belong to the value.
    """
    pairs = (pair for line in headers.getall("Cookie", ()) for pair in line.split(";"))
    split = (pair.partition("=") for pair in pairs)
    return [value.strip() for key, equals, value in split if equals and key.strip() == name]
