"""The page that a browser sees at `/`: no script, nothing from elsewhere, what is typed escaped.

Which node has answered is its colour, its name, and its icon in the browser's tab, so that a click
that was sent elsewhere is seen at once.
"""

import base64
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_GOLDEN_ANGLE = 137.508
"""Degrees: one after the other, colours that are as far apart as can be."""

_LOGIN = """\
<form method="post"><h3>Log in</h3>
<label>User <input name="username" value="alice" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required>
</label><button name="do" value="login">Log in</button>
<p>alice, bob, carol, user-000001 …; the password was printed when the cluster started.</p></form>
"""
_NO_LOGIN = """\
<p><strong>You cannot log in here with a browser.</strong> This strategy hands out a token that a
client has to send itself, as <code>Authorization: Bearer</code>, and a page without scripts cannot.
A node, or <code>sessionlab up</code>, that is started with <code>--jwt-transport cookie</code>
puts its token into a cookie; or ask with <code>curl</code>.</p>
"""
_CART = """\
<form method="post"><label>Item <input name="item" maxlength="256" required></label>
<button name="do" value="cart">Put it in the cart</button></form>
"""
_LOGOUT = """\
<form method="post"><button name="do" value="logout">Log out</button></form>
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page says: `why` a credential was not taken, and the `problem` of a form if any.

    Not `known` is who asks when the node itself could not find that out.
    """

    node: str
    about: str
    user: str | None
    items: Sequence[str]
    why: str
    known: bool
    problem: str
    can_log_in: bool


def page(seen: Seen) -> str:
    """The whole document."""
    node = escape(seen.node)
    problem = f'<p class="problem">{escape(seen.problem)}</p>' if seen.problem else ""
    return f"""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{node}: {_title(seen)}</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" href="{_icon(seen.node)}">
<style>{_style(seen.node)}</style></head>
<body><header><p>you were answered by</p><h1>{node}</h1><p>{escape(seen.about)}</p></header>
<main>{problem}{_who(seen)}
<p><a href="?">Ask again</a>: who answers then?</p></main></body></html>
"""


def policy(node: str) -> dict[str, str]:
    """The headers that hold the page to its word (CSP level 3): only this style, and no script."""
    digest = base64.b64encode(hashlib.sha256(_style(node).encode()).digest()).decode()
    rules = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return {"Content-Security-Policy": "; ".join(rules)}


def hue(node: str) -> int:
    """The node's colour in degrees: by its number, and by what stands before that."""
    name = node.rstrip("0123456789")
    number = int(node[len(name) :] or 0)
    return round((zlib.crc32(name.encode()) + number * _GOLDEN_ANGLE) % 360)


def _who(seen: Seen) -> str:
    if seen.user is not None:
        items = "".join(f"<li>{escape(item)}</li>" for item in seen.items)
        cart = f"<ul>{items}</ul>" if items else "<p>Your cart is empty.</p>"
        said = f"<h2>You are {escape(seen.user)}</h2><h3>Your cart</h3>"
        return f"{said}{cart}{_CART}{_LOGOUT}"
    if not seen.known:
        return f"<h2>Who you are cannot be told</h2><p>{escape(seen.why)}</p>{_LOGOUT}"
    said = "<h2>You are nobody</h2>"
    if seen.why:
        said += (
            f"<p>Your browser sent a credential, and {escape(seen.node)} does not take it:"
            f" <strong>{escape(seen.why)}</strong>.</p>{_LOGOUT}"
        )
    return said + (_LOGIN if seen.can_log_in else _NO_LOGIN)


def _title(seen: Seen) -> str:
    return escape(seen.user if seen.user is not None else "who are you?")


def _icon(node: str) -> str:
    """A dot of the node's colour.

    A browser that finds no icon asks for one, and with round-robin that request takes a turn.
    """
    return (
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'%3E"
        f"%3Ccircle cx='4.5' cy='4.5' r='4.5' fill='hsl({hue(node)},70%25,28%25)'/%3E%3C/svg%3E"
    )


def _style(node: str) -> str:
    return (
        ":root{color-scheme:light dark}"
        "body{margin:0;font:1.1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
        f"header{{background:hsl({hue(node)},70%,28%);color:#fff;padding:1rem 2rem}}"
        "header p{margin:0}h1{font-size:5rem;line-height:1.1;margin:0}main{padding:1rem 2rem}"
        "form{margin:1.5rem 0}label{display:block;margin:.5rem 0}button,input{font:inherit}"
        "button{padding:.2rem .8rem}"
        ".problem{border-left:.5rem solid #b00;padding:.5rem 1rem;background:#fee;color:#300}"
    )
