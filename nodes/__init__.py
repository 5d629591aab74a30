"""The app server: one process is one node, and a strategy says how it recognises a user.

`python -m sessionlab.nodes --help` is its manual (`python -m nodes` in the checkout).
"""
