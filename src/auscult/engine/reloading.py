"""What reading the settings anew may change, and who is told of which change."""

from typing import TYPE_CHECKING, Any

from auscult.kernel.errors import SettingError

if TYPE_CHECKING:
    from auscult.kernel.words import TenantId
    from auscult.runtime.settings import SettingChange, Settings
    from auscult.store import Work

NEEDS_RESTART = (
    "server",
    "store",
    "data_dir",
    "limits",
    "outbound",
    "tracing",
    "monitoring_enabled",
    "ai_anomaly_detection",
)


def refuse_fixed(changes: "list[SettingChange]") -> None:
    """Refuse what only a new start can change, naming it; raises `SettingError`."""
    fixed = [change.path for change in changes if change.path.startswith(NEEDS_RESTART)]
    if fixed:
        raise SettingError(f"only a restart can change {', '.join(fixed)}")


def record(
    work: "Work",
    settings: "Settings",
    changes: "list[SettingChange]",
    *,
    by: str,
    at_ms: int,
) -> None:
    """Write down for every tenant what it may see of what has changed."""
    for tenant in settings.tenants:
        work.of(tenant).audit.append(
            at_ms=at_ms,
            actor=by,
            action="settings.reloaded",
            about="settings",
            detail={"changes": seen_by(tenant, changes)},
        )


def seen_by(tenant: "TenantId", changes: "list[SettingChange]") -> list[dict[str, Any]]:
    """Return the changes a tenant may see: its own part of the tree, and what holds for all."""
    mine = f"tenants.{tenant}."
    return [
        {"path": change.path, "old": change.before, "new": change.after}
        for change in changes
        if change.path.startswith(mine) or not change.path.startswith("tenants.")
    ]
