"""Which addresses are asked at all, whoever names them, and which only insiders may name.

What is filled into a template comes from labels, and what a playlist names comes from a stream:
neither may lead a request of ours to where a cloud tells its secrets.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from auscult.kernel.errors import AuscultError

METADATA = frozenset(
    ip_address(one) for one in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
"""Where clouds tell a machine its secrets, beside the link-local 169.254.169.254: Alibaba, Azure,
Oracle, Amazon over IPv6."""

_HOLD_IPV4 = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""Whose last 32 bits are an IPv4 address: NAT64 (RFC 6052), and "IPv4-compatible" (RFC 4291)."""
_LOCAL = (IPv6Address("::"), IPv6Address("::1"))
SPECIAL = tuple(
    ip_network(one) for one in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16")
)
"""No place in the world (IANA's special-purpose registries), though Python's table of them has some
as global: protocol assignments, the relays of 6to4, documentation, segment routing."""

WHY_NEVER = "it is link-local, multicast, unspecified, or where a cloud tells its secrets"
WHY_NOT_INSIDE = "it lies inside, and who named it does not"

Address = IPv4Address | IPv6Address


def address_in(url: str) -> Address | None:
    """Return the address that a URL's host is as a number; None for a name."""
    try:
        return ip_address((urlsplit(url).hostname or "").partition("%")[0])
    except ValueError:
        return None


def is_off_limits(address: Address) -> bool:
    """Say whether an address is never asked, whoever names it."""
    if isinstance(address, IPv6Address):
        inner = ipv4_in(address)
        if inner is not None:
            return is_off_limits(inner)
    elif address.is_reserved:  # 240.0.0.0/4 and broadcast; of IPv6 the loopback is reserved too
        return True
    special = address.is_link_local or address.is_multicast or address.is_unspecified
    return special or address in METADATA


def is_inside(address: Address) -> bool:
    """Say whether an address is one of this machine, of a private or of a carrier's network."""
    judged = (ipv4_in(address) or address) if isinstance(address, IPv6Address) else address
    return not judged.is_global or any(judged in network for network in SPECIAL)


def ipv4_in(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that one stands for, in whatever way; None where it stands alone."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address in _LOCAL or not any(address in network for network in _HOLD_IPV4):
        return None
    return IPv4Address(int(address) & 0xFFFF_FFFF)


class GuardedResolver(AbstractResolver):
    """Resolves names as usual, and refuses one that leads to where nobody is asked.

    With `inside` False a private or loopback address is refused too.
    """

    def __init__(self, error: Callable[[str], AuscultError], *, inside: bool = True) -> None:
        """Refuse by raising what `error` makes of the reason."""
        self._usual = aiohttp.ThreadedResolver()
        self._error = error
        self._inside = inside

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._usual.resolve(host, port, family)
        for one in found:
            address = ip_address(one["host"].partition("%")[0])
            if why := why_refused(address, inside=self._inside):
                raise self._error(f"{host} is never asked: {why}")
        return found

    @override
    async def close(self) -> None:
        await self._usual.close()


def why_refused(address: Address, *, inside: bool = True) -> str:
    """Return why an address is not asked; empty where it may be."""
    if is_off_limits(address):
        return WHY_NEVER
    return "" if inside or not is_inside(address) else WHY_NOT_INSIDE
