"""One request to one receiver: bounded in time and size, no redirect, no secret in an error.

The URL itself is a secret for chat webhooks, so an error names the host at most.
"""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from auscult.kernel.deliveries import RETRY_AFTER_MAX_MS, judge_status, retry_after_ms
from auscult.kernel.effects import Result
from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.notification.messages.plain import cut, plain

if TYPE_CHECKING:
    import aiohttp

ANSWER_BYTES_MAX = 65_536
SAID_CHARS = 120
SECRET_PART_CHARS = 9
UNTOLD = frozenset({429, 503})
"""Answers of who has not looked at a message; behind any other it may have arrived."""

TOO_MANY = 429


def _read_url(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("https://", "http://")):
        raise ValueError("should begin with https://")
    return url


SecretUrl = Annotated[SecretStr, AfterValidator(_read_url)]
"""An address that is itself the secret, as those of chat webhooks are."""


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
    method: str = "POST"


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
    return judge(parcel, await exchange(parcel, http))


def judge(parcel: Parcel, reply: Reply) -> Reply:
    """Return an answer that means "taken"; raises what any other one means, as `post` does."""
    verdict = judge_status(parcel.kind, reply.status)
    if verdict is Result.DONE:
        return reply
    said = f"{parcel.kind} answered {reply.status}{_quoted(reply.body, parcel.secrets)}"
    if verdict is Result.RETRY:
        raise ReceiverUnavailable(
            said,
            retry_after_ms=reply.retry_after_ms or _asked_ms(reply),
            is_busy=reply.status == TOO_MANY,
            reached_nobody=reply.status in UNTOLD,
        )
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


def read_answer(reply: Reply) -> dict[str, Any]:
    """Return the JSON object an answer holds; an empty one for anything else."""
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _asked_ms(reply: Reply) -> int | None:
    """Return the pause a body asks for in seconds, as Telegram's and Discord's do."""
    said = read_answer(reply)
    nested = said.get("parameters")
    asked_s = (said | nested if isinstance(nested, dict) else said).get("retry_after")
    if isinstance(asked_s, bool) or not isinstance(asked_s, int | float) or not asked_s >= 0:
        return None
    return int(min(asked_s * 1_000, RETRY_AFTER_MAX_MS))


def _quoted(body: bytes, secrets: tuple[str, ...]) -> str:
    """Return what a receiver said, hidden before it is cut, as the end of a sentence."""
    words = plain(hide(body.decode("utf-8", "replace"), secrets))
    return f": {cut(words, SAID_CHARS)}" if words else ""


async def exchange(parcel: Parcel, http: "aiohttp.ClientSession") -> Reply:
    """Ask once and return whatever is answered; raises as `post` does where nothing is."""
    import aiohttp

    try:
        async with http.request(
            parcel.method,
            parcel.url,
            data=parcel.body,
            headers=parcel.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=parcel.timeout_s),
        ) as answer:
            body = await _read(answer)
            asked, date = answer.headers.get("Retry-After"), answer.headers.get("Date")
            after_ms = retry_after_ms(asked, date)
            return Reply(answer.status, body, after_ms)
    except TimeoutError:
        slow = f"{parcel.kind} gave no answer within {parcel.timeout_s:g} s"
        raise ReceiverUnavailable(slow) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError):
        raise ReceiverRefused(f"the {parcel.kind} address is not a valid URL") from None
    except (aiohttp.ClientError, OSError) as why:
        what = f"{parcel.kind} cannot be reached ({type(why).__name__})"
        untold = isinstance(why, aiohttp.ClientConnectorError)
        raise ReceiverUnavailable(what, reached_nobody=untold) from None


async def _read(answer: "aiohttp.ClientResponse") -> bytes:
    """Return the body's beginning; a receiver that never ends is not waited for."""
    body = b""
    async for piece in answer.content.iter_chunked(16_384):
        body += piece
        if len(body) >= ANSWER_BYTES_MAX:
            break
    return body[:ANSWER_BYTES_MAX]
