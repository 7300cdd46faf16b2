"""Why a request brought nothing, or a body no sound, in words that an operator can act on.

And what a server says of a body: its media type, and when what it holds begins.
"""

import errno
import os
import ssl
from socket import gaierror

import aiohttp

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Why

_ABOUT_THE_BODY = frozenset({Why.MALFORMED, Why.NO_AUDIO})
_MEDIA_CHARS_MAX = 80
_BEGINS = "X-Begins-Ms"
_INSTANT_DIGITS = 16


def say_plainly(why: Exception) -> str:
    """Return what a failed connection means; the library's own text names no cause, or too many."""
    if isinstance(why, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
        return _of_connecting(why)
    if isinstance(why, aiohttp.ServerDisconnectedError):
        return "the server hung up without an answer"
    if isinstance(why, aiohttp.ClientOSError):
        return f"the connection broke: {_of_system(why)}"
    return str(why) or type(why).__name__


def _of_connecting(
    why: aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError,
) -> str:
    place = f"{why.host}:{why.port}"
    if isinstance(why, aiohttp.ClientSSLError):
        return f"no secure connection to {place}: {_of_tls(why)}"
    if isinstance(why.os_error, gaierror):
        return f"the name {why.host} leads nowhere"
    if why.os_error.errno == errno.ECONNREFUSED:
        return f"nothing listens at {place}"
    return f"{place} cannot be reached: {_of_system(why.os_error)}"


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


def _of_system(why: OSError) -> str:
    return os.strerror(why.errno) if why.errno else str(why)


def _of_tls(why: Exception) -> str:
    cause = getattr(why, "certificate_error", None) or getattr(why, "os_error", why)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {cause.verify_message}"
    return getattr(cause, "reason", None) or str(cause)
