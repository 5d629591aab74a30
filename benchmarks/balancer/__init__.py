"""CPU per request of our balancer, HAProxy and nginx, in turn, against the same backends."""
