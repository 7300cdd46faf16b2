"""Whether a group of alerts is still to be told of as an incident, asked of the store."""

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from auscult.engine.alerts.muting import muting_now
from auscult.kernel.alerts import SEEN_BY
from auscult.notification.decide.alerts import INCIDENTS, Alerting, flush

if TYPE_CHECKING:
    from auscult.store import TenantRows

_GROUP = f"{SEEN_BY}:"


class Standing(StrEnum):
    """How a group of alerts stands."""

    FIRING = "firing"
    MUTED = "muted"
    OVER = "over"


def group_in(fingerprint: str) -> str | None:
    """Return the group of alerts whose fingerprint as a finding this is; None for any other."""
    return fingerprint.removeprefix(_GROUP) if fingerprint.startswith(_GROUP) else None


def standing_of(rows: "TenantRows", group_id: str, alerting: Alerting, *, now_ms: int) -> Standing:
    """Return whether a group would be told of now, had nobody been told of it."""
    group = rows.groups.get([group_id]).get(group_id)
    if group is None:
        return Standing.OVER
    alerts = [
        (alert, node)
        for alert in rows.alerts.of_groups([group_id]).get(group_id, [])
        if not alert.is_resolved(now_ms)
        and (node := alerting.paths.of(alert).node(group_id)) is not None
    ]
    if not alerts:
        return Standing.OVER
    node = alerts[-1][1]
    wanted = [one for one in alerting.wanted[node.receiver] if one.channel == INCIDENTS]
    if not wanted:
        return Standing.OVER
    looked = flush(
        replace(group, told={}),
        [alert for alert, _ in alerts],
        node,
        channels=wanted,
        muting=muting_now(rows, alerting, now_ms),
        now_ms=now_ms,
    )
    return Standing.FIRING if looked.notices else Standing.MUTED
