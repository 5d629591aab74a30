"""The command `sessionlab`."""

from sessionlab.lab.cli.app import main

__all__ = ["main"]
