from __future__ import annotations

from sessionlab.lab.ordeals import ORDEALS
from tests.lab.clients.speaking import recipe

HELLO = "ws = '/chat'\nsend = '{user} {password}'\nuntil = 'hello'\n"


def test_who_logs_in_on_a_socket_has_no_second_tab() -> None:
    two_tabs = ORDEALS.named("two-tabs")
    assert two_tabs.why_not(recipe(f"[login]\n{HELLO}"))
    assert not two_tabs.why_not(recipe("[login]\npost = '/login'"))
    assert not two_tabs.why_not(recipe(f"[connect]\n{HELLO}[login]\npost = '/login'"))
