"""`auscult tenant add` and `auscult audit verify`: the store without the running product."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auscult.kernel.errors import AuditBroken, SettingError
from auscult.kernel.words import TenantId
from auscult.runtime.clock import SystemClock
from auscult.runtime.ids import new_id
from auscult.runtime.settings import Settings, load_settings
from auscult.store import Store
from auscult.vault import Vault

ROLES = ("admin", "member", "writer")


def add_key(name: str, config: Path, *, role: str, bare: bool) -> None:
    """Make a key for a configured tenant and print it, this once."""
    settings = load_settings(config)
    if role not in ROLES:
        raise SettingError(f"no role {role!r}; there are {', '.join(ROLES)}")
    tenant = TenantId(name)
    if tenant not in settings.tenants:
        known = ", ".join(settings.tenants) or "none"
        raise SettingError(
            f"{config}: no tenant {name!r} under `tenants:` (there: {known}); "
            f"write `{name}: {{}}` there, then run this again"
        )
    clock = SystemClock()
    vault = Vault.open(settings.data_dir)
    key, key_id, now_ms = vault.new_api_key(), new_id(clock), clock.now_ms()
    with _store(settings) as store, store.write() as work:
        work.directory.add_tenant(tenant, name, now_ms)
        rows = work.of(tenant)
        rows.keys.add(vault.hash_api_key(key), key_id, role=role, now_ms=now_ms)
        rows.audit.append(
            at_ms=now_ms,
            actor="command line",
            action="key.added",
            about=key_id,
            detail={"sentence": f"A key of role {role} was made.", "role": role},
        )
    if bare:
        sys.stdout.write(f"{key}\n")
        return
    sys.stdout.write(f"{name}: key {key_id}, role {role}. It is shown this once:\n{key}\n")


def verify_audit(config: Path) -> None:
    """Check every tenant's chain; raises `AuditBroken` after the last one was looked at."""
    settings = load_settings(config)
    broken: list[str] = []
    with _store(settings) as store, store.read() as work:
        for tenant in work.directory.tenants():
            try:
                rows = work.of(tenant).audit.verify()
            except AuditBroken as why:
                broken.append(f"{tenant}: {why.detail}")
            else:
                sys.stdout.write(f"{tenant}: {rows} rows, the chain holds\n")
    if broken:
        raise AuditBroken("; ".join(broken))


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    store = Store.open(settings.store.url)
    try:
        store.migrate()
        yield store
    finally:
        store.close()
