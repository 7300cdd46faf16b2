"""Groups of alerts whose time has come: looked at, told, and put to sleep again."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from auscult.engine.alerts.muting import muting_now
from auscult.engine.alerts.taking import Led, lead
from auscult.kernel.alerts import SEEN_BY, Alert, Group
from auscult.kernel.effects import Effect
from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.incidents import Status
from auscult.kernel.words import Subject, TenantId
from auscult.notification.decide.alerts import (
    DECIDED,
    INCIDENTS,
    Flush,
    Muting,
    Node,
    Notice,
    Why,
    asleep,
    detail_of,
    detail_of_stray,
    flush,
    noted,
)
from auscult.notification.messages import Message, render_group

if TYPE_CHECKING:
    from auscult.engine.events.steps import Rules
    from auscult.store import TenantRows
    from auscult.store.turns import Lease


AUSCULT = "auscult"


@dataclass(slots=True)
class Rung:
    """What came of looking at groups, to be written down for all of them at once.

    `told` and `moved` are groups that have changed: all of it, and no more than when they are
    looked at next. `gone` are (group's id, fingerprint) pairs, `strayed` what goes elsewhere now,
    `decided` (group's id, detail) pairs for the audit log.
    """

    told: list[Group] = field(default_factory=list)
    moved: list[Group] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)
    strayed: list[Led] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    decided: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def ring_groups(
    rows: "TenantRows",
    ids: Collection[str],
    rules: "Rules",
    *,
    now_ms: int,
    lease: "Lease | None" = None,
) -> Rung:
    """Tell what is to be told of groups, and wake them again; one that is empty sleeps.

    Where the tree grew another way since, a group's alerts are led where they go now: nobody else
    would, for some senders say a thing once.
    """
    alerting = rules.alerting
    groups = rows.groups.get(ids)
    for name in ids:
        if name not in groups or groups[name].next_ms < 0:
            rows.groups.drop(name)
    due = {name: one for name, one in groups.items() if 0 <= one.next_ms <= now_ms}
    inside = rows.alerts.of_groups(due) if due else {}
    bell = _Bell(rows.tenant, rules, muting_now(rows, alerting, now_ms), now_ms)
    for name, group in due.items():
        bell.ring(group, inside.get(name, []))
    rung = bell.rung
    rows.groups.put(rung.told)
    rows.groups.move(rung.moved)
    rows.groups.leave(rung.gone)
    rows.alerts.leave({fingerprint for _, fingerprint in rung.gone})
    rows.alerts.put((alert, path.sum) for alert, path in rung.strayed)
    lead(rows, rung.strayed, alerting.paths, now_ms=now_ms)
    rung.effects = rows.effects.wish_all(rung.effects, lease)
    for about, detail in rung.decided:
        rows.audit.append(at_ms=now_ms, actor=AUSCULT, action=DECIDED, about=about, detail=detail)
    alerting.paths.note(*rung.told, *rung.moved)
    return rung


@dataclass(slots=True)
class _Bell:
    """Looks at one group of a tenant after the other, by the same rules at the same instant."""

    tenant: TenantId
    rules: "Rules"
    muting: Muting
    now_ms: int
    rung: Rung = field(default_factory=Rung)

    def ring(self, group: Group, alerts: list[Alert]) -> None:
        """Look at a group with what is in it."""
        own: list[Alert] = []
        node: Node | None = None
        for alert in alerts:
            path = self.rules.alerting.paths.of(alert)
            if (way := path.node(group.id)) is not None:
                node = way
                own.append(alert)
                continue
            self.rung.gone.append((group.id, alert.fingerprint))
            if not alert.is_resolved(self.now_ms):
                self.rung.strayed.append((alert, path))
        if node is None:
            if alerts:
                self.rung.decided.append((group.id, detail_of_stray(group)))
            self._close(group, alerts)
            return
        looked = flush(
            group,
            own,
            node,
            channels=self.rules.alerting.wanted[node.receiver],
            muting=self.muting,
            now_ms=self.now_ms,
        )
        looked = noted(group, looked)
        if looked.is_news:
            detail = detail_of(looked, own, self.muting, now_ms=self.now_ms)
            self.rung.decided.append((group.id, detail))
        is_left = len(looked.gone) < len(own)
        held = looked.group.told.get(INCIDENTS)
        if not is_left and held is not None and held.firing:
            # Muted, and over: people hear nothing of it, but its incident must end.
            self.rung.gone += [(group.id, fingerprint) for fingerprint in looked.gone]
            self._close(looked.group, own)
            return
        self._note(group, looked, is_left=is_left)

    def _close(self, group: Group, alerts: list[Alert]) -> None:
        """Put a group to sleep that nothing belongs to any more; no incident waits for its end."""
        told = group.told.get(INCIDENTS)
        if alerts and told is not None and told.firing:
            notice = Notice(INCIDENTS, Why.ALL_RESOLVED, (), tuple(alerts))
            self.rung.findings.append(_finding(group, self._message(group, notice)))
        left = {name: one for name, one in group.told.items() if name != INCIDENTS}
        self.rung.told.append(asleep(replace(group, told=left), self.now_ms))

    def _note(self, before: Group, looked: Flush, *, is_left: bool) -> None:
        """Note what came of a look at a group that some alerts belong to."""
        group = looked.group if is_left else asleep(looked.group, self.now_ms)
        is_same = (group.told, group.count, group.decided) == (
            before.told,
            before.count,
            before.decided,
        )
        (self.rung.moved if is_same else self.rung.told).append(group)
        self.rung.gone += [(group.id, fingerprint) for fingerprint in looked.gone]
        for notice in looked.notices:
            message = self._message(group, notice)
            if notice.channel == INCIDENTS:
                self.rung.findings.append(_finding(group, message))
            else:
                worded = self.rules.templates.reword(message, None, channel=notice.channel)
                self.rung.effects.append(_effect(group, notice.channel, worded))

    def _message(self, group: Group, notice: Notice) -> Message:
        shown = (notice.firing, notice.resolved)
        base_url = self.rules.base_url.rstrip("/")
        message = render_group(
            group, shown, tenant=self.tenant, at_ms=self.now_ms, base_url=base_url
        )
        thread = f"{group.id}:{notice.since_ms}"
        is_aside = notice.why is Why.SOME_RESOLVED
        return message.model_copy(update={"thread": thread, "is_aside": is_aside})


def _finding(group: Group, message: Message) -> Finding:
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


def _effect(group: Group, channel: str, message: Message) -> Effect:
    key = f"{group.id}:{group.begun_ms}:{group.count}:{channel}"
    return message.as_effect(channel, key=key, due_ms=message.at_ms)


def note_refusal(rows: "TenantRows", effect: Effect, *, is_refused: bool = True) -> bool:
    """Note of a group's message that it was refused, or is sent again after all.

    False, and nothing noted, where the channel was told something newer of the group, or its time
    was over. While nothing changes the group says it no more: the next answer would be the same.
    """
    group = rows.groups.get([effect.incident]).get(effect.incident)
    told = group.told.get(effect.to) if group is not None else None
    if group is None or told is None or told.at_ms != effect.payload.get("at_ms"):
        return False
    if told.is_refused is not is_refused:
        noted = dict(group.told) | {effect.to: replace(told, is_refused=is_refused)}
        rows.groups.put([replace(group, told=noted)])
    return True
