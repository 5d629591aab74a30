"""The steps of a story and what happened in it, in words: a sentence for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_NAMED = 3
_VERBS = {  # of one, of several
    "connect": ("connects", "connect"),
    "login": ("logs in", "log in"),
    "try_login": ("tries to log in", "try to log in"),
    "me": ("asks “who am I?”", "ask “who am I?”"),
    "me_times": ("asks “who am I?”", "ask “who am I?”"),
    "read": ("looks into the cart", "look into their carts"),
    "write": ("puts {item} into the cart", "put {item} into their carts"),
    "cart": ("looks into the cart", "look into their carts"),
    "logout": ("logs out", "log out"),
    "ask": ("sends {method} {path}", "send {method} {path}"),
    "reconnect": ("opens a new connection, and keeps the credential", ""),
    "forget": ("drops the credential, and keeps the connection", ""),
    "present": ("presents another credential instead", ""),
    "copy_credential": ("takes a copy of what {of} holds", ""),
    "ask_each_node": ("asks every node “who am I?”, past the balancer", ""),
    "<lambda>": ("asks", "ask"),
}
_ACTIONS = {
    "kill": "{name} is killed: gone at once, with all that was in its memory",
    "stop": "{name} is told to leave: it finishes what it has begun",
    "start": "{name} is started again, with an empty memory",
    "add_node": "One more node is added",
    "remove_node": "{name} is taken away for good",
    "drain": "{name} is drained: no new client comes to it, and who is tied to it stays",
    "deploy": "Version {version} is deployed: {how}",
    "kill_balancer": "The balancer is killed, with all that it has learned",
    "start_balancer": "The balancer is started again, with an empty memory",
    "freeze_balancer": "The balancer is frozen: it takes connections, and answers nothing",
    "thaw_balancer": "The balancer goes on",
    "restart_balancer": "The balancer restarts: what was in its memory is gone",
    "reload_balancer": "The balancer reads its configuration anew, while it serves",
    "stop_redis": "Redis is killed",
    "start_redis": "Redis is started again",
    "rotate_keys": "Every node signs with a new key, and still takes what the old one has signed",
    "retire_keys": "The old key is taken away from every node",
    "until_expired": "Wait until the token of {who} has expired",
    "at_once": "At the same moment:",
}
_DEPLOYS = {
    "Rolling": "one node after the other",
    "Recreate": "each node is killed and started anew, where it stands",
    "BlueGreen": "new nodes beside the old ones, then all change over",
}
_HAPPENED = {
    "node.killed": "{node} was killed",
    "node.stopped": "{node} has left",
    "node.started": "{node} is back",
    "node.added": "{node} has come",
    "node.removed": "{node} is gone",
    "node.ended": "{node} ended by itself",
    "node.overdue": "{node} did not leave in time, and was killed",
    "node.draining": "{node} is being drained",
    "node.drained": "The drain of {node} is over",
    "redis.stopped": "Redis is down",
    "redis.started": "Redis is back",
    "balancer.killed": "The balancer was killed",
    "balancer.started": "The balancer is back",
    "balancer.restarted": "The balancer has restarted",
    "balancer.reloaded": "The balancer was reloaded",
    "keys.rotated": "The nodes have a new key",
    "keys.retired": "The old key is gone",
    "deploy.finished": "The deploy has come to its end",
    "deploy.failed": "The deploy failed: {error}",
    "part.paused": "{part} is frozen",
    "part.resumed": "{part} goes on",
}
_KEPT = {"memory": "in memory", "redis": "in Redis", "jwt": "in a JWT"}
_SPECIAL = {
    "redis_keeps": "Redis keeps its data",
    "tls": "TLS ends at the balancer",
    "trust_balancer": "nodes believe the balancer",
}


def of_step(data: Mapping[str, Any]) -> str:
    """`10 users log in, all at once`: what is about to be done."""
    does = str(data["does"])
    said = {**data, "who": who(data.get("who", ())), "of": who(data.get("of", ()))}
    if does in _ACTIONS:
        said["how"] = _DEPLOYS.get(str(data.get("how")), data.get("how"))
        return _ACTIONS[does].format_map(said) + _where(data)
    if does not in ("everyone", "one_by_one", "everyone_often", "asking"):
        times = f", {data['times']} times, one after the other" if "times" in data else ""
        return f"{said['who']} {_verb(does, said)}{_where(data)}{times}"
    done = f"{said['who']} {_verb(str(data['what']), said)}"
    if does == "asking":
        return f"From now on {done} again and again"
    together = ", one after the other" if does == "one_by_one" else ", all at once"
    times = f", {data['times']} times" if "times" in data else ""
    return done + (together if len(data.get("who", ())) > 1 else "") + times


def of_event(kind: str, data: Mapping[str, Any]) -> str:
    """`n2 was killed`; empty for what is told otherwise, or means nothing to a person."""
    said = _HAPPENED.get(kind, "").format_map({"node": "", "part": "", "error": "", **data})
    if said and data.get("version"):
        said += f", with version {data['version']}"
    if kind == "node.drained" and data.get("pins_left"):
        said += f": {data['pins_left']} are still tied to it"
    return said[:1].upper() + said[1:] if said.startswith("the ") else said


def of_cluster(data: Mapping[str, Any]) -> str:
    """`3 nodes, sessions in memory; round-robin, no affinity`: what it is made of."""
    strategies = dict.fromkeys(data["strategies"].values())
    sessions = ", ".join(_KEPT.get(name, name) for name in strategies if name)
    nodes = f"{data['nodes']} {'node' if data['nodes'] == 1 else 'nodes'}"
    services = len(data["strategies"])
    if services > 1:
        nodes += f" of {services} services"
    parts = [f"{nodes}, sessions {sessions}" if sessions else nodes]
    if data["balancer"]:
        affinity = data["affinity"]
        tied = "no affinity" if affinity == "none" else f"affinity {affinity}"
        parts.append(f"balancer: {data['algorithm']}, {tied}")
    parts += [said for name, said in _SPECIAL.items() if data.get(name)]
    parts += [] if data.get("one_key", True) else ["a key for each node"]
    parts += [f"{name}: {value}" for name, value in data.get("options", {}).items()]
    called = f"{data['part']}: " if data.get("part") else ""
    return f"{called}{'; '.join(parts)}"


def who(names: Sequence[str]) -> str:
    """`alice`, `alice and bob`, `10 users`."""
    if len(names) > _MOST_NAMED or (len(names) > 1 and names[0].startswith("user-")):
        return f"{len(names)} users"
    return " and ".join(names)


def _verb(does: str, said: Mapping[str, Any]) -> str:
    """What they do; a function of the story's own is called what it does."""
    own = does.replace("_", " ")
    one, several = _VERBS.get(does, (f"{own}s", own))
    many = len(said["who"].split(" and ")) > 1 or said["who"].endswith(" users")
    return ((several if many else one) or one).format_map(said)


def _where(data: Mapping[str, Any]) -> str:
    if data.get("direct"):
        return " at a node, past the balancer"
    return f" at {data['service']}" if data.get("service") else ""
