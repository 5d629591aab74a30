"""The TCP fault proxy: a program of its own, `python -m sessionlab.lab.link --help`."""
