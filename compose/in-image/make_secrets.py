"""Makes the secrets of a stack, once: each part finds its own in its own volume.

The first service of compose.yaml runs this. What is there already stays, so that a stack that is
started again knows its sessions and tokens; `docker compose down -v` forgets them.
"""

import base64
import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path("/secrets")
READS = "~sessionlab:* -@all +@read +@connection -@admin -@dangerous +info"
"""What the page may do in Redis: look at sessions."""
STRATEGIES = ("memory", "redis", "jwt")


def main() -> None:
    check(os.environ)
    files = contents()
    if all((ROOT / name).exists() for name in files):
        files = {}
    # For the page, and for `docker compose run lab` from a shell where other things are chosen.
    for part in ("node", "page"):
        files[f"{part}/stack"] = lines(SESSIONLAB_TARGET=os.environ["TARGET"])
    for name, text in files.items():
        path = ROOT / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


def check(chosen: Mapping[str, str]) -> None:
    """End with status 1 and a sentence where no stack can be made of what is chosen."""
    strategy, nodes = chosen["STRATEGY"], chosen["NODES"]
    if strategy not in STRATEGIES:
        sys.exit(f"STRATEGY is {', '.join(STRATEGIES)}, and not {strategy!r}")
    if not re.fullmatch("[1-9][0-9]*", nodes):
        sys.exit(f"NODES is a number from 1 up, and not {nodes!r}")


def contents() -> dict[str, str]:
    """Every file below `ROOT`, as a fresh stack has it."""
    password, redis = secrets.token_urlsafe(12), secrets.token_urlsafe(24)
    reader = secrets.token_urlsafe(24)
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    jwk = {"kty": "oct", "k": key, "kid": secrets.token_hex(4), "alg": "HS256", "use": "sig"}
    return {
        "node/env": lines(
            NODE_USER_PASSWORD=password,
            SESSIONLAB_TARGET_PASSWORD=password,
            NODE_REDIS_URL=f"redis://:{redis}@redis:6379/0",
            NODE_JWT_KEYS="/secrets/node/jwt-keys.json",
        ),
        "node/password": password + "\n",
        "node/jwt-keys.json": json.dumps({"keys": [jwk]}) + "\n",
        "balancer/env": lines(BALANCER_COOKIE_SECRET=secrets.token_urlsafe(32)),
        "redis/redis.conf": f'bind 0.0.0.0\nport 6379\nrequirepass {redis}\nsave ""\n'
        f"appendonly no\ndir /tmp\nuser page on >{reader} {READS}\n",
        "page/env": lines(
            SESSIONLAB_TARGET_PASSWORD=password,
            SESSIONLAB_REDIS_URL=f"redis://page:{reader}@redis:6379/0",
            SESSIONLAB_PAGE_TOKEN=secrets.token_urlsafe(24),
        ),
    }


def lines(**variables: str) -> str:
    return "".join(f"{name}='{value}'\n" for name, value in variables.items())


if __name__ == "__main__":
    main()
