"""Why a connection failed, in words that an operator can act on."""

import errno
import os
import ssl
from socket import gaierror

import aiohttp


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


def _of_system(why: OSError) -> str:
    return os.strerror(why.errno) if why.errno else str(why)


def _of_tls(why: Exception) -> str:
    cause = getattr(why, "certificate_error", None) or getattr(why, "os_error", why)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {cause.verify_message}"
    return getattr(cause, "reason", None) or str(cause)
