"""The parts of a cluster: what their own words say of the machine."""

from __future__ import annotations

import errno
import os

import pytest

from sessionlab.lab.cluster.processes import check_logs
from sessionlab.lab.errors import NothingShown


def test_a_part_that_ran_out_of_descriptors_has_shown_nothing() -> None:
    said = f"listening\ncannot connect to n1: {os.strerror(errno.EMFILE)}\n"
    with pytest.raises(NothingShown, match="balancer had too few open files") as refused:
        check_logs({"n1": "listening", "balancer": said})
    assert "ulimit -n" in refused.value.hint


def test_parts_that_say_nothing_of_it_are_fine() -> None:
    check_logs({"n1": "listening", "balancer": "backend n1 is down"})


def test_what_a_stranger_typed_into_an_access_log_is_no_word_of_the_part() -> None:
    check_logs({"n1": '{"at": 1.0, "user": "' + os.strerror(errno.EMFILE) + '"}\n'})
