"""Time is passed in, so that tests need not wait for it."""

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds since a fixed moment."""

wall: Clock = time.time
"""Shared by all nodes, as well as their clocks agree: what a token's claims are compared with."""

monotonic: Clock = time.monotonic
"""This process's own: never set back, so a session in memory cannot live longer than it should."""
