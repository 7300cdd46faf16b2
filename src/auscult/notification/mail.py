"""A message as a mail: one thread for one story, the same bytes for the same message and key."""

import hashlib
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from html import escape

from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.notification.messages import Message, SoFar
from auscult.notification.messages.plain import cut

PERMANENT = 500
"""SMTP replies from here on are for ever, those below for now (RFC 5321 §4.2.1)."""

REMARK_CHARS = 400

FIRST, SUBJECT = "first_id", "subject"
"""Under which names the first mail of a thread leaves its id and its subject to the others."""


def compose(message: Message, *, key: str, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """Return the mail; the same message and key always give the same bytes.

    Every mail has an id of its own, for readers show one id once. The first of a thread is known
    to the others by what it left (`left_by`): they refer to it (RFC 5322 §3.6.4) and keep its
    subject, by which some readers hold a thread together.
    Raises `ReceiverRefused` where a header would hold a line break.
    """
    domain = sender.partition("@")[2]
    first = message.kept.get(FIRST, "")
    headers = {
        "From": sender,
        "To": ", ".join(to),
        "Subject": _subject(message),
        "Date": formatdate(message.at_ms / 1_000),
        "Message-ID": f"<{_digest(f'{message.tenant}:{key}')}@{domain}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
        "X-Auscult-Incident": message.incident,
    }
    if first:
        headers |= {"In-Reply-To": first, "References": first}
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


def left_by(mail: EmailMessage, message: Message) -> dict[str, str]:
    """Return what later mails of the thread must know of the first: nothing of any other."""
    if message.kept.get(FIRST):
        return {}
    return {FIRST: str(mail["Message-ID"]), SUBJECT: str(mail["Subject"])}


def _subject(message: Message) -> str:
    if known := message.kept.get(SUBJECT, ""):
        return f"Re: {known}"
    own = message.subject in {"", message.title}
    return message.title if own else f"Re: {message.subject}"


def sum_up(refused: Mapping[str, int], to: tuple[str, ...], so_far: SoFar) -> str:
    """Return whom a mail was never taken for, given the codes (RFC 5321 §4.2) by which it was not.

    Raises `ReceiverUnavailable` where some or all are to be tried again, and says to the next
    attempt who they are; `ReceiverRefused` where nobody was reached and nobody will be.
    """
    later = tuple(who for who in to if refused.get(who, PERMANENT) < PERMANENT)
    never = tuple(who for who in to if refused.get(who, 0) >= PERMANENT)
    remarks = (so_far.remark, f"never taken for {_named(never, refused)}" if never else "")
    remark = cut("; ".join(filter(None, remarks)), REMARK_CHARS)
    reached = so_far.reached or len(refused) < len(to)
    if later:
        left = SoFar(left=later, reached=reached, remark=remark).model_dump(mode="json")
        said = f"not yet taken for {_named(later, refused)}"
        said = "; ".join(filter(None, (said, remark)))
        raise ReceiverUnavailable(said, so_far=left, reached_nobody=not reached)
    if not reached:
        raise ReceiverRefused(f"no recipient was taken: {remark}")
    return remark


def _named(who: tuple[str, ...], refused: Mapping[str, int]) -> str:
    return ", ".join(f"{one} ({refused[one]})" for one in who)


def _html(message: Message) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in message.text.split("\n"))
    link = ""
    if message.link:
        link = f'<p><a href="{escape(message.link)}">{escape(message.link_name)}</a></p>'
    return f"<!doctype html><html><body>{lines}{link}</body></html>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
