"""Where a stream itself stands: inside, or out in the world."""

import asyncio
import socket
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Why
from auscult.runtime.addresses import GuardedResolver, address_in, is_inside


class Origin:
    """The configured address of a stream, which decides whether it may lead to the inside.

    It is asked anew with every request until the name has led somewhere once: a name server that
    comes up later than we do must not shut the stream out for good. What it said first then
    holds, so that nobody moves a stream inside by changing a name.
    """

    def __init__(self, url: str) -> None:
        """Take the address; raises `StreamUnheard` where it has no host."""
        host = urlsplit(url).hostname
        if not host:
            raise StreamUnheard(f"{url[:200]!r} has no host", why=Why.UNREACHABLE)
        self._host = host
        address = address_in(url)
        self._inside = None if address is None else is_inside(address)

    async def is_inside(self) -> bool:
        """Say whether the host lies inside; a name that leads nowhere as yet does not."""
        if self._inside is None:
            loop = asyncio.get_running_loop()
            try:
                found = await loop.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
            except OSError:
                return False
            places = [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
            self._inside = any(map(is_inside, places))
        return self._inside


class OriginResolver(AbstractResolver):
    """Resolves names on behalf of one stream: to the inside only where its origin is inside."""

    def __init__(self, origin: Origin) -> None:
        """Resolve for a stream of this origin; what is refused raises `StreamUnheard`."""
        self._origin = origin
        error = partial(StreamUnheard, why=Why.REFUSED)
        self._inside = GuardedResolver(error, inside=True)
        self._outside = GuardedResolver(error, inside=False)

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        guard = self._inside if await self._origin.is_inside() else self._outside
        return await guard.resolve(host, port, family)

    @override
    async def close(self) -> None:
        await self._inside.close()
        await self._outside.close()
