"""What a description names that lives in a node or in the balancer, with a line about each.

The built-in balancer and the nodes look their own up; here they are only to be chosen from.
"""

from __future__ import annotations

from sessionlab.lab.description.variants import Variants

STRATEGIES: Variants[object] = Variants(
    "sessionlab.strategies",
    {
        "memory": "a session in the memory of the node that made it",
        "redis": "a session in a Redis that all nodes share",
        "jwt": "a signed token that every node verifies alone",
    },
    "__call__",
)
ALGORITHMS: Variants[object] = Variants(
    "sessionlab.algorithms",
    {
        "round-robin": "each node in turn",
        "least-connections": "the node with the fewest requests under way",
        "random": "any node",
        "two-choices": "the less busy one of two random nodes",
        "hash[:KEY]": "by a hash of KEY: source, path, header:, cookie: or query:NAME",
        "consistent-hash[:KEY]": "the same, and few clients move when a node comes or goes",
    },
    "__call__",
)
AFFINITIES: Variants[object] = Variants(
    "sessionlab.affinities",
    {
        "none": "every request is balanced anew",
        "cookie": "a cookie of the balancer's own names the node",
        "learn:NAME": "the balancer remembers which node set the cookie of that name",
        "learn-header:NAME": "the same by a header of answers, which clients send back",
        "header:NAME": "the balancer remembers where it sent each value of that header",
        "query:NAME": "the same by a parameter of the query",
        "source": "the balancer remembers where it sent each client address",
    },
    "__call__",
)
