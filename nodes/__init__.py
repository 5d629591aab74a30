"""The app server: one process is one node, and a strategy says how it recognises a user.

`python -m nodes --help` is its manual; DESIGN names the HTTP contract that every node serves.
"""
