"""How a delivery over HTTP is signed, and what the status of its answer means for the effect.

Signatures are those of Standard Webhooks 1.0: the signed text is `id.timestamp.body`, the header is
`v1,<base64 of HMAC-SHA256>`, several of them separated by spaces while secrets rotate.
Statuses follow PagerDuty Events API v2, Slack "Rate limits", RFC 9110 and RFC 6585.
"""

import base64
import binascii
import hashlib
import hmac

from auscult.kernel.effects import Result
from auscult.kernel.errors import SettingError
from auscult.kernel.times import read_http_time

SECRET_PREFIX = "whsec_"  # noqa: S105  # the prefix that marks one, not a secret

NOT_NOW: dict[str, frozenset[int]] = {
    "webhook": frozenset({408, 409, 423, 425, 429}),
    "slack": frozenset({408, 429}),
    "pagerduty": frozenset({408, 429}),
    "teams": frozenset({408, 429}),
    "telegram": frozenset({408, 429}),
    "discord": frozenset({408, 429}),
    "sms": frozenset({408, 409, 425, 429}),
}
"""4xx codes that are worth another try, by kind of receiver; every 5xx is."""

RETRY_AFTER_MAX_MS = 3_600_000


def signing_headers(body: bytes, *, key: str, at_ms: int, secrets: list[str]) -> dict[str, str]:
    """Return the three headers of a signed message, one signature for each secret.

    Raises `SettingError` where a secret beginning with `whsec_` is not base64.
    """
    at_s = str(at_ms // 1_000)
    text = b".".join((key.encode(), at_s.encode(), body))
    signed = " ".join(f"v1,{_sign(text, secret)}" for secret in secrets)
    headers = {"webhook-id": key, "webhook-timestamp": at_s}
    return headers | ({"webhook-signature": signed} if signed else {})


def secret_bytes(secret: str) -> bytes:
    """Return the key a secret stands for: base64 after `whsec_`, else the text itself."""
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise SettingError("a signing secret after whsec_ must be base64") from None


def _sign(text: bytes, secret: str) -> str:
    digest = hmac.new(secret_bytes(secret), text, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def judge_status(kind: str, status: int) -> Result:
    """Return what a status from this kind of receiver means; a redirect is a refusal."""
    if 200 <= status < 300:  # noqa: PLR2004  # the class "successful" of RFC 9110
        return Result.DONE
    if status >= 500 or status in NOT_NOW[kind]:  # noqa: PLR2004  # "server error"
        return Result.RETRY
    return Result.REFUSED


def retry_after_ms(header: str | None, date: str | None = None) -> int | None:
    """Return how long a `Retry-After` asks to wait, at most an hour; None where it says nothing.

    It is a number of seconds, or a time by the receiver's own clock, which the header `Date` of
    the same answer tells (RFC 9110 §10.2.3).
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * 1_000, RETRY_AFTER_MAX_MS)
    until_ms, now_ms = read_http_time(text), read_http_time(date or "")
    if until_ms is None or now_ms is None:
        return None
    return min(max(0, until_ms - now_ms), RETRY_AFTER_MAX_MS)
