"""Redaction: what a log line, an error or a report must not carry is replaced by `***`."""

import re
from collections.abc import Mapping
from typing import Any

from auscult.runtime.settings.secrecy import HIDDEN, hide_in_urls, is_reference, is_secret_key

DEPTH_MAX = 8
_BEARER = re.compile(
    r"\b(?P<scheme>bearer|basic|geniekey|token)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE
)
_HEADER = re.compile(
    r"""(?P<name>\b(?:proxy-)?authorization|\b(?:set-)?cookie|\bx-[a-z-]{0,40}(?:api-key|token))"""
    r"""(?P<between>["']?\s*[:=]\s*["']?)[^\r\n"']+""",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"""(?P<name>\b[a-z_-]{0,40}(?:password|passwd|secret|api_?key|routing_key|token))"""
    r"""(?P<between>["']?\s*[:=]\s*["']?)(?!env:|vault:)[^\s"',;&}]+""",
    re.IGNORECASE,
)
_KNOWN = re.compile(r"\b(?:ak_|whsec_|xox[abeprs]-|ghp_|sk-)[A-Za-z0-9+/=_-]{6,}")
_ENVELOPE = re.compile(r"\bv1:[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+={0,2}")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_MAIL = re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@(?=[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\b)")


def redact_text(text: str) -> str:
    """Return text without credentials, secret URLs and the names in e-mail addresses."""
    text = _PRIVATE_KEY.sub(HIDDEN, text)
    text = hide_in_urls(text)
    text = _HEADER.sub(rf"\g<name>\g<between>{HIDDEN}", text)
    text = _BEARER.sub(rf"\g<scheme> {HIDDEN}", text)
    text = _PAIR.sub(rf"\g<name>\g<between>{HIDDEN}", text)
    text = _ENVELOPE.sub(HIDDEN, text)
    text = _KNOWN.sub(HIDDEN, text)
    return _MAIL.sub(f"{HIDDEN}@", text)


def redact(value: Any, *, depth: int = 0) -> Any:  # noqa: ANN401 (text, or what JSON can hold)
    """Return a value of the same shape without secrets; deeper than `DEPTH_MAX` all is hidden.

    Under a key that names a secret only a reference (`env:NAME`) stays.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > DEPTH_MAX:
        return HIDDEN
    if isinstance(value, Mapping):
        return {redact_text(str(key)): _field(str(key), item, depth) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth=depth + 1) for item in value]
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    return redact_text(str(value))


def redact_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a log line without secrets; for `configure_logs(redact=...)`."""
    cleaned: dict[str, Any] = redact(fields)
    return cleaned


def _field(name: str, value: object, depth: int) -> Any:  # noqa: ANN401 (as the value)
    if is_secret_key(name) and not is_reference(value) and value is not None and value != "":
        return HIDDEN
    return redact(value, depth=depth + 1)
