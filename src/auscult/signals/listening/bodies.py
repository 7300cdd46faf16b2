"""What a server says of a body: its media type, and when what it holds begins."""

import aiohttp

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Why

_ABOUT_THE_BODY = frozenset({Why.MALFORMED, Why.NO_AUDIO})
_MEDIA_CHARS_MAX = 80
_BEGINS = "X-Begins-Ms"
_INSTANT_DIGITS = 16


def name_media(why: StreamUnheard, media: str) -> StreamUnheard:
    """Add what the server calls a body that is not what it should be: often that says it all."""
    if not media or why.why not in _ABOUT_THE_BODY:
        return why
    return StreamUnheard(f"{why.detail} (the server calls it {media})", why=why.why)


def media_of(answer: aiohttp.ClientResponse) -> str:
    """Return what the server says a body is; empty where it says nothing."""
    said = "Content-Type" in answer.headers
    return answer.content_type[:_MEDIA_CHARS_MAX] if said else ""


def begin_of(answer: aiohttp.ClientResponse) -> int | None:
    """Return when the first sample of a body was made, Unix milliseconds; None where not said.

    There is no standard for it: a tap that knows says it in the header `X-Begins-Ms`.
    """
    said = answer.headers.get(_BEGINS, "")
    known = said.isascii() and said.isdecimal() and len(said) <= _INSTANT_DIGITS
    return int(said) if known else None
