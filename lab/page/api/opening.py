"""Opening the page in a browser of this machine's, without its token on any command line."""

from __future__ import annotations

import os
import webbrowser
from html import escape
from typing import TYPE_CHECKING

from sessionlab.lab.fabrics.run_folder import home

if TYPE_CHECKING:
    from sessionlab.lab.bench.place import Place

FILE = "open.html"
_REDIRECT = (
    '<!doctype html><meta charset="utf-8"><title>sessionlab</title>'
    '<meta http-equiv="refresh" content="0; url={url}"><a href="{url}">sessionlab</a>\n'
)


def opened(place: Place) -> str:
    """Open it by a file that only this user may read, and that goes with the run; why not, if so.

    A browser in the terminal would fight for it with what is shown there.
    """
    path = home() / place.run / FILE
    path.touch(mode=0o600)
    path.write_text(_REDIRECT.format(url=escape(place.page)), encoding="utf-8")
    try:
        browser = webbrowser.get()
        if "BROWSER" not in os.environ and type(browser) is webbrowser.GenericBrowser:
            return "there is no browser here but in a terminal: open the address of `page` yourself"
        if browser.open(path.as_uri()):
            return ""
    except (webbrowser.Error, OSError):
        pass
    return "no browser could be opened here: open the address of `page` yourself"
