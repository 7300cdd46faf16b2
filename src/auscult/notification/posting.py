"""One POST to one receiver: bounded in time and size, no redirect followed, no secret in an error.

The URL itself is a secret for chat webhooks, so an error names the host at most.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auscult.kernel.deliveries import judge_status, retry_after_ms
from auscult.kernel.effects import Result
from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.notification.messages.plain import cut, plain

if TYPE_CHECKING:
    import aiohttp

ANSWER_BYTES_MAX = 65_536
SAID_CHARS = 120
SECRET_PART_CHARS = 9


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is posted where: `kind` is the receiver's row in `kernel.deliveries.NOT_NOW`.

    `secrets` are blotted out of whatever the receiver says.
    """

    kind: str
    url: str
    body: bytes
    headers: dict[str, str]
    secrets: tuple[str, ...] = ()
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A receiver's answer, its body cut at `ANSWER_BYTES_MAX`."""

    status: int
    body: bytes
    retry_after_ms: int | None


async def post(parcel: Parcel, http: "aiohttp.ClientSession") -> Reply:
    """Post once and return an answer that means "taken".

    Raises `ReceiverUnavailable` (no connection, no answer in time, "not now") and
    `ReceiverRefused` (anything else that is not 2xx, redirects among it).
    """
    reply = await _exchange(parcel, http)
    verdict = judge_status(parcel.kind, reply.status)
    if verdict is Result.DONE:
        return reply
    said = f"{parcel.kind} answered {reply.status}{_quoted(reply.body, parcel.secrets)}"
    if verdict is Result.RETRY:
        raise ReceiverUnavailable(said, retry_after_ms=reply.retry_after_ms)
    if 300 <= reply.status < 400:  # noqa: PLR2004  # the class "redirection" of RFC 9110
        said += "; redirects are not followed, configure the final address"
    raise ReceiverRefused(said)


def hide(text: str, secrets: tuple[str, ...]) -> str:
    """Return a text in which no secret stands."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def secrets_in(url: str) -> tuple[str, ...]:
    """Return what of an address may be a secret: all of it, and every long part of its path."""
    parts = urlsplit(url)
    pieces = re.split(r"[/?&=;]", f"{parts.path}?{parts.query}")
    return (url, *(piece for piece in pieces if len(piece) >= SECRET_PART_CHARS))


def _quoted(body: bytes, secrets: tuple[str, ...]) -> str:
    """Return what a receiver said, hidden before it is cut, as the end of a sentence."""
    words = plain(hide(body.decode("utf-8", "replace"), secrets))
    return f": {cut(words, SAID_CHARS)}" if words else ""


async def _exchange(parcel: Parcel, http: "aiohttp.ClientSession") -> Reply:
    import aiohttp

    try:
        async with http.post(
            parcel.url,
            data=parcel.body,
            headers=parcel.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=parcel.timeout_s),
        ) as answer:
            body = await _read(answer)
            after_ms = retry_after_ms(answer.headers.get("Retry-After"))
            return Reply(answer.status, body, after_ms)
    except TimeoutError:
        slow = f"{parcel.kind} gave no answer within {parcel.timeout_s:g} s"
        raise ReceiverUnavailable(slow) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError):
        raise ReceiverRefused(f"the {parcel.kind} address is not a valid URL") from None
    except (aiohttp.ClientError, OSError) as why:
        what = f"{parcel.kind} cannot be reached ({type(why).__name__})"
        raise ReceiverUnavailable(what) from None


async def _read(answer: "aiohttp.ClientResponse") -> bytes:
    """Return the body's beginning; a receiver that never ends is not waited for."""
    body = b""
    async for piece in answer.content.iter_chunked(16_384):
        body += piece
        if len(body) >= ANSWER_BYTES_MAX:
            break
    return body[:ANSWER_BYTES_MAX]
