"""`auscult check`: is the file right, and what is in force?"""

import sys
from pathlib import Path

from auscult.engine.wiring import Plans, wire
from auscult.kernel.errors import SettingError
from auscult.kernel.words import TenantId
from auscult.runtime.settings import (
    Settings,
    effective_tree,
    load_settings,
    locate,
    process_environment,
)
from auscult.surface.web.vendor import missing_libraries
from auscult.vault.references import resolve_secret


def check_settings(config: Path) -> None:
    """Print every value in force with its origin; raises `SettingError` with file:line:column."""
    settings = load_settings(config)
    plan_settings(settings)
    width = max((len(one.path) for one in effective_tree(settings)), default=0)
    for one in effective_tree(settings):
        sys.stdout.write(f"{one.path:<{width}}  {one.value!s:<32}  # {locate(one.origin)}\n")
    if not settings.tenants:
        raise SettingError(f"{config}: no tenant is configured, so nothing would be watched")
    if missing := missing_libraries():
        sys.stderr.write(
            f"auscult: the pages are not live, {', '.join(missing)} missing: install again\n"
        )


def plan_settings(settings: Settings) -> Plans:
    """Make every plug as a start would, without a store; raises `SettingError`."""
    return wire(settings, secrets=_open, neighbours=lambda _tenant: lambda _service: ())


def _open(_tenant: TenantId, reference: str) -> str:
    """Look whether a variable is there; what the vault holds is known to the running one only."""
    return resolve_secret(reference, environ=process_environment(), open_named=lambda name: name)
