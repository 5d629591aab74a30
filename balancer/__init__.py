"""An HTTP/1.1 load balancer: `python -m sessionlab.balancer --help`."""
