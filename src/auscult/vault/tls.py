"""TLS contexts: version 1.3 and nothing older, for what auscult serves and what it calls."""

import ssl
from pathlib import Path

from auscult.kernel.errors import SettingError


def server_tls_context(certificate: Path | str, key: Path | str) -> ssl.SSLContext:
    """Return the context of a server with its certificate chain and key (PEM files).

    Raises `SettingError` naming the file that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    for path in (certificate, key):
        if not Path(path).is_file():
            raise SettingError(f"{path}: there is no such file")
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, OSError) as why:
        reason = getattr(why, "reason", None) or why.strerror or "cannot be read"
        raise SettingError(f"{certificate} with {key}: {reason}") from None
    return context


def client_tls_context(authority: Path | str | None = None) -> ssl.SSLContext:
    """Return the context of a client: the system's authorities, or the one of a PEM file.

    Raises `SettingError` for a file that cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=authority)
    except (ssl.SSLError, OSError):
        raise SettingError(f"{authority}: is no PEM file of certificates") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _no_password() -> str:
    """Refuse an encrypted key instead of asking a terminal that is not there."""
    raise SettingError("the TLS key is encrypted; give it without a password, in a 0600 file")
