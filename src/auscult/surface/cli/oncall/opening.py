"""Who is on call by the settings, and by what was said at run time where a store is there."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from auscult.engine.oncall.calendars import Calendars
from auscult.engine.oncall.takeovers import KEPT_MS, in_force
from auscult.engine.wiring import Plans
from auscult.kernel.words import TenantId
from auscult.notification.oncall import OnCall
from auscult.notification.oncall.schedule import Feed
from auscult.runtime.clock import SystemClock
from auscult.runtime.metrics import Metrics
from auscult.runtime.settings import load_settings
from auscult.store import Work
from auscult.surface.cli.opening import configured, opened_store
from auscult.surface.cli.settings.checking import plan_settings


def sections_of(config: Path) -> Mapping[TenantId, OnCall]:
    """Return what the settings alone say, by tenant; raises `SettingError`."""
    plans = plan_settings(load_settings(config))
    return {plan.tenant: plan.rules.oncall for plan in plans.all()}


def sections_in_force(config: Path, tenant: str) -> Mapping[TenantId, OnCall]:
    """Return what holds now, of one tenant or (without a name) of all.

    With takeovers, and calendars as they were read last. Raises `SettingError`,
    `StoreUnavailable`.
    """
    settings = load_settings(config)
    plans = plan_settings(settings)
    names = (configured(settings, tenant, config),) if tenant else tuple(settings.tenants)
    clock = SystemClock()
    calendars = Calendars(plans, clock=clock, metrics=Metrics())
    with opened_store(settings) as store, store.read() as work:
        calendars.recall(work)
        calendars.dress(plans)
        since_ms = clock.now_ms() - KEPT_MS
        return {name: _said(work, plans, name, since_ms=since_ms) for name in names}


def unread(oncall: OnCall) -> Iterator[str]:
    """Yield `layer of schedule` for each calendar of which nothing is known."""
    for schedule in oncall.schedules:
        for layer in schedule.layers:
            if isinstance(layer, Feed) and layer.calendar is not None and not layer.to_ms:
                yield f"{layer.name} of {schedule.name}"


def _said(work: Work, plans: Plans, tenant: TenantId, *, since_ms: int) -> OnCall:
    return in_force(work.of(tenant), plans.of(tenant).rules.oncall, since_ms)
