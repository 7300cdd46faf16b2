"""One question to a health address: which status, within how long, and whether it may be asked.

What a template is filled with comes from labels, and whoever can send samples chooses those. A
probe goes where nobody outside can see, and no answer to it is what proves a hang; so a host that
a label names must be known to us otherwise, and some addresses are never asked at all.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated

import aiohttp
from pydantic import Field

from auscult.kernel.errors import PreconditionFailed, ReceiverUnavailable
from auscult.remediation.decide.request import ActionRequest
from auscult.remediation.decide.templates import fill
from auscult.runtime.addresses import GuardedResolver, address_in, why_refused

HEALTHY = 200

Instances = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=300)], ...], Field(max_length=100)
]
"""Patterns (`*`, `?`, `[…]`) of the `host:port` that a health address may be filled to name."""


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
    connector = aiohttp.TCPConnector(resolver=GuardedResolver(PreconditionFailed))
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
    address = address_in(url)
    if address is not None and (why := why_refused(address)):
        raise PreconditionFailed(f"{address} is never asked: {why}")


def _host_of(url: str) -> str:
    """Return `host:port` as it stands in an address or a template, without a login before it."""
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
