"""Other balancers' own tests of affinity, as behaviours that ours and they are held to.

Each case is written anew from what a test of theirs is about, and says which. It runs against our
balancer and, where they have the feature, against the HAProxy and the nginx that are installed,
so that we know what we expect to be fair. `python -m tests.balancer.cases` prints `docs/cases.md`.
"""
