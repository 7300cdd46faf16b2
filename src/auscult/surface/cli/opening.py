"""The vault and the store that a settings file names, opened without the running product."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auscult.kernel.errors import SettingError
from auscult.kernel.words import TenantId
from auscult.runtime.settings import Settings, process_environment
from auscult.store import Store
from auscult.vault import AUDIT_SEALS, Vault
from auscult.vault.keyring import FILE_NAME
from auscult.vault.references import resolve_secret

ACTOR = "command line"
"""Who did it, in the audit log: whoever may run commands on the machine."""


@dataclass(frozen=True, slots=True)
class House:
    """What keeps: the vault, and the store whose audit heads it seals."""

    vault: Vault
    store: Store


@contextmanager
def opened(settings: Settings, *, migrates: bool = True) -> Iterator[House]:
    """Open both as a start would; raises `SettingError`, `VaultError`, `StoreUnavailable`."""
    vault = Vault.open(settings.data_dir, process_environment().get("AUSCULT_MASTER_KEY"))
    key = vault.derive(AUDIT_SEALS)
    with opened_store(settings, audit_key=key, migrates=migrates) as store:
        yield House(vault, store)


@contextmanager
def opened_store(
    settings: Settings, *, audit_key: bytes = b"", migrates: bool = True
) -> Iterator[Store]:
    """Open the store alone; raises `SettingError`, `StoreUnavailable`."""
    url = resolve_secret(settings.store.url, environ=process_environment())
    store = Store.open(url, audit_key=audit_key)
    try:
        if migrates:
            store.migrate()
        yield store
    finally:
        store.close()


def has_keys(settings: Settings) -> bool:
    """Say whether the vault's keys are here; opening a vault without any would make new ones."""
    given = process_environment().get("AUSCULT_MASTER_KEY")
    return given is not None or (settings.data_dir / FILE_NAME).exists()


def configured(settings: Settings, name: str, config: Path) -> TenantId:
    """Return a tenant that the settings name; raises `SettingError` with those there are."""
    tenant = TenantId(name)
    if tenant in settings.tenants:
        return tenant
    known = ", ".join(settings.tenants) or "none"
    raise SettingError(
        f"{config}: no tenant {name!r} under `tenants:` (there: {known}); "
        f"write `{name}: {{}}` there, then run this again"
    )
