"""Sends mail by SMTP, all messages about one incident or episode in one thread."""

import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from typing_extensions import override

from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.notification.mail import PERMANENT, compose, left_by, sum_up
from auscult.notification.mailroom import MAILROOM, Line
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered, PerMinute
from auscult.notification.smtp import GuardedSmtp
from auscult.runtime.outbound import Guard, guard_of

if TYPE_CHECKING:
    import aiohttp

PORTS = {"starttls": 587, "ssl": 465, "none": 25}
GOING_DOWN = 421


def _read_address(text: str) -> str:
    """Refuse what is not one plain address: a line break in one would be a header of its own."""
    Address(addr_spec=text)
    if "@" not in text or not text.isascii() or not text.isprintable():
        raise ValueError("not a mail address")
    return text


MailAddress = Annotated[str, AfterValidator(_read_address)]


class Email(Channel):
    """Sends one mail per message, to all recipients at once.

    Where the server takes it for some of them only, the others are tried again alone (4xx), or
    named in the incident's deliveries (5xx).

    SMTP takes no idempotency key: an attempt that is made again after a crash, or after an answer
    was lost, may arrive twice, with the same Message-ID.

    ```yaml
    channels:
      mail:
        use: email
        host: mail.example
        username: auscult
        password: "env:SMTP_PASSWORD"
        sender: auscult@example.com
        to: [oncall@example.com]
    ```
    """

    per_minute: PerMinute = 60
    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65_535)
    security: Literal["starttls", "ssl", "none"] = "starttls"
    ca_file: str = ""
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: MailAddress
    to: Annotated[
        tuple[MailAddress, ...],
        BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
    ] = Field(min_length=1, max_length=50)
    timeout_s: float = Field(default=10.0, gt=0, le=30)

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> Self:
        if self.username and self.security == "none":
            raise ValueError("a password is never sent in clear: security must be starttls or ssl")
        return self

    @override
    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Send one mail; return whom the server will never take it for."""
        so_far = message.so_far
        to = tuple(who for who in self.to if who in so_far.left) if so_far.left else self.to
        if not to:
            return Delivered(remark=so_far.remark)  # those that were left are no longer configured
        mail = compose(message, key=key, sender=self.sender, to=self.to)
        hand_over = partial(self._deliver, mail, to, guard=guard_of(http))
        remark = sum_up(await MAILROOM.run(hand_over), to, so_far)
        return Delivered(remark=remark, kept=left_by(mail, message))

    def _deliver(
        self, mail: EmailMessage, to: tuple[str, ...], line: Line, *, guard: Guard
    ) -> dict[str, int]:
        """Hand a mail over; return the code by which the server refused it, by recipient."""
        try:
            return self._hand_over(mail, to, line, guard=guard)
        except smtplib.SMTPRecipientsRefused as why:
            return {who: why.recipients.get(who, (GOING_DOWN, b""))[0] for who in to}
        except smtplib.SMTPResponseException as why:
            _raise(f"the mail server said {why.smtp_code} ({type(why).__name__})", why.smtp_code)
        except smtplib.SMTPNotSupportedError:
            raise ReceiverRefused(f"the mail server does not offer {self.security}") from None
        except (smtplib.SMTPException, OSError) as why:
            what = f"the mail server cannot be reached ({type(why).__name__})"
            untold = isinstance(why, ConnectionRefusedError)
            raise ReceiverUnavailable(what, reached_nobody=untold) from None

    def _hand_over(
        self, mail: EmailMessage, to: tuple[str, ...], line: Line, *, guard: Guard
    ) -> dict[str, int]:
        server = self._connect(guard)
        try:
            line.hold(server)
            if self.security == "starttls":
                server.starttls(context=self._tls())
            if self.username:
                server.login(self.username, self.password.get_secret_value())
            answers = server.send_message(mail, to_addrs=to)
            with suppress(smtplib.SMTPException, OSError):
                server.quit()  # it was taken: however the goodbye goes, it is not sent again
        finally:
            server.close()
        return {who: code for who, (code, _) in answers.items()}

    def _connect(self, guard: Guard) -> smtplib.SMTP:
        port = self.port or PORTS[self.security]
        name = self.sender.partition("@")[2]
        tls = self._tls() if self.security == "ssl" else None
        return GuardedSmtp(guard, tls).reach(self.host, port, name=name, timeout_s=self.timeout_s)

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file or None)


def _raise(said: str, code: int) -> NoReturn:
    """Raise what an SMTP reply means: 5xx for ever, anything else for now (RFC 5321 §4.2.1)."""
    raise ReceiverRefused(said) if code >= PERMANENT else ReceiverUnavailable(said)
