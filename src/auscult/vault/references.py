"""Secret references: `env:NAME`, `vault:NAME`, or the secret itself, wherever one is set."""

import re
from collections.abc import Callable, Mapping

from auscult.kernel.errors import SettingError
from auscult.kernel.words import TenantId
from auscult.vault.vault import Vault

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_VAULT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def about_secret(tenant: TenantId, name: str) -> str:
    """Return what the envelope of a tenant's named secret is about."""
    return f"{tenant}/secret/{name}"


def resolve_secret(
    text: str,
    *,
    environ: Mapping[str, str],
    open_named: Callable[[str], str | None] = lambda _name: None,
) -> str:
    """Return the secret a setting names, or is; raises `SettingError` for one that is missing.

    `open_named` returns the secret that the tenant's vault holds under a name, None for none.
    """
    kind, colon, name = text.partition(":")
    if not colon or kind not in {"env", "vault"}:
        return text
    if not (_ENV_NAME if kind == "env" else _VAULT_NAME).fullmatch(name):
        raise SettingError(f"{kind}:NAME has a name of letters, digits and _")
    found = environ.get(name) if kind == "env" else open_named(name)
    if not found:
        where = "the environment" if kind == "env" else "the vault"
        raise SettingError(f"{text} is not in {where}")
    return found


def check_secret_name(name: str) -> None:
    """Raise `SettingError` for what no `vault:NAME` could name."""
    if not _VAULT_NAME.fullmatch(name):
        raise SettingError("a secret's name is 1 to 128 letters, digits, and . _ -")


def seal_secret(vault: Vault, tenant: TenantId, *, name: str, secret: str) -> str:
    """Return the envelope of a tenant's named secret; raises `SettingError` for a bad name."""
    check_secret_name(name)
    return vault.seal(secret.encode(), about=about_secret(tenant, name))


def open_secret(vault: Vault, tenant: TenantId, *, name: str, envelope: str) -> str:
    """Return a tenant's named secret; raises `EnvelopeBroken`, `KeyMissing`."""
    return vault.unseal(envelope, about=about_secret(tenant, name)).decode()
