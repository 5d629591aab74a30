"""How a credential travels between a client and a node: a cookie, or a bearer token."""
