"""Ports that are kept for a part: nobody else is given one, and the part can have it."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.fabrics.local import ports

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is let go at once")


def port_of(reservation: socket.socket) -> int:
    return int(reservation.getsockname()[1])


def test_it_is_none_that_the_kernel_gives_to_an_outgoing_connection() -> None:
    first = int(ports.RANGE.read_text().split()[0])
    with ports.reserve(HOST) as reserved:
        assert port_of(reserved) < first


def test_two_labs_that_start_at_the_same_number_meet_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.urandom", lambda count: b"\x00" * count)
    with ExitStack() as stack:
        taken = [port_of(stack.enter_context(ports.reserve(HOST))) for _ in range(20)]
    assert len(set(taken)) == 20


def test_who_does_not_share_ports_cannot_have_it_and_a_server_can() -> None:
    with ports.reserve(HOST) as reserved:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((HOST, port_of(reserved)))
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((HOST, port_of(reserved)))
            server.listen()


def test_a_port_that_listens_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda count: b"\x00" * count)
    with socket.socket() as server:
        with ports.reserve(HOST) as reserved:  # until the server has it, or another lab may
            port = port_of(reserved)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((HOST, port))
        server.listen()
        with ports.reserve(HOST) as other:
            assert port_of(other) != port


@pytest.mark.parametrize("said", ["1024\t65535\n", "", None])
def test_where_the_kernel_gives_away_all_ports_it_gives_this_one(
    said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "range"
    if said is not None:
        file.write_text(said)
    monkeypatch.setattr(ports, "RANGE", file)
    with ports.reserve(HOST) as reserved:
        assert port_of(reserved)
