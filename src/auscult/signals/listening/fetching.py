"""Asking for playlists, segments and endless streams: bounded in time, bytes and places."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple, Self
from urllib.parse import urljoin, urlsplit

import aiohttp

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Why
from auscult.runtime.addresses import address_in, why_refused
from auscult.signals.failures import say_plainly
from auscult.signals.listening.bodies import begin_of, media_of
from auscult.signals.listening.origin import Origin, OriginResolver

PLAYLIST_BYTES_MAX = 1 << 20
SEGMENT_BYTES_MAX = 16 << 20
REDIRECTS_MAX = 4
CHUNK_BYTES = 16_384
AGENT = "auscult"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole body, where it came from in the end, and what the server says it is, if anything."""

    body: bytes
    url: str
    media: str


class Opened(NamedTuple):
    """An endless body: what the server says it is, and its chunks as they come.

    begins_ms is when its first sample was made, in Unix milliseconds; None where the server does
    not say that.
    """

    media: str
    chunks: AsyncIterator[bytes]
    begins_ms: int | None


@dataclass(frozen=True, slots=True)
class Fetching:
    """How one stream is asked for.

    A playlist and a redirect may name any public address; one inside (loopback, private) only
    where the stream itself was configured to be inside. Where clouds tell their secrets is never
    asked. No proxy and no cookie of the environment is used.
    """

    http: aiohttp.ClientSession
    origin: Origin
    timeout_s: float

    @classmethod
    @asynccontextmanager
    async def of(cls, url: str, *, timeout_s: float = 10.0) -> AsyncIterator[Self]:
        """Open a session for one stream's address; raises `StreamUnheard` where it has no host."""
        origin = Origin(url)
        connector = aiohttp.TCPConnector(resolver=OriginResolver(origin), limit=4)
        async with aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": AGENT, "Accept": "*/*"},
            auto_decompress=True,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as http:
            yield cls(http, origin, timeout_s)

    async def get(
        self, url: str, *, most_bytes: int, part: tuple[int, int] | None = None
    ) -> Answer:
        """Return a whole body; `part` is (first byte, number of bytes).

        Raises `StreamUnheard`.
        """
        headers = {"Range": f"bytes={part[0]}-{part[0] + part[1] - 1}"} if part else {}
        try:
            async with (
                asyncio.timeout(self.timeout_s),
                self._open(url, headers) as answer,
            ):
                body = await _read(answer, most_bytes)
                if part and answer.status == HTTPStatus.OK:  # a server without ranges
                    body = body[part[0] : part[0] + part[1]]
                return Answer(body, str(answer.url), media_of(answer))
        except TimeoutError:
            raise StreamUnheard(
                f"no whole answer within {self.timeout_s:g} s", why=Why.SLOW
            ) from None

    @asynccontextmanager
    async def stream(self, url: str) -> AsyncIterator[Opened]:
        """Open an endless body.

        A chunk that does not come within the time limit raises `StreamUnheard`.
        """
        try:
            async with asyncio.timeout(self.timeout_s) as opening, self._open(url, {}) as answer:
                opening.reschedule(None)
                yield Opened(media_of(answer), self._chunks(answer), begin_of(answer))
        except TimeoutError:
            raise StreamUnheard(f"no answer within {self.timeout_s:g} s", why=Why.SLOW) from None

    async def _chunks(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        while True:
            try:
                async with asyncio.timeout(self.timeout_s):
                    chunk = await answer.content.readany()
            except TimeoutError:
                raise StreamUnheard(
                    f"nothing came for {self.timeout_s:g} s", why=Why.SLOW
                ) from None
            except (aiohttp.ClientError, OSError):
                raise StreamUnheard("the stream broke off", why=Why.MALFORMED) from None
            if not chunk:
                return
            yield chunk

    @asynccontextmanager
    async def _open(
        self, url: str, headers: dict[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask, following redirects by hand: each place is looked at before it is asked."""
        no_limit = aiohttp.ClientTimeout(total=None)
        try:
            for _ in range(REDIRECTS_MAX + 1):
                await self._refuse(url)
                answer = await self.http.get(
                    url, headers=headers, allow_redirects=False, timeout=no_limit
                )
                if answer.status not in _REDIRECTS:
                    break
                answer.release()
                url = urljoin(url, answer.headers.get("Location", ""))
            else:
                raise StreamUnheard(f"more than {REDIRECTS_MAX} redirects", why=Why.REFUSED)
            async with answer:
                if answer.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                    raise StreamUnheard(f"the server answered {answer.status}", why=Why.REFUSED)
                yield answer
        except aiohttp.ClientPayloadError:
            raise StreamUnheard("the answer broke off before its end", why=Why.MALFORMED) from None
        except (aiohttp.ClientError, OSError, ValueError) as why:
            if isinstance(why, TimeoutError):
                raise
            raise StreamUnheard(say_plainly(why), why=Why.UNREACHABLE) from None

    async def _refuse(self, url: str) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            scheme = urlsplit(url).scheme[:20]
            raise StreamUnheard(f"an address of scheme {scheme!r}", why=Why.REFUSED)
        address = address_in(url)
        if address is None:
            return  # a name is looked at when it is resolved
        if why := why_refused(address, inside=await self.origin.is_inside()):
            raise StreamUnheard(f"{address} is never asked: {why}", why=Why.REFUSED)


_REDIRECTS = frozenset({301, 302, 303, 307, 308})


async def _read(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    parts, size = [], 0
    async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
        size += len(chunk)
        if size > most_bytes:
            raise StreamUnheard(f"more than {most_bytes} bytes", why=Why.TOO_LARGE)
        parts.append(chunk)
    return b"".join(parts)
