"""Which addresses a network gets, without an engine."""

from __future__ import annotations

from ipaddress import IPv4Network
from random import Random
from typing import TYPE_CHECKING

from sessionlab.lab.fabrics.docker.subnets import free, pool, routed

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun0\t000012C6\t00000000\t0001\t0\t0\t0\t0000FEFF\t0\t0\t0
"""


def test_what_is_taken_is_not_offered_however_it_overlaps() -> None:
    whole = IPv4Network("10.0.0.0/20")
    taken = [IPv4Network("10.0.4.128/25"), IPv4Network("10.0.8.0/21"), IPv4Network("172.17.0.0/16")]
    assert [*free(whole, taken, Random(1))] == [IPv4Network("10.0.0.0/22")]
    assert [*free(whole, [IPv4Network("10.0.0.0/8")], Random(1))] == []


def test_the_order_differs_from_lab_to_lab_and_nothing_comes_twice() -> None:
    one, other = ([*free(pool(), [], Random(seed))] for seed in (1, 2))
    assert one != other
    assert sorted(one) == sorted(other)
    assert len(set(one)) == 128


def test_routes_are_taken_but_the_default_route_is_not(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(TABLE)
    assert [*routed(table)] == [IPv4Network("192.168.0.0/24"), IPv4Network("198.18.0.0/15")]
    assert [*routed(tmp_path / "none")] == []
