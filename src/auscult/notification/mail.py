"""A message as a mail: threaded by incident, the same bytes for the same message and key."""

import hashlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from html import escape

from auscult.kernel.errors import ReceiverRefused
from auscult.kernel.incidents import ChangeKind
from auscult.notification.messages import Message


def compose(message: Message, *, key: str, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """Return the mail; the same message and key always give the same bytes.

    The opening mail is the root of the incident's thread, every later one refers to it
    (RFC 5322 §3.6.4). Raises `ReceiverRefused` where a header would hold a line break.
    """
    domain = sender.partition("@")[2]
    root = f"<{_digest(f'{message.tenant}:{message.incident}')}@{domain}>"
    own = root if message.kind is ChangeKind.OPENED else f"<{_digest(key)}@{domain}>"
    headers = {
        "From": sender,
        "To": ", ".join(to),
        "Subject": message.title,
        "Date": formatdate(message.at_ms / 1_000),
        "Message-ID": own,
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
        "X-Auscult-Incident": message.incident,
    }
    if own != root:
        headers |= {"In-Reply-To": root, "References": root}
    mail = EmailMessage(policy=SMTP)
    try:
        for name, value in headers.items():
            mail[name] = value
    except ValueError:
        raise ReceiverRefused("a header of the mail would hold a line break") from None
    lines = [*message.text.split("\n"), *([message.link] if message.link else [])]
    mail.set_content("\n".join(lines) + "\n")
    mail.add_alternative(_html(message), subtype="html")
    mail.set_boundary(_digest(f"boundary:{key}"))
    return mail


def _html(message: Message) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in message.text.split("\n"))
    link = f'<p><a href="{escape(message.link)}">Open the incident</a></p>' if message.link else ""
    return f"<!doctype html><html><body>{lines}{link}</body></html>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
