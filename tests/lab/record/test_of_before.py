"""Histories that 0.1.0 has written, which knew paths and no conversations."""

from __future__ import annotations

import json

import pytest

from sessionlab.lab.record.history import History

ROW = {"client": "alice", "invoked": 0, "completed": 1, "outcome": "ok"}


@pytest.mark.parametrize(
    ("asked", "status", "user", "conversation", "who", "service"),
    [
        ("POST /login", 200, "alice", "login", "user", ""),
        ("POST /login", 401, None, "login", "", ""),
        ("POST /login", 503, None, "login", "error", ""),
        ("GET /me", 200, "alice", "me", "user", ""),
        ("GET /me", 200, None, "me", "nobody", ""),
        ("GET /orders/me", 401, None, "me", "nobody", "orders"),
        ("GET /me", 403, None, "me", "error", ""),
        ("GET /me", None, None, "me", "error", ""),
        ("GET /cart", 200, None, "read", "", ""),
        ("POST /shop/cart", 413, None, "write", "", "shop"),
        ("POST /logout", 204, None, "logout", "", ""),
        ("GET /page", 302, None, "request", "error", ""),
    ],
)
def test_their_paths_say_which_conversations_they_were(
    asked: str, status: int | None, user: str | None, conversation: str, who: str, service: str
) -> None:
    method, _, path = asked.partition(" ")
    row = ROW | {"method": method, "path": path, "status": status, "user": user}
    (read,) = History.from_jsonl(json.dumps(row))
    assert (read.conversation, read.who, read.service) == (conversation, who, service)
    (again,) = History.from_jsonl(History([read]).to_jsonl())
    assert again == read


def test_what_a_later_version_wrote_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 2"):
        History.from_jsonl(json.dumps({**ROW, "schema": 2}))
