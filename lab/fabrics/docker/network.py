"""A private network for one cluster, and the address that each part has on it."""

from __future__ import annotations

import itertools
import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from random import SystemRandom
from typing import TYPE_CHECKING

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.docker import subnets
from sessionlab.lab.fabrics.interface import FREE, GOOD, Address, Limits, Link

if TYPE_CHECKING:
    from docker.models.networks import Network

    from sessionlab.lab.fabrics.docker.engine import Engine

LOOPBACK = "127.0.0.1"
FIRST_PORT = 8080
OVERLAPS = 403  # the engine's answer to an address range that another network has


@dataclass(slots=True)
class Host:
    """A part's place on the network, and what is wrong with it on purpose.

    It keeps both when its container is replaced.
    """

    address: str
    ports: list[int] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    cut_off: set[str] = field(default_factory=set)  # the addresses that it can't reach
    link: Link = GOOD
    limits: Limits = FREE

    @property
    def wired(self) -> bool:
        """Whether its network is as the engine makes it."""
        return not self.cut_off and self.link == GOOD


class PrivateNetwork:
    """One network, and who has which address on it."""

    def __init__(self, network: Network, subnet: IPv4Network) -> None:
        self.network = network
        self.hosts: dict[str, Host] = {}
        self._addresses = subnet.hosts()
        self.gateway = str(next(self._addresses))

    @classmethod
    async def make(cls, engine: Engine, name: str, labels: dict[str, str]) -> PrivateNetwork:
        """Raises StartError when no address range is left for it, or when it is out of reach."""
        made = cls(*await engine.do(lambda: _make(engine, name, labels)))
        made.check_reach()
        return made

    def host(self, part: str) -> Host:
        """The part's place, given to it when it has none yet."""
        if part not in self.hosts:
            self.hosts[part] = Host(str(next(self._addresses)))
        return self.hosts[part]

    def place(self, part: str, port: int = 0) -> Address:
        """An address of the part's; a port that is asked for is this machine's as well."""
        host = self.host(part)
        if port:
            _check_free(port)
            host.published.append(port)
        chosen = port or next(p for p in itertools.count(FIRST_PORT) if p not in host.ports)
        host.ports.append(chosen)
        return Address(host.address, chosen)

    def check_reach(self) -> None:
        """The gateway is an address of this machine's, unless the engine is somewhere else."""
        try:
            with socket.socket() as knock:
                knock.bind((self.gateway, 0))
        except OSError:
            raise StartError(
                "containers can't be reached from here by their addresses",
                "the fabric `docker` needs an engine on this Linux machine; with a remote one, a\n"
                "  rootless one or Docker Desktop's, use the Compose stack instead: see compose/",
            ) from None


def _make(engine: Engine, name: str, labels: dict[str, str]) -> tuple[Network, IPv4Network]:
    whole = subnets.pool()
    taken = [*subnets.routed(), *_in_use(engine)]
    for subnet in subnets.free(whole, taken, SystemRandom()):
        gateway = str(next(subnet.hosts()))
        ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet), gateway=gateway)])
        try:
            network = engine.client.networks.create(
                name, driver="bridge", ipam=ipam, labels=labels, check_duplicate=True
            )
        except APIError as error:
            if error.status_code == OVERLAPS:
                continue  # somebody else was faster
            raise
        return network, subnet
    raise StartError(
        f"no address range is left for a network: all of {whole} is taken",
        "`sessionlab down` and `docker network prune` free what nobody uses any more;\n"
        f"  {subnets.VARIABLE}=10.99.0.0/16 would use another range",
    )


def _in_use(engine: Engine) -> list[IPv4Network]:
    return [
        IPv4Network(pool["Subnet"])
        for network in engine.client.api.networks()
        for pool in (network["IPAM"] or {}).get("Config") or ()
        if "." in pool.get("Subnet", "")
    ]


def _check_free(port: int) -> None:
    try:
        with socket.socket() as knock:
            knock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            knock.bind((LOOPBACK, port))
    except OSError as error:
        raise StartError(
            f"port {port} on {LOOPBACK} cannot be had: {error.strerror}",
            "choose another port, or stop what holds it",
        ) from None
