"""Which product sets a cookie, or tells the node in a header: names as their makers document them.

Names of cookies are matched whole or, where a product adds to them, by how they begin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """`pattern` is a regular expression for a whole name; `source` is where the maker says so."""

    pattern: str
    name: str
    source: str


COOKIES = (
    Product(
        r"AWSALB(CORS|APP-\d+|APP|TG|TGCORS)?",
        "AWS Application Load Balancer",
        "docs.aws.amazon.com/elasticloadbalancing: Sticky sessions for your ALB",
    ),
    Product(
        r"AWSELB(CORS)?",
        "AWS Classic Load Balancer",
        "docs.aws.amazon.com/elasticloadbalancing: Configure sticky sessions for your CLB",
    ),
    Product(
        r"GCLB|GCILB", "Google Cloud load balancing", "cloud.google.com: Session affinity, GCLB"
    ),
    Product(
        r"ARRAffinity(SameSite)?",
        "Azure App Service (ARR)",
        "learn.microsoft.com: Configure an App Service app, session affinity",
    ),
    Product(
        r"ApplicationGatewayAffinity(CORS)?",
        "Azure Application Gateway",
        "learn.microsoft.com: Application Gateway HTTP settings, cookie-based affinity",
    ),
    Product(
        r"ASLBSA(CORS)?", "Azure Front Door", "learn.microsoft.com: Front Door routing methods"
    ),
    Product(
        r"__cflb",
        "Cloudflare Load Balancing",
        "developers.cloudflare.com: Load balancing, session affinity",
    ),
    Product(
        r"X-Oracle-(BMC|OCI)-LBS-Route",
        "Oracle Cloud load balancer",
        "docs.oracle.com: Load balancer session persistence",
    ),
    Product(
        r"DO-LB", "DigitalOcean load balancer", "docs.digitalocean.com: Load balancers, stickiness"
    ),
    Product(r"incap_ses_.+|nlbi_\d+.*", "Imperva (Incapsula)", "docs.imperva.com: Imperva cookies"),
    Product(
        r"INGRESSCOOKIE",
        "ingress-nginx",
        "kubernetes.github.io/ingress-nginx/examples/affinity/cookie: its default name",
    ),
    Product(r"SERVERID|SERVER_ID|SRV", "HAProxy", "docs.haproxy.org: `cookie`, as its examples do"),
    Product(
        r"_traefik_backend|traefik.*sticky.*",
        "Traefik",
        "doc.traefik.io: sticky sessions (its own names are a hash with `_` before)",
    ),
    Product(r"lb", "Caddy", "caddyserver.com/docs: reverse_proxy, lb_policy cookie: its default"),
    Product(
        r"route|srv_id", "nginx", "nginx.org: ngx_http_upstream_module, `sticky`, as it has it"
    ),
    Product(
        r"ROUTEID|BALANCEID",
        "Apache mod_proxy_balancer",
        "httpd.apache.org: mod_proxy_balancer, examples of `stickysession`",
    ),
    Product(
        r"BIGipServer.+|f5avr.+",
        "F5 BIG-IP",
        "my.f5.com: K6917, overview of BIG-IP persistence cookie encoding",
    ),
    Product(
        r"NSC_.+",
        "Citrix NetScaler",
        "docs.netscaler.com: persistence based on HTTP cookies",
    ),
    Product(r"BNI_.+", "Barracuda Load Balancer", "campus.barracuda.com: persistence"),
    Product(r"SESSIONLAB(_.+)?", "sessionlab's own balancer", "docs/balancer.md"),
)
"""Cookies that tie a client to a node."""

ROUTED = Product(
    r"[^.]+\.([A-Za-z0-9_-]{1,40})",
    "Tomcat's or JBoss' route (mod_jk, mod_proxy_balancer, mod_cluster)",
    "tomcat.apache.org: Connectors, `jvmRoute` after the id's last dot",
)
"""A session id that ends with the name of its node; the pattern is the value's."""
ROUTED_NAMES = ("JSESSIONID", "JSESSIONIDSSO")

CROSS_SITE = (
    "csrftoken",
    "csrf-token",
    "_csrf",
    "csrf",
    "XSRF-TOKEN",
    "__RequestVerificationToken",
)
"""What only guards forms: read by scripts on purpose, and no session."""

NODE_HEADERS = (
    "x-node",
    "x-served-by",
    "x-backend",
    "x-backend-server",
    "x-upstream",
    "x-upstream-addr",
    "x-server",
    "x-server-name",
    "x-server-id",
    "x-host",
    "x-hostname",
    "x-instance",
    "x-instance-id",
    "x-pod",
    "x-pod-name",
    "x-container-id",
    "x-worker",
    "x-balancer",
    "fly-machine-id",
    "fly-request-id",
    "via",
    "server",
)
"""Where proxies and apps tell who answered; the last two seldom name a node."""


def product_of(cookie: str) -> Product | None:
    """Whose affinity cookie goes by that name."""
    return next((one for one in COOKIES if re.fullmatch(one.pattern, cookie)), None)


def route_of(cookie: str, value: str) -> str | None:
    """The node's name at the end of a servlet session's id."""
    if cookie.upper() not in ROUTED_NAMES:
        return None
    found = re.fullmatch(ROUTED.pattern, value)
    return found[1] if found else None
