"""One question to a health address: which status, within how long, and whether it may be asked.

What a template is filled with comes from labels, and whoever can send samples chooses those. A
probe goes where nobody outside can see, and no answer to it is what proves a hang; so a host that
a label names must be known to us otherwise, and some addresses are never asked at all.
"""

import re
import socket
from collections.abc import Iterable
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Annotated
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic import Field
from typing_extensions import override

from auscult.kernel.errors import PreconditionFailed, ReceiverUnavailable
from auscult.remediation.decide.request import ActionRequest
from auscult.remediation.decide.templates import fill

HEALTHY = 200

Instances = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=300)], ...], Field(max_length=100)
]
"""Patterns (`*`, `?`, `[…]`) of the `host:port` that a health address may be filled to name."""

METADATA = frozenset(
    ip_address(one) for one in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
"""Where clouds tell a machine its secrets, beside the link-local 169.254.169.254: Alibaba, Azure,
Oracle, Amazon over IPv6."""

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


def health_address(template: str, request: ActionRequest, instances: Iterable[str]) -> str:
    """Return the address that a health template stands for; empty for an empty one.

    Raises `PreconditionFailed` where a label names a host that auscult does not scrape and that
    matches none of `instances`, and where the address is never asked; `ReceiverUnavailable` where
    it is not known yet what is scraped.
    """
    url = fill(template, request.values)
    if not url:
        return ""
    refuse_off_limits(url)
    host = _host_of(url)
    if "{" not in _host_of(template) or any(fnmatchcase(host, one) for one in instances):
        return url
    if request.scraped is None:
        raise ReceiverUnavailable("what auscult scrapes is not known yet")
    if host not in request.scraped:
        raise PreconditionFailed(
            f"{host} is no target that auscult scrapes, and matches none of the runbook's instances"
        )
    return url


async def probe(url: str, *, within_ms: int) -> int | None:
    """Return the status a GET gives within so many milliseconds; None where there was no answer.

    Redirects are not followed, and nothing of the body is read. Raises `PreconditionFailed` where
    nobody was asked: the address cannot be read, has no host, or is never asked.
    """
    refuse_off_limits(url)
    timeout = aiohttp.ClientTimeout(total=within_ms / 1_000)
    connector = aiohttp.TCPConnector(resolver=_Guarded())
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as http,
            http.get(url, allow_redirects=False) as answer,
        ):
            return answer.status
    except (aiohttp.ClientConnectorDNSError, aiohttp.InvalidURL, ValueError) as why:
        raise PreconditionFailed(f"nobody to ask at {url} ({type(why).__name__})") from None
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None


def refuse_off_limits(url: str) -> None:
    """Raise `PreconditionFailed` for an address that names, as a number, what is never asked."""
    try:
        host = urlsplit(url).hostname or ""
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return  # a name: it is looked at when it is resolved
    if is_off_limits(address):
        raise PreconditionFailed(f"{host} is never asked: {_WHY}")


def is_off_limits(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address is never asked, whoever names it."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_off_limits(inner)
    elif address.is_reserved:  # 240.0.0.0/4 and broadcast; of IPv6 the loopback is reserved too
        return True
    special = address.is_link_local or address.is_multicast or address.is_unspecified
    return special or address in METADATA


_WHY = "it is link-local, multicast, unspecified, or where a cloud tells its secrets"


class _Guarded(AbstractResolver):
    """Resolves names as usual, and refuses one that leads to what is never asked."""

    def __init__(self) -> None:
        self._usual = aiohttp.ThreadedResolver()

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._usual.resolve(host, port, family)
        for one in found:
            if is_off_limits(ip_address(one["host"].partition("%")[0])):
                raise PreconditionFailed(f"{host} is never asked: {_WHY}")
        return found

    @override
    async def close(self) -> None:
        await self._usual.close()


def _host_of(url: str) -> str:
    """Return `host:port` as it stands in an address or a template, without a login before it."""
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
