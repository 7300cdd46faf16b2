"""Who may speak for a receiver: signatures checked over the raw body, before it is read.

Slack, "Verifying requests from Slack" (v0); PagerDuty, "Verifying signatures" (v1 of webhooks v3);
Telegram Bot API, `setWebhook` (`secret_token`).
"""

import hashlib
import hmac

from auscult.kernel.errors import CredentialMissing, CredentialStale
from auscult.notification.inbound.received import Received

SKEW_MS = 300_000
STAMP_DIGITS_MAX = 12
SIGNATURES_MAX = 10
"""While a secret rotates PagerDuty signs with every valid one."""

NOT_SIGNED = "the request is not signed by this receiver"


def check_slack(received: Received, secret: str) -> None:
    """Raise `CredentialMissing` for a forged request, `CredentialStale` for an old one."""
    stamp = received.header("x-slack-request-timestamp")
    text = b":".join((b"v0", stamp.encode(), received.body))
    right = "v0=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    if not _same(received.header("x-slack-signature"), right):
        raise CredentialMissing(NOT_SIGNED)
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= STAMP_DIGITS_MAX):
        raise CredentialMissing(NOT_SIGNED)
    refuse_old(int(stamp) * 1_000, received.at_ms)


def check_pagerduty(received: Received, secret: str) -> None:
    """Raise `CredentialMissing` unless one of the given signatures is right."""
    right = "v1=" + hmac.new(secret.encode(), received.body, hashlib.sha256).hexdigest()
    given = received.header("x-pagerduty-signature").split(",")[:SIGNATURES_MAX]
    if not any([_same(one.strip(), right) for one in given]):  # noqa: C419  # all of them, always
        raise CredentialMissing(NOT_SIGNED)


def check_telegram(received: Received, secret: str) -> None:
    """Raise `CredentialMissing` unless the header holds the token that was agreed."""
    if not _same(received.header("x-telegram-bot-api-secret-token"), secret):
        raise CredentialMissing(NOT_SIGNED)


def refuse_old(signed_ms: int, now_ms: int, *, late_ms: int = SKEW_MS) -> None:
    """Raise `CredentialStale` for a signed request older than `late_ms`, or from the future.

    What was overheard once cannot be said again later.
    """
    if not -SKEW_MS <= now_ms - signed_ms <= late_ms:
        raise CredentialStale(f"more than {late_ms // 60_000} min between signing and now")


def _same(given: str, right: str) -> bool:
    """Compare in a time that says nothing about where the two differ."""
    return hmac.compare_digest(given.encode(), right.encode())
