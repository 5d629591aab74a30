"""Which product sets a cookie, by the names that their makers document; and who tells the node."""

from __future__ import annotations

import re
from typing import NamedTuple


class Product(NamedTuple):
    """`pattern` is for a cookie's whole name; `source` is where the maker says so."""

    pattern: str
    name: str
    source: str


_TABLE = r"""
AWSALB(CORS|APP-\d+|APP|TG|TGCORS)? | AWS Application Load Balancer | docs.aws.amazon.com: Sticky sessions for your Application Load Balancer
AWSELB(CORS)? | AWS Classic Load Balancer | docs.aws.amazon.com: Configure sticky sessions for your Classic Load Balancer
GCLB|GCILB | Google Cloud load balancing | cloud.google.com: Backend services, session affinity
ARRAffinity(SameSite)? | Azure App Service (ARR) | learn.microsoft.com: App Service, session affinity
ApplicationGatewayAffinity(CORS)? | Azure Application Gateway | learn.microsoft.com: Application Gateway HTTP settings
ASLBSA(CORS)? | Azure Front Door | learn.microsoft.com: Front Door routing methods, session affinity
__cflb | Cloudflare Load Balancing | developers.cloudflare.com: Load balancing, session affinity
X-Oracle-(BMC|OCI)-LBS-Route | Oracle Cloud load balancer | docs.oracle.com: Load balancer session persistence
DO-LB | DigitalOcean load balancer | docs.digitalocean.com: Load balancers, sticky sessions
incap_ses_.+|nlbi_.+ | Imperva (Incapsula) | docs.imperva.com: Imperva cookies
INGRESSCOOKIE | ingress-nginx | kubernetes.github.io/ingress-nginx/examples/affinity/cookie
SERVERID|SERVER_ID|SRV | HAProxy | docs.haproxy.org: `cookie`, by the names of its examples
_traefik_backend | Traefik | doc.traefik.io: Sticky sessions, version 1
lb | Caddy | caddyserver.com: reverse_proxy, `lb_policy cookie`
route|srv_id | nginx | nginx.org: ngx_http_upstream_module, `sticky`
ROUTEID|BALANCEID | Apache mod_proxy_balancer | httpd.apache.org: mod_proxy_balancer, `stickysession`
BIGipServer.+ | F5 BIG-IP | my.f5.com: K6917, BIG-IP persistence cookie encoding
NSC_.+ | Citrix NetScaler | docs.netscaler.com: Persistence based on HTTP cookies
BNI_.+ | Barracuda Load Balancer | campus.barracuda.com: Persistence
SESSIONLAB(_.+)? | sessionlab's own balancer | docs/balancer.md
"""  # noqa: E501  a row a product
COOKIES = [Product(*line.split(" | ")) for line in _TABLE.strip().splitlines()]
ROUTED = Product(
    r"[^.]+\.([A-Za-z0-9_-]{1,40})",
    "the route of Tomcat, JBoss or Jetty (mod_jk, mod_proxy_balancer)",
    "tomcat.apache.org: `jvmRoute`, after the last dot of the session's id",
)
"""A session whose id ends with the name of its node; here the pattern is the value's."""
NODE_HEADERS = re.compile(
    r"x-(node|served-by|backend(-server)?|upstream(-addr)?|server(-name|-id)?|host(name)?|balancer"
    r"|instance(-id)?|pod(-name)?|container-id|worker)|fly-machine-id|via|server"
)
"""Where proxies and apps tell who answered."""
VAGUE = ("via", "server")  # unless they differ they name a product, and no node


def product_of(cookie: str) -> Product | None:
    """Whose affinity cookie goes by that name."""
    return next((one for one in COOKIES if re.fullmatch(one.pattern, cookie)), None)


def route_of(cookie: str, value: str) -> str | None:
    """The node's name at the end of a servlet session's id."""
    found = re.fullmatch(ROUTED.pattern, value) if cookie.startswith("JSESSIONID") else None
    return found[1] if found else None
