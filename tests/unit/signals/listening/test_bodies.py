"""Why a stream cannot be reached is said in words that name the place and the cause."""

import errno
import socket
import ssl
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Why
from auscult.signals.failures import say_plainly
from auscult.signals.listening.bodies import begin_of, name_media

PLACE = ConnectionKey("radio.example", 443, True, True, None, None, None)
EXPIRED = "its certificate is not to be trusted: certificate has expired"
UNTRUSTED = ssl.SSLCertVerificationError(1, "verify failed")
UNTRUSTED.verify_message = "certificate has expired"


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            aiohttp.ClientConnectorError(PLACE, ConnectionRefusedError(errno.ECONNREFUSED, "x")),
            "nothing listens at radio.example:443",
        ),
        (
            aiohttp.ClientConnectorError(PLACE, OSError(errno.EHOSTUNREACH, "Connect call failed")),
            "radio.example:443 cannot be reached: No route to host",
        ),
        (
            aiohttp.ClientConnectorDNSError(PLACE, socket.gaierror(socket.EAI_NONAME, "x")),
            "the name radio.example leads nowhere",
        ),
        (
            aiohttp.ClientConnectorCertificateError(PLACE, UNTRUSTED),
            f"no secure connection to radio.example:443: {EXPIRED}",
        ),
        (
            aiohttp.ClientConnectorSSLError(PLACE, ssl.SSLError(1, "[SSL] wrong version number")),
            "no secure connection to radio.example:443: [SSL] wrong version number",
        ),
        (aiohttp.ServerDisconnectedError(), "the server hung up without an answer"),
        (
            aiohttp.ClientOSError(errno.ECONNRESET, "x"),
            "the connection broke: Connection reset by peer",
        ),
        (aiohttp.InvalidURL("http://["), "http://["),
        (ValueError(), "ValueError"),
    ],
)
def test_what_went_wrong_is_said_plainly(why: Exception, said: str) -> None:
    assert say_plainly(why) == said


def test_what_a_body_is_said_to_be_is_named_where_the_body_is_the_trouble() -> None:
    body, slow = (StreamUnheard("no sound", why=why) for why in (Why.NO_AUDIO, Why.SLOW))
    assert name_media(body, "text/html").detail == "no sound (the server calls it text/html)"
    assert name_media(body, "").detail == "no sound"
    assert name_media(slow, "audio/mpeg").detail == "no sound"


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("1700000000123", 1_700_000_000_123),
        ("", None),
        ("-5", None),
        ("17e8", None),
        ("٣", None),
        ("9" * 17, None),
    ],
)
def test_when_a_body_begins_is_taken_where_it_is_a_time(said: str, known: int | None) -> None:
    answer = SimpleNamespace(headers={"X-Begins-Ms": said} if said else {})
    assert begin_of(answer) == known  # type: ignore[arg-type]
