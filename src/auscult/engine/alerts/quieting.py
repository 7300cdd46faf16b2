"""A silence of what a group of alerts has in common, for who wants to hear no more of it."""

from typing import TYPE_CHECKING

from auscult.kernel.errors import ObjectMissing, StateConflict
from auscult.kernel.matchers import Matcher

if TYPE_CHECKING:
    from auscult.store import TenantRows


def matchers_of(rows: "TenantRows", group: str, now_ms: int) -> tuple[Matcher, ...]:
    """Return what fits the alerts that fire in a group, given the beginning of its id.

    Raises `ObjectMissing` where there is no such group, `StateConflict` where nothing fires in it,
    or nothing is common to what does: that would silence everything.
    """
    found = next(iter(rows.groups.page(after=group, limit=1)), None)
    if found is None or not found.id.startswith(group):
        raise ObjectMissing("no such group of alerts; it may be over for long")
    alerts = rows.alerts.of_groups([found.id]).get(found.id, [])
    firing = [dict(one.labels) for one in alerts if not one.is_resolved(now_ms)]
    if not firing:
        raise StateConflict("these alerts are over")
    common = [pair for pair in firing[0].items() if all(pair in one.items() for one in firing)]
    if not common:
        raise StateConflict("these alerts have no label in common; silence them one by one")
    return tuple(Matcher(name=name, op="=", value=value) for name, value in sorted(common))
