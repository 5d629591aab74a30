"""The stories that come with sessionlab, one a file, in the order in which to tell them."""

ORDER = (
    "stateless_http",
    "reference_and_value",
    "monolith",
    "memory_round_robin",
    "redis_round_robin",
    "redis_down",
    "redis_blip",
    "sticky",
    "sticky_node_dies",
    "sticky_scale_out",
    "sticky_microservices",
    "jwt_everywhere",
    "jwt_costs",
    "rolling_deploy",
    "pinned_to_the_dead",
    "balancer_restart",
    "scale_out_hash",
    "keys_per_node",
    "two_tabs",
    "tls_edge",
)
