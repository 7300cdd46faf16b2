"""Mail through a real SMTP server: clear, with STARTTLS and a login, and every kind of no."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.kernel.incidents import ChangeKind
from auscult.notification import CHANNELS
from auscult.notification.mailroom import MAILROOM
from auscult.notification.messages import render
from auscult.runtime.outbound import open_http
from tests.integration.channels.story import Telling
from tests.receiver import LOOPBACK
from tests.story import AT_MS, a_change, an_incident

PASSWORD = "tell-nobody-0123456789"


class Postbox:
    """Keeps every mail; answers RCPT and DATA as told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.reached: list[list[str]] = []
        self.goodbye = "221 bye"
        self.rcpt: dict[str, str] = {}
        self.data = "250 taken"

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt.get(address, "250 ok")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.data.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append(message_from_bytes(content, policy=policy.default))
            self.reached.append(list(envelope.rcpt_tos))
        return self.data

    async def handle_QUIT(self, server: Any, session: Session, envelope: Envelope) -> str:
        return self.goodbye


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, dict[str, Any]]]:
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield box, settings_for(controller) | {"security": "none"}
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def settings_for(controller: Controller) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": controller.port,
        "sender": "auscult@example.com",
        "to": ["ann@example.com", "bob@example.com"],
        "timeout_s": 3,
    }


async def send(
    settings: dict[str, Any], kind: ChangeKind = ChangeKind.OPENED, key: str = "k", **changed: Any
) -> str:
    channel = CHANNELS.make("email", settings)
    said = render(an_incident(), a_change(kind), base_url="https://h")
    async with open_http(LOOPBACK) as http:
        payload = said.model_dump(mode="json") | changed
        return (await channel.deliver(payload, key=key, at_ms=AT_MS, http=http)).remark


async def test_the_end_of_an_incident_arrives_in_its_thread(
    postbox: tuple[Postbox, dict[str, Any]],
) -> None:
    box, settings = postbox
    telling = Telling("email", settings)
    await telling.tell(ChangeKind.OPENED)
    await telling.tell(ChangeKind.RESOLVED)
    opened, over = box.mails
    assert over["Message-ID"] != opened["Message-ID"]
    assert opened["Subject"] == "No data from encode for 6 s since 03:13 UTC"
    assert opened["To"] == "ann@example.com, bob@example.com"
    assert over["References"] == over["In-Reply-To"] == opened["Message-ID"]
    assert opened["Auto-Submitted"] == "auto-generated"
    assert opened.get_content_type() == "multipart/alternative"
    text = opened.get_body(("plain",))
    assert text is not None
    assert "https://h.example/incidents/01J9INCIDENT" in text.get_content()


async def test_the_same_attempt_twice_bears_the_same_id(
    postbox: tuple[Postbox, dict[str, Any]],
) -> None:
    box, settings = postbox
    await send(settings)
    await send(settings)
    assert bytes(box.mails[0]) == bytes(box.mails[1])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("451 later", ReceiverUnavailable), ("554 never", ReceiverRefused)],
)
async def test_a_no_to_the_mail_is_read_by_its_code(
    answer: str, kind: type[Exception], postbox: tuple[Postbox, dict[str, Any]]
) -> None:
    box, settings = postbox
    box.data = answer
    with pytest.raises(kind, match=answer[:3]):
        await send(settings)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("450 later", ReceiverUnavailable), ("550 never", ReceiverRefused)],
)
async def test_a_no_to_every_recipient_is_read_by_its_code(
    answer: str, kind: type[Exception], postbox: tuple[Postbox, dict[str, Any]]
) -> None:
    box, settings = postbox
    box.rcpt = dict.fromkeys(settings["to"], answer)
    with pytest.raises(kind, match=answer[:3]):
        await send(settings)


async def test_a_no_for_ever_to_one_recipient_is_said(
    postbox: tuple[Postbox, dict[str, Any]],
) -> None:
    box, settings = postbox
    box.rcpt = {"bob@example.com": "550 unknown"}
    assert await send(settings) == "never taken for bob@example.com (550)"
    assert box.reached == [["ann@example.com"]]


async def test_a_no_for_now_to_one_recipient_is_tried_again_for_that_one_alone(
    postbox: tuple[Postbox, dict[str, Any]],
) -> None:
    box, settings = postbox
    settings["to"] = [*settings["to"], "zoe@example.com"]
    box.rcpt = {"bob@example.com": "450 later", "zoe@example.com": "551 moved"}
    so_far: dict[str, Any] = {}
    for _ in range(2):
        with pytest.raises(ReceiverUnavailable, match=r"bob@example.com \(450\)") as why:
            await send(settings, so_far=so_far)
        so_far = why.value.so_far
    box.rcpt = {}
    assert await send(settings, so_far=so_far) == "never taken for zoe@example.com (551)"
    assert box.reached == [["ann@example.com"], ["bob@example.com"]]
    assert bytes(box.mails[0]) == bytes(box.mails[1])


async def test_who_is_left_and_never_taken_does_not_undo_what_others_got(
    postbox: tuple[Postbox, dict[str, Any]],
) -> None:
    box, settings = postbox
    box.rcpt = {"bob@example.com": "554 never"}
    left = {"left": ["bob@example.com"], "reached": True}
    assert await send(settings, so_far=left) == "never taken for bob@example.com (554)"
    with pytest.raises(ReceiverRefused, match="554"):
        await send(settings, so_far=left | {"reached": False})
    assert box.reached == []


async def test_a_goodbye_that_goes_wrong_does_not_send_the_mail_again(
    postbox: tuple[Postbox, dict[str, Any]],
) -> None:
    box, settings = postbox
    box.goodbye = "421 going down"
    assert await send(settings) == ""
    assert len(box.mails) == 1


async def test_a_server_without_starttls_is_refused_and_gets_no_mail(
    postbox: tuple[Postbox, dict[str, Any]],
) -> None:
    box, settings = postbox
    with pytest.raises(ReceiverRefused, match="starttls"):
        await send(settings | {"security": "starttls"})
    assert not box.mails


async def test_nobody_there_is_tried_again(postbox: tuple[Postbox, dict[str, Any]]) -> None:
    _, settings = postbox
    with pytest.raises(ReceiverUnavailable):
        await send(settings | {"port": 1})


@pytest.fixture
def tls_postbox(tmp_path: Path) -> Iterator[tuple[Postbox, dict[str, Any]]]:
    box, ca_file = Postbox(), tmp_path / "ca.pem"
    context = self_signed(tmp_path, ca_file)

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=right, handled=right)

    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=check,
        auth_required=True,
    )
    controller.start()
    try:
        login = {"username": "auscult", "password": PASSWORD, "ca_file": str(ca_file)}
        yield box, settings_for(controller) | login
    finally:
        controller.stop()


def self_signed(folder: Path, ca_file: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file = folder / "key.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ca_file, key_file)
    return context


async def test_mail_goes_over_tls_with_a_login(
    tls_postbox: tuple[Postbox, dict[str, Any]],
) -> None:
    box, settings = tls_postbox
    await send(settings)
    assert len(box.mails) == 1


async def test_a_wrong_password_is_final_and_not_said(
    tls_postbox: tuple[Postbox, dict[str, Any]],
) -> None:
    box, settings = tls_postbox
    with pytest.raises(ReceiverRefused, match="535") as why:
        await send(settings | {"password": "wrong-" + PASSWORD})
    assert PASSWORD not in str(why.value)
    assert not box.mails


async def test_a_certificate_nobody_vouches_for_gets_no_mail(
    tls_postbox: tuple[Postbox, dict[str, Any]],
) -> None:
    box, settings = tls_postbox
    with pytest.raises(ReceiverUnavailable, match="SSLCertVerificationError"):
        await send(settings | {"ca_file": ""})
    assert not box.mails


async def test_a_server_that_never_greets_is_given_up_in_time() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        settings = {
            "host": "127.0.0.1",
            "port": deaf.getsockname()[1],
            "security": "none",
            "sender": "a@b.c",
            "to": "x@y.z",
            "timeout_s": 0.3,
        }
        with pytest.raises(ReceiverUnavailable, match=r"TimeoutError|Disconnected"):
            await send(settings)


@asynccontextmanager
async def tarpit() -> AsyncIterator[dict[str, Any]]:
    """A mail server that greets and then says nothing any more."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        with suppress(ConnectionError):
            await reader.read()
            while await reader.read(1_024):
                pass
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "sender": "a@b.c",
            "to": "x@y.z",
            "timeout_s": 30,
        }


def mail_threads() -> int:
    return sum(thread.name.startswith("mail") for thread in threading.enumerate())


async def test_a_mail_that_is_given_up_while_it_connects_keeps_no_thread() -> None:
    """The server greets only after the caller has gone, and then says nothing any more."""
    greeted = asyncio.Event()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await greeted.wait()
        writer.write(b"220 here\r\n")
        with suppress(ConnectionError):
            while await reader.read(1_024):
                pass
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "a@b.c"}
        sending = asyncio.ensure_future(send({**settings, "to": "x@y.z", "timeout_s": 30}))
        async with asyncio.timeout(10):
            while not mail_threads():
                await asyncio.sleep(0.02)
        sending.cancel()
        await asyncio.wait([sending])
        MAILROOM.close()
        greeted.set()
        async with asyncio.timeout(10):
            while mail_threads():
                await asyncio.sleep(0.02)
        assert mail_threads() == 0, "long before the 30 s that the server may take"


async def test_slow_mail_servers_take_no_thread_that_others_need_and_none_is_left_at_the_end() -> (
    None
):
    async with tarpit() as settings:
        sending = [asyncio.ensure_future(send(settings)) for _ in range(40)]
        await asyncio.sleep(0.3)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 1) == "free"
        assert mail_threads() == 40
        for task in sending:
            task.cancel()
        await asyncio.wait(sending)
        MAILROOM.close()
        async with asyncio.timeout(10):
            while mail_threads():
                await asyncio.sleep(0.02)
