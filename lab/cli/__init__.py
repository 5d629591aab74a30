"""The command `sessionlab`."""

from lab.cli.app import main

__all__ = ["main"]
