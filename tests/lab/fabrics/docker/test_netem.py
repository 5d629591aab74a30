"""The commands that make a network bad, as text."""

from __future__ import annotations

from sessionlab.lab.fabrics.docker.netem import script
from sessionlab.lab.fabrics.interface import Link


def test_a_good_network_has_no_rule_and_no_discipline() -> None:
    lines = script([], Link()).splitlines()
    assert not [line for line in lines if line.startswith("-A") or " add " in line]
    assert "tc qdisc del dev eth0 root 2>/dev/null || :" in lines


def test_a_cut_is_in_both_directions() -> None:
    lines = script(["198.18.0.3"], Link()).splitlines()
    assert "-A INPUT -s 198.18.0.3 -j DROP" in lines
    assert "-A OUTPUT -d 198.18.0.3 -j DROP" in lines


def test_delay_is_netem_s_and_a_rate_goes_with_it() -> None:
    text = script([], Link(delay=0.1, jitter=0.02, rate=64_000))
    assert "netem delay 100000us 20000us rate 64000bit" in text
    assert "tbf" not in text


def test_a_rate_alone_needs_no_netem() -> None:
    text = script([], Link(rate=64_000))
    assert "tbf rate 64000bit" in text
    assert "netem" not in text


def test_loss_needs_no_netem_and_spares_the_loopback() -> None:
    text = script([], Link(loss=0.2))
    assert "-A INPUT -i eth0 -m statistic --mode random --probability 0.200000 -j DROP" in text
    assert "netem" not in text
