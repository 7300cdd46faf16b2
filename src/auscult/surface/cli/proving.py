"""`auscult audit verify` and `auscult audit seal`: does the log still say what it said?"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auscult.kernel.errors import AuditBroken, SettingError
from auscult.kernel.words import TenantId
from auscult.runtime.clock import SystemClock
from auscult.runtime.settings import Settings, load_settings
from auscult.store import Store, Work
from auscult.store.rows.audit import AuditHead
from auscult.surface.cli.opening import ACTOR, configured, has_keys, opened, opened_store

_NOTED = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


def verify_audit(config: Path, *, tenant: str, expected: str) -> None:
    """Check every tenant's chain, or one's; raises `AuditBroken` after the last one.

    `expected` is a head as this command prints it (`ROWS:HASH`), which the chain must contain.
    """
    settings, noted = load_settings(config), read_head(expected)
    broken: list[str] = []
    with _log_of(settings) as store, store.read() as work:
        tenants = _chosen(settings, work, tenant)
        if noted and len(tenants) != 1:
            raise SettingError(f"whose head is it? Say --tenant, one of {', '.join(tenants)}")
        for one in tenants:
            try:
                head = work.of(one).audit.prove(noted)
            except AuditBroken as why:
                broken.append(f"{one}: {why.detail}")
            else:
                sys.stdout.write(f"{one}: {head.rows} rows, the chain holds, head {head}\n")
    if broken:
        raise AuditBroken("; ".join(broken))


def seal_audit(name: str, config: Path) -> None:
    """Accept a tenant's chain as it is, and seal its head anew; what it was is written down."""
    settings = load_settings(config)
    tenant = configured(settings, name, config)
    with opened(settings) as house, house.store.write() as work:
        rows = work.of(tenant).audit
        rows.reseal()
        newest = rows.page(limit=1).rows
        before = f"{newest[0].seq}:{newest[0].hash}" if newest else "none"
        rows.append(
            at_ms=SystemClock().now_ms(),
            actor=ACTOR,
            action="audit.sealed",
            about="audit",
            detail={"sentence": "The chain was accepted as it is and sealed.", "before": before},
        )
        head = rows.prove()
    sys.stdout.write(f"{name}: {head.rows} rows, sealed, head {head}\n")


def read_head(text: str) -> AuditHead | None:
    """Read a noted head, None for an empty text; raises `SettingError` for anything else."""
    found = _NOTED.fullmatch(text.strip())
    if found:
        return AuditHead(int(found[1]), found[2])
    if text:
        raise SettingError("a head is ROWS:HASH, as `auscult audit verify` prints it")
    return None


@contextmanager
def _log_of(settings: Settings) -> Iterator[Store]:
    """Open the store, with the vault where its keys are; a check makes no new ones."""
    if has_keys(settings):
        with opened(settings) as house:
            yield house.store
        return
    sys.stderr.write(f"auscult: no keys in {settings.data_dir}, so no seal is checked\n")
    with opened_store(settings) as store:
        yield store


def _chosen(settings: Settings, work: Work, tenant: str) -> list[TenantId]:
    """Return the tenants to check: those configured and those known, for either may be lost."""
    known = sorted({*settings.tenants, *work.directory.tenants()})
    if not tenant:
        return known
    if tenant not in known:
        raise SettingError(f"no tenant {tenant!r}; there are {', '.join(known)}")
    return [TenantId(tenant)]
