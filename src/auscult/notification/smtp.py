"""A connection to a mail server that goes only where its guard lets it."""

import smtplib
import socket
import ssl
from typing import Self

from auscult.runtime.outbound import Guard


class GuardedSmtp(smtplib.SMTP):
    """Speaks SMTP over a socket that a guard has made; with `tls`, inside TLS from the start."""

    def __init__(self, guard: Guard, tls: ssl.SSLContext | None = None) -> None:
        """Take who judges addresses; `reach` connects."""
        self._guard = guard
        self._tls = tls
        self._name = ""
        super().__init__(local_hostname="localhost")

    def reach(self, host: str, port: int, *, name: str, timeout_s: float) -> Self:
        """Connect and greet as `name`.

        Raises `ReceiverRefused` where the address is not to be asked, `OSError`, and
        `smtplib.SMTPException` where the server does not want to talk.
        """
        self.local_hostname = name
        self.timeout = timeout_s
        self._host = host  # what the certificate of STARTTLS must be for
        code, said = self.connect(host, port)
        if code != 220:  # noqa: PLR2004  # RFC 5321 §4.2.3: "service ready"
            self.close()
            raise smtplib.SMTPConnectError(code, said)
        return self

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connect, instead of the library (its own `SMTP_SSL` replaces the same step)."""
        wire = self._guard.dial(host, port, timeout_s=timeout)
        return wire if self._tls is None else self._tls.wrap_socket(wire, server_hostname=host)
