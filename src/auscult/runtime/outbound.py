"""Where messages may go: out into the world, and inside only where the operator allows it.

A name is resolved once, every address it leads to is judged, and the connection goes to an address
that was judged: a name server that answers differently a moment later changes nothing (DNS
rebinding). The socket itself is made only for an address that was judged, so numbers written as
hosts pass the same lock (OWASP, "Server-Side Request Forgery Prevention"; RFC 6890, RFC 6598).
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from auscult.kernel.errors import ReceiverRefused
from auscult.runtime.addresses import SPECIAL, Address, ipv4_in, is_off_limits

Network = IPv4Network | IPv6Network

NEVER = "it is link-local, multicast, unspecified, or where a cloud tells its secrets"
REFUSED: tuple[tuple[str, tuple[Network, ...]], ...] = (
    ("this machine", (ip_network("127.0.0.0/8"), ip_network("::1/128"))),
    ("a carrier's network", (ip_network("100.64.0.0/10"),)),
    ("translated (NAT64)", (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))),
    ("tunnelled (6to4, Teredo)", (ip_network("2002::/16"), ip_network("2001::/32"))),
    ("a private network", (ip_network("fec0::/10"),)),
    ("IPv4 in the form of IPv6", (ip_network("::/96"),)),
    ("set apart for special use", SPECIAL),
)
"""Beside all that is not global: some of these count as global, and lead inside all the same."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Judges addresses; `allow` are the networks inside that whoever runs auscult has named."""

    allow: tuple[Network, ...] = ()

    def why_refused(self, address: Address) -> str:
        """Return the rule by which an address is refused; empty where it may be asked."""
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        address = mapped or address
        if is_off_limits(address):
            return NEVER
        if any(address in network for network in self.allow):
            inner = ipv4_in(address) if isinstance(address, IPv6Address) else None
            return self.why_refused(inner) if inner is not None else ""
        for rule, networks in REFUSED:
            if any(address in network for network in networks):
                return _said(rule)
        return "" if address.is_global else _said("a private network")

    def check(self, hosts: Iterable[str]) -> None:
        """Raise `ReceiverRefused` where one of these addresses is not to be asked.

        Which address it was is not said: nobody learns here what a name leads to inside.
        """
        for host in hosts:
            if why := self.why_refused(ip_address(host.partition("%")[0])):
                raise ReceiverRefused(f"the receiver's address is not asked: {why}")

    def dial(self, host: str, port: int, *, timeout_s: float) -> socket.socket:
        """Return a connection to a host, made by blocking calls; raises `OSError` as well."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self.check(str(place[0]) for *_, place in found)
        last: OSError | None = None
        for family, kind, protocol, _, place in found:
            wire = socket.socket(family, kind, protocol)
            try:
                wire.settimeout(timeout_s)
                wire.connect(place)
            except OSError as why:
                wire.close()
                last = why
            else:
                return wire
        raise last or OSError("the name leads nowhere")


class GuardedConnector(aiohttp.TCPConnector):
    """Connects where its guard lets it, and nowhere else."""

    def __init__(self, guard: Guard) -> None:
        """Take the guard, which whoever connects by other means asks for."""
        super().__init__(resolver=_GuardedNames(guard), socket_factory=self._make_socket)
        self.guard = guard

    def _make_socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, place = info
        self.guard.check([str(place[0])])
        return socket.socket(family, kind, protocol)


class _GuardedNames(AbstractResolver):
    """Resolves a name as usual, and refuses it whole where one of its addresses is refused."""

    def __init__(self, guard: Guard) -> None:
        self._usual = aiohttp.ThreadedResolver()
        self._guard = guard

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._usual.resolve(host, port, family)
        self._guard.check(one["host"] for one in found)
        return found

    @override
    async def close(self) -> None:
        await self._usual.close()


def open_http(guard: Guard) -> aiohttp.ClientSession:
    """Return the session in which effects go out: one for every tenant, so it keeps nothing.

    A cookie that one tenant's receiver sets must not go out with another tenant's message; no
    proxy of the environment sees what is sent.
    """
    return aiohttp.ClientSession(
        connector=GuardedConnector(guard),
        auto_decompress=False,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def guard_of(http: aiohttp.ClientSession | None) -> Guard:
    """Return the guard a session was opened with; one that allows nothing inside for any other."""
    connector = http.connector if http is not None else None
    return connector.guard if isinstance(connector, GuardedConnector) else Guard()


def _said(rule: str) -> str:
    return f"it is {rule}, and `outbound.allow` does not name it"
