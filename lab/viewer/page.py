"""One HTML file that shows a page of runs, with all that it takes inside: it asks no network.

The modules in `web/` import each other by bare names (`viewer/NAME.js`), which an import map leads
to `data:` URLs here, and to files where a server has them. What a page may run and load is said in
its Content-Security-Policy: what bears this page's nonce, and nothing else.
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from sessionlab.lab.viewer.view import to_json

if TYPE_CHECKING:
    from sessionlab.lab.viewer.view import Page

_WEB = files("sessionlab.lab.viewer") / "web"
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}';"
    " img-src data:; base-uri 'none'; form-action 'none'"
)
_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="sessionlab {release}">
<title>{title}</title>
<style nonce="{nonce}">{style}</style>
<script type="importmap" nonce="{nonce}">{modules}</script>
</head>
<body>
<main><h1>{sentence}</h1><noscript>{without}</noscript></main>
<script type="application/json" id="page">{data}</script>
<script type="module" nonce="{nonce}">import "viewer/report.js";</script>
</body>
</html>
"""
_WITHOUT = "The charts are drawn by JavaScript, which is inside this file; it loads nothing."


def to_html(page: Page) -> str:
    """The file's text; the same page has the same."""
    data = to_json(page).decode()
    nonce = b64encode(sha256(data.encode()).digest()[:18]).decode()
    return _HTML.format(
        policy=_POLICY.format(nonce=nonce),
        nonce=nonce,
        release=escape(page.sessionlab),
        title=escape(page.sentence or page.title),
        style=(_WEB / "viewer.css").read_text(encoding="utf-8"),
        modules=json.dumps({"imports": _modules()}),
        sentence=escape(page.sentence),
        without=_WITHOUT,
        data=_as_data(data),
    )


def _modules() -> dict[str, str]:
    """Each module's text as a URL, by the name that the others import it by."""
    found = sorted((path for path in _WEB.iterdir() if path.name.endswith(".js")), key=str)
    encoded = {path.name: b64encode(path.read_bytes()).decode() for path in found}
    return {
        f"viewer/{name}": f"data:text/javascript;base64,{text}" for name, text in encoded.items()
    }


def _as_data(text: str) -> str:
    """JSON that no name in it can end the element of: HTML reads `</script` there, and `<!--`."""
    return text.replace("<", "\\u003c")
