"""One POST to a service that repairs: bounded in time and size, no redirect followed."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auscult.kernel.deliveries import retry_after_ms
from auscult.kernel.errors import ReceiverUnavailable

if TYPE_CHECKING:
    import aiohttp

ANSWER_BYTES_MAX = 65_536
WORDS_CHARS_MAX = 300


@dataclass(frozen=True, slots=True)
class Call:
    """What is posted where."""

    url: str
    body: bytes
    headers: dict[str, str]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, and at most `ANSWER_BYTES_MAX` of a body."""

    status: int
    body: bytes
    retry_after_ms: int | None

    def words(self) -> dict[str, str]:
        """Return the short texts of a JSON object, each on one line; nothing of anything else."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return {}
        pairs = said.items() if isinstance(said, dict) else ()
        return {
            name: " ".join(text.split())[:WORDS_CHARS_MAX]
            for name, text in pairs
            if isinstance(text, str)
        }


async def call(parcel: Call) -> Reply:
    """Post once; raises `ReceiverUnavailable` where there is no answer (in time)."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=parcel.timeout_s)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(
                parcel.url, data=parcel.body, headers=parcel.headers, allow_redirects=False
            ) as answer,
        ):
            body = await _read(answer)
            asked, date = answer.headers.get("Retry-After"), answer.headers.get("Date")
            return Reply(answer.status, body, retry_after_ms(asked, date))
    except TimeoutError:
        slow = f"the receiver gave no answer within {parcel.timeout_s:g} s"
        raise ReceiverUnavailable(slow) from None
    except (aiohttp.ClientError, OSError) as why:
        gone = f"the receiver cannot be reached ({type(why).__name__})"
        raise ReceiverUnavailable(gone) from None


async def _read(answer: "aiohttp.ClientResponse") -> bytes:
    """Return the body's beginning; a receiver that never ends is not waited for."""
    body = b""
    async for piece in answer.content.iter_chunked(16_384):
        body += piece
        if len(body) >= ANSWER_BYTES_MAX:
            break
    return body[:ANSWER_BYTES_MAX]
