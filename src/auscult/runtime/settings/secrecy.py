"""Which settings are secrets, and how text is shown without those it may contain."""

import re
from typing import Any

from auscult.runtime.settings.origins import Path

HIDDEN = "***"
_WATCHDOG = ("watchdog", "url")
_SECRET_KEY = re.compile(
    r"secret|passw|token|credential|bearer|authorization|cookie"
    r"|(api|routing|integration|private|access|master|signing|service)[_-]?key$|^auth$",
    re.IGNORECASE,
)
_NOT_SECRET_KEY = re.compile(r"(_file|_path|_s|_ms)$|^tls_key$", re.IGNORECASE)
_REFERENCE = re.compile(r"(env|vault):[A-Za-z0-9_.:/-]{1,200}")
_PASSWORD = re.compile(r"(?P<start>\bhttps?://[^\s/@:?#]*):[^\s/?#]*@", re.IGNORECASE)
_USER_ALONE = re.compile(r"(?P<start>\bhttps?://)[^\s/@:?#]+@", re.IGNORECASE)
_STORE_PASSWORD = re.compile(
    r"(?P<start>\b(?!https?:)[a-z][a-z0-9+.-]{0,30}://[^\s/@:?#]*):[^\s]*@", re.IGNORECASE
)
_QUERY = re.compile(
    r"(?P<name>[?&;](sig|signature|token|access_token|api_?key|key|secret|password|auth|code)=)"
    r"[^\s&#\"']+",
    re.IGNORECASE,
)
_HOOK = re.compile(
    r"(?P<host>https://(hooks\.slack(-gov)?\.com|[a-z0-9.-]*\.webhook\.office\.com"
    r"|discord(app)?\.com/api/webhooks)|https?://[^\s/]+/hooks)/(?:[^\s\"'<>:]|:(?=\S))+",
    re.IGNORECASE,
)

_LONG_PART = re.compile(r"(?<=[^:/])/[^/?#]{9,}")
_ADDRESS = re.compile(r"\s*(?P<scheme>\w+://)(?:[^\s/@?#]*@)?(?P<host>[^\s/@?#]+)")


def hide_in_urls(text: str) -> str:
    """Return text without the passwords, signatures and secret paths its URLs carry."""
    text = _USER_ALONE.sub(rf"\g<start>{HIDDEN}@", text)
    for pattern in (_PASSWORD, _STORE_PASSWORD):
        text = pattern.sub(rf"\g<start>:{HIDDEN}@", text)
    text = _QUERY.sub(rf"\g<name>{HIDDEN}", text)
    return _HOOK.sub(rf"\g<host>/{HIDDEN}", text)


def is_secret_key(name: str) -> bool:
    """Say whether the name of a setting, field or header says that its value is a secret."""
    return bool(_SECRET_KEY.search(name)) and not _NOT_SECRET_KEY.search(name)


def is_reference(value: object) -> bool:
    """Say whether a value only names a secret: `env:NAME` or `vault:NAME`."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def show(path: Path, value: Any) -> Any:  # noqa: ANN401 (whatever a plug takes)
    """Return a value as it may be shown: references as they are, secrets hidden, the rest plain."""
    if is_reference(value) or value is None or isinstance(value, bool):
        return value
    if path == _WATCHDOG or any(
        isinstance(step, str) and is_secret_key(step) for step in _keys(path)
    ):
        return HIDDEN
    if isinstance(value, int | float):
        return value
    if isinstance(value, tuple | list):
        return [show(path, item) for item in value]
    if isinstance(value, dict):
        return {key: show((*path, key), item) for key, item in value.items()}
    return _show_in_channel(path, str(value)) or _show_calendar(path, str(value))


def _show_calendar(path: Path, value: str) -> str:
    """Return a value; of a calendar's address only the host: who knows all of it reads it."""
    found = _ADDRESS.match(value) if path[-1:] == ("calendar",) else None
    return f"{found['scheme']}{found['host']}/{HIDDEN}" if found else hide_in_urls(value)


def _show_in_channel(path: Path, value: str) -> str:
    """Return what may be shown where all of a channel's setting is the secret; else nothing.

    So it is with the headers of a gateway, and with addresses that are no web addresses: Apprise
    writes tokens as their hosts and paths. Of web addresses every long part of the path may be
    the secret, as it is in what a receiver's answer is cleared of.
    """
    inner = path[4:] if path[:1] == ("tenants",) else path[3:] if path[:1] == ("defaults",) else ()
    if "channels" not in path[1:3] or not inner:
        return ""
    if inner[0] == "headers":
        return HIDDEN
    scheme, colon, _ = value.partition("://")
    if not colon or not str(inner[-1]).endswith("url"):
        return ""
    if scheme.lower() in {"http", "https"}:
        return _LONG_PART.sub(f"/{HIDDEN}", hide_in_urls(value))
    return f"{scheme}://{HIDDEN}"


def _keys(path: Path) -> Path:
    """Return the steps that are keys of settings: names of tenants and channels say nothing."""
    if path[:1] != ("tenants",):
        return path
    return path[4:] if path[2:3] == ("channels",) else path[2:]
