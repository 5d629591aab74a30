"""What can be asked for all tests: on the command line, and in the ini file as `sessionlab_…`."""

OPTIONS = {
    "recipe": "the recipe of the app: a file or a folder (default: the root folder's)",
    "variant": "the variant of the recipe",
    "affinity": "what ties a client to a copy (default: the recipe's, or none)",
    "nodes": "how many copies (default: 3)",
    "balancer": "builtin, haproxy or nginx",
    "fabric": "local or docker",
}
