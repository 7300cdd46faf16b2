"""One request for a calendar: bounded in time and size, no redirect, no address in an error.

Whoever knows the address of a calendar reads it, so that it is a secret; where it leads is judged
by the guard of the session (`runtime.outbound`).
"""

from typing import TYPE_CHECKING

from auscult.kernel.errors import BodyTooLarge, ReceiverRefused, ReceiverUnavailable
from auscult.notification.oncall.ical.reading import TEXT_MAX_BYTES

if TYPE_CHECKING:
    import aiohttp

TIMEOUT_S = 20.0
PIECE_BYTES = 16_384
OK = 200
_HEADERS = {"Accept": "text/calendar", "Accept-Encoding": "identity", "User-Agent": "auscult"}


async def fetch_calendar(address: str, http: "aiohttp.ClientSession") -> str:
    """Return the text at an address.

    Raises `ReceiverUnavailable` (no connection, no answer in time), `ReceiverRefused` (an answer
    that is not 200, redirects among them; an address inside), `BodyTooLarge` over 1 MiB.
    """
    import aiohttp

    try:
        async with http.get(
            address,
            headers=_HEADERS,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        ) as answer:
            if answer.status != OK:
                raise ReceiverRefused(_said(answer.status))
            body = await _read(answer)
    except TimeoutError:
        raise ReceiverUnavailable(f"no answer within {TIMEOUT_S:g} s") from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError):
        raise ReceiverRefused("its address is not a valid URL") from None
    except (aiohttp.ClientError, OSError) as why:
        raise ReceiverUnavailable(f"it cannot be reached ({type(why).__name__})") from None
    return body.decode("utf-8", "replace")


async def _read(answer: "aiohttp.ClientResponse") -> bytes:
    body = b""
    async for piece in answer.content.iter_chunked(PIECE_BYTES):
        body += piece
        if len(body) > TEXT_MAX_BYTES:
            raise BodyTooLarge(f"a calendar has at most {TEXT_MAX_BYTES} bytes")
    return body


def _said(status: int) -> str:
    if 300 <= status < 400:  # noqa: PLR2004  # the class "redirection" of RFC 9110
        return f"it answered {status}; redirects are not followed, configure the final address"
    return f"it answered {status}"
