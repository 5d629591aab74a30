"""Pages as files, as a report is one."""

import base64, hashlib
from pathlib import Path
from sessionlab.lab.viewer.view import Page, to_json
import json
WEB = Path(__file__).parents[3] / "lab/viewer/web"

def html(page: Page) -> str:
    modules = {f"viewer/{p.name}": "data:text/javascript;base64," + base64.b64encode(p.read_bytes()).decode() for p in sorted(WEB.glob("*.js"))}
    imap = json.dumps({"imports": modules})
    boot = 'import "viewer/report.js";'
    css = (WEB / "viewer.css").read_text()
    h = lambda t: "'sha256-" + base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() + "'"
    csp = f"default-src 'none'; script-src {h(imap)} {h(boot)} data:; style-src {h(css)}; base-uri 'none'; form-action 'none'"
    data = to_json(page).decode().replace("<", "\\u003c")
    return f'''<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{csp}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>sessionlab</title><style>{css}</style><script type="importmap">{imap}</script></head><body><script type="application/json" id="page">{data}</script><script type="module">{boot}</script></body></html>'''
