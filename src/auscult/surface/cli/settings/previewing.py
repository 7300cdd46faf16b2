"""`auscult preview`: what a tenant's channels are told, in its own words."""

import sys
from pathlib import Path

from auscult.kernel.errors import ObjectMissing, SettingError
from auscult.kernel.incidents import Incident
from auscult.kernel.words import TenantId
from auscult.runtime.settings import Settings, load_settings
from auscult.surface.cli.settings.checking import plan_settings


def preview_messages(config: Path, *, tenant: str, incident: str, channel: str) -> None:
    """Print each message; raises `SettingError` with its place, `ObjectMissing`."""
    from auscult.surface.cli.opening import configured

    settings = load_settings(config)
    plan = plan_settings(settings).of(configured(settings, tenant or _first(settings), config))
    if channel and channel not in plan.channels:
        known = ", ".join(sorted(plan.channels)) or "none"
        raise SettingError(f"{config}: no channel {channel!r}; configured are {known}")
    shown = _find(settings, plan.tenant, incident) if incident else None
    messages = [one for one in plan.preview(shown) if channel in {"", one.channel}]
    if not messages:
        raise SettingError(f"{config}: tenant {plan.tenant!r} has no channel to be told anything")
    for one in messages:
        how = "as auscult says it" if one.is_default else "by your template"
        sys.stdout.write(f"── {one.channel}, {one.kind} ({how})\n{one.title}\n\n{one.text}\n\n")


def _first(settings: Settings) -> str:
    return next(iter(settings.tenants), "")


def _find(settings: Settings, tenant: TenantId, incident_id: str) -> Incident:
    from auscult.surface.cli.opening import opened_store  # SQLAlchemy takes a while to load

    with opened_store(settings, migrates=False) as store, store.read() as work:
        found = work.of(tenant).incidents.get(incident_id)
    if found is None:
        raise ObjectMissing(f"incident {incident_id[:40]!r} of tenant {tenant!r}")
    return found
