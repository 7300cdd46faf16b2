"""`auscult check`: is the file right, and what is in force?"""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from auscult.engine.wiring import Plans, read_secret, wire
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

if TYPE_CHECKING:
    from auscult.surface.cli.opening import House


def check_settings(config: Path) -> None:
    """Print every value in force with its origin; raises `SettingError` with file:line:column."""
    settings = load_settings(config)
    plan_settings(settings)
    _check_store(settings)
    width = max((len(one.path) for one in effective_tree(settings)), default=0)
    for one in effective_tree(settings):
        value = str(one.value).replace("\n", "\\n")  # a template may have several lines
        sys.stdout.write(f"{one.path:<{width}}  {value:<32}  # {locate(one.origin)}\n")
    if not settings.tenants:
        raise SettingError(f"{config}: no tenant is configured, so nothing would be watched")
    if missing := missing_libraries():
        sys.stderr.write(
            f"auscult: the pages are not live, {', '.join(missing)} missing: install again\n"
        )


def _check_store(settings: Settings) -> None:
    """Raise `SettingError` with its place for a store that no start could open."""
    from auscult.store.databases.address import read_address  # SQLAlchemy takes a while to load

    try:
        read_address(resolve_secret(settings.store.url, environ=process_environment()))
    except SettingError as why:
        origins = {one.path: one.origin for one in effective_tree(settings)}
        raise SettingError(f"{locate(origins['store.url'])}: {why.detail}") from None


def plan_settings(settings: Settings) -> Plans:
    """Make every plug as a start would; raises `SettingError`.

    The store is opened only where a `vault:NAME` is to be looked up, and is not changed.
    """
    with ExitStack() as stack:
        house: list[House] = []

        def read(tenant: TenantId, reference: str) -> str:
            environ = process_environment()
            if not reference.startswith("vault:"):
                return resolve_secret(reference, environ=environ)
            if not house:
                house.append(_open_house(stack, settings))
            store, vault = house[0].store, house[0].vault
            return read_secret(reference, tenant, store=store, vault=vault, environ=environ)

        return wire(settings, secrets=read, neighbours=lambda _tenant: lambda _service: ())


def _open_house(stack: ExitStack, settings: Settings) -> "House":
    from auscult.surface.cli.opening import opened  # SQLAlchemy takes a while to load

    return stack.enter_context(opened(settings, migrates=False))
