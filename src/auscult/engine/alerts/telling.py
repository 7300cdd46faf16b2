"""A group of alerts whose time has come: looked at, told, and put to sleep again."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from auscult.engine.alerts.taking import wake
from auscult.engine.events.settled import Settled
from auscult.kernel.alerts import SEEN_BY
from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.incidents import Status
from auscult.kernel.words import Labels, Subject
from auscult.notification.decide.alerts import (
    INCIDENTS,
    Alerting,
    Flush,
    Muting,
    asleep,
    flush,
    inhibited_by,
)
from auscult.notification.messages import Message, render_group

if TYPE_CHECKING:
    from auscult.engine.events.steps import Rules
    from auscult.kernel.alerts import Group
    from auscult.store import TenantRows


@dataclass(frozen=True, slots=True)
class Rung:
    """What came of looking at a group: effects and timers, and what becomes part of an incident."""

    settled: Settled
    findings: tuple[Finding, ...] = ()


def ring_group(rows: "TenantRows", group_id: str, rules: "Rules", *, now_ms: int) -> Rung:
    """Tell what is to be told of a group, and wake it again; one that is empty sleeps."""
    alerting = rules.alerting
    group = rows.groups.get([group_id]).get(group_id)
    if group is None:
        return Rung(Settled(rows.tenant))
    alerts = rows.alerts.of_group(group_id)
    node = alerting.nodes.get(group.place)
    if not alerts or node is None or node.receiver != group.receiver:
        # Nobody is in it, or the tree grew another way: its alerts come into a group there when
        # they are sent again, as Prometheus does every minute.
        rows.groups.leave(group_id, [one.fingerprint for one in alerts])
        rows.groups.put([asleep(group, now_ms)])
        return Rung(Settled(rows.tenant))
    looked = flush(
        group,
        alerts,
        node,
        channels=alerting.wanted[node.receiver],
        muting=muting_now(rows, alerting, now_ms),
        now_ms=now_ms,
    )
    return _save(rows, looked, rules, is_left=len(looked.gone) < len(alerts), now_ms=now_ms)


def _save(rows: "TenantRows", looked: Flush, rules: "Rules", *, is_left: bool, now_ms: int) -> Rung:
    group = looked.group if is_left else asleep(looked.group, now_ms)
    rows.groups.put([group])
    rows.groups.leave(group.id, looked.gone)
    if is_left:
        rows.timers.set(wake(rows, group))
    wished, findings = 0, []
    for notice in looked.notices:
        shown = (notice.firing, notice.resolved)
        message = render_group(group, shown, tenant=rows.tenant, at_ms=now_ms)
        if notice.channel == INCIDENTS:
            findings.append(_finding(group, message))
        else:
            worded = rules.templates.reword(message, None, channel=notice.channel)
            wished += rows.effects.wish(_effect(group, notice.channel, worded))
    return Rung(Settled(rows.tenant, effects=wished, timers=int(is_left)), tuple(findings))


def _finding(group: "Group", message: Message) -> Finding:
    """Return a group as one observer's word, the same at every turn of it."""
    assert message.alerts is not None
    labels = message.alerts.common_labels
    subject = Subject(service=message.service, instance=message.instance)
    return Finding(
        tenant=message.tenant,
        fingerprint=f"{SEEN_BY}:{group.id}",
        subject=subject,
        signal=labels.get("alertname", group.key)[:300],
        seen_by=SEEN_BY,
        at_ms=message.at_ms,
        phase=Phase.CLEARED if message.status is Status.RESOLVED else Phase.FIRING,
        severity=message.severity,
        evidence=Evidence(
            sentence=f"{subject}: {message.headline}"[:300], labels=tuple(sorted(labels.items()))
        ),
    )


def _effect(group: "Group", channel: str, message: Message) -> Effect:
    return Effect(
        key=f"{group.id}:{group.begun_ms}:{group.count}:{channel}",
        tenant=message.tenant,
        kind=EffectKind.NOTIFY,
        plug=channel,
        to=channel,
        verb="send",
        incident=group.id,
        payload=message.model_dump(mode="json"),
        due_ms=message.at_ms,
    )


def forget_told(rows: "TenantRows", effect: Effect) -> None:
    """Let a group tell a channel anew that refused its message: it knows nothing of it."""
    group = rows.groups.get([effect.incident]).get(effect.incident)
    if group is not None and effect.to in group.told:
        told = {name: one for name, one in group.told.items() if name != effect.to}
        rows.groups.put([replace(group, told=told)])


def muting_now(rows: "TenantRows", alerting: Alerting, now_ms: int) -> Muting:
    """Return what keeps alerts of a tenant from being told now: silences, alerts, times."""
    silences = rows.silences.ending_after(now_ms)

    def silenced_by(labels: Labels) -> str | None:
        return next((one.id for one in silences if one.mutes(labels, now_ms)), None)

    def inhibited(labels: Labels) -> str | None:
        lying = partial(rows.alerts.lying, now_ms=now_ms)
        return inhibited_by(alerting.inhibit_rules, labels, lying, now_ms=now_ms)

    return Muting(silenced_by, inhibited, lambda name: alerting.is_now(name, now_ms))
