"""Asking one target: bounded in time and in bytes, whatever it answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from auscult.kernel.errors import (
    BodyMalformed,
    BodyTooLarge,
    BodyTooSlow,
    InputError,
)
from auscult.signals.failures import say_plainly

ACCEPT = (
    "application/openmetrics-text;version=1.0.0;q=0.75,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=0.0.4;q=0.25,*/*;q=0.1"
)
_CHUNK_BYTES = 65_536
_OK = 200


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body and what it is said to be."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Fetcher:
    """How targets are asked. Only the address itself: redirects and proxies are not followed.

    headers may carry a credential. body_bytes_max bounds the *unpacked* body.
    """

    session: aiohttp.ClientSession
    timeout_s: float
    body_bytes_max: int

    async def fetch(self, url: str, *, form: Mapping[str, str] | None = None) -> Fetched:
        """Return what the target shows (to a GET, or a POST of a form).

        Raises `InputError` or one of its kinds: too slow, too large, not 200, broken off, ….
        """
        asked = self.session.request(
            "GET" if form is None else "POST",
            url,
            data=form,
            timeout=aiohttp.ClientTimeout(total=self.timeout_s),
            allow_redirects=False,
        )
        try:
            async with asked as answer:
                if answer.status != _OK:
                    raise InputError(f"the target answered {answer.status}")
                body = await self._read(answer)
                return Fetched(body, answer.headers.get("Content-Type", "text/plain"))
        except TimeoutError:
            raise BodyTooSlow(f"no whole answer within {self.timeout_s:g} s") from None
        except aiohttp.ClientPayloadError as why:
            raise BodyMalformed(f"the answer broke off: {why}") from None
        except (aiohttp.ClientError, OSError, ValueError) as why:
            raise InputError(say_plainly(why)) from None

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        parts, size = [], 0
        async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
            size += len(chunk)
            if size > self.body_bytes_max:
                raise BodyTooLarge(f"more than {self.body_bytes_max} bytes")
            parts.append(chunk)
        return b"".join(parts)
