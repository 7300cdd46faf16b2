"""A group of alerts whose time has come: looked at, told, and put to sleep again."""

from functools import partial
from typing import TYPE_CHECKING

from auscult.engine.alerts.taking import wake
from auscult.engine.events.settled import Settled
from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.words import Labels
from auscult.notification.decide.alerts import (
    Alerting,
    Flush,
    Muting,
    Notice,
    asleep,
    flush,
    inhibited_by,
)
from auscult.notification.messages import render_group

if TYPE_CHECKING:
    from auscult.kernel.alerts import Group
    from auscult.store import TenantRows


def ring_group(rows: "TenantRows", group_id: str, alerting: Alerting, *, now_ms: int) -> Settled:
    """Tell what is to be told of a group, and wake it again; one that is empty is forgotten."""
    group = rows.groups.get([group_id]).get(group_id)
    if group is None:
        return Settled(rows.tenant)
    alerts = rows.alerts.of_group(group_id)
    node = alerting.nodes.get(group.place)
    if not alerts or node is None or node.receiver != group.receiver:
        # Nobody is in it, or the tree grew another way: its alerts have a group there.
        rows.groups.leave(group_id, [one.fingerprint for one in alerts])
        rows.groups.put([asleep(group)])
        return Settled(rows.tenant)
    looked = flush(
        group,
        alerts,
        node,
        channels=alerting.wanted[node.receiver],
        muting=_muting(rows, alerting, now_ms),
        now_ms=now_ms,
    )
    return _save(rows, looked, is_left=len(looked.gone) < len(alerts), now_ms=now_ms)


def _save(rows: "TenantRows", looked: Flush, *, is_left: bool, now_ms: int) -> Settled:
    group = looked.group if is_left else asleep(looked.group)
    rows.groups.put([group])
    rows.groups.leave(group.id, looked.gone)
    if is_left:
        rows.timers.set(wake(rows, group))
    wished = [
        rows.effects.wish(_effect(rows, group, notice, now_ms=now_ms)) for notice in looked.notices
    ]
    return Settled(rows.tenant, effects=wished.count(True), timers=int(is_left))


def _effect(rows: "TenantRows", group: "Group", notice: Notice, *, now_ms: int) -> Effect:
    shown = (notice.firing, notice.resolved)
    message = render_group(group, shown, tenant=rows.tenant, at_ms=now_ms)
    return Effect(
        key=f"{group.id}:{group.begun_ms}:{group.count}:{notice.channel}",
        tenant=rows.tenant,
        kind=EffectKind.NOTIFY,
        plug=notice.channel,
        to=notice.channel,
        verb="send",
        incident=group.id,
        payload=message.model_dump(mode="json"),
        due_ms=now_ms,
    )


def _muting(rows: "TenantRows", alerting: Alerting, now_ms: int) -> Muting:
    silences = rows.silences.ending_after(now_ms)

    def silenced_by(labels: Labels) -> str | None:
        return next((one.id for one in silences if one.mutes(labels, now_ms)), None)

    def inhibited(labels: Labels) -> str | None:
        lying = partial(rows.alerts.lying, now_ms=now_ms)
        return inhibited_by(alerting.inhibit_rules, labels, lying, now_ms=now_ms)

    return Muting(silenced_by, inhibited, lambda name: alerting.is_now(name, now_ms))
