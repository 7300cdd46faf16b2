"""Signatures of what goes out, as Standard Webhooks 1.0 defines them.

The signed text is `id.timestamp.body`; the header is `v1,<base64 of HMAC-SHA256>`, several of them
separated by spaces while secrets rotate (standardwebhooks.com, "Symmetric signatures").
"""

import base64
import binascii
import hashlib
import hmac

from auscult.kernel.errors import SettingError

SECRET_PREFIX = "whsec_"  # noqa: S105  # the prefix that marks one, not a secret


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
