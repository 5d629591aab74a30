"""Tabs of people's browsers."""

from __future__ import annotations

from sessionlab.lab.page.desk.visitors import Visitors
from sessionlab.lab.page.model.visitors import NewTab


def test_tabs_are_numbered_for_each_user() -> None:
    visitors = Visitors()
    wanted = [NewTab("alice"), NewTab("bob"), NewTab("alice"), NewTab(beside="t2")]
    opened = [visitors.open(each, []) for each in wanted]

    assert [(tab.user, tab.number) for tab in opened] == [
        ("alice", 1), ("bob", 1), ("alice", 2), ("bob", 2),
    ]  # fmt: skip
    assert opened[3].browser == opened[1].browser
