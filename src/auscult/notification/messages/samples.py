"""Messages to try a template on: an incident that nobody had, and a group of alerts, as they go."""

from auscult.kernel.alerts import Alert, Group
from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.incidents import Change, ChangeKind, Incident, Signal, Status
from auscult.kernel.times import MINUTE_MS
from auscult.kernel.words import Labels, Severity, Subject, TenantId
from auscult.notification.messages.alerts import render_group
from auscult.notification.messages.message import Message
from auscult.notification.messages.rendering import render

BEGAN_MS = 1_795_791_600_000
TENANT = TenantId("sample")
SERVICE = Subject(service="packager", instance="packager-2")
SENTENCE = "packager (packager-2): audio is late by 4.2 s, usual is 1.1 to 1.6 s"
LABELS: Labels = (("__name__", "audio_late_seconds"), ("service", "packager"))
Step = tuple[Incident, Message]


def sample_incident(tenant: TenantId = TENANT) -> Incident:
    """Return an incident of two signals, open since three minutes."""
    strongest = Finding(
        tenant=tenant,
        fingerprint="sample-late",
        subject=SERVICE,
        signal="audio_late_seconds",
        seen_by="scorer",
        at_ms=BEGAN_MS + 3 * MINUTE_MS,
        score=7.4,
        severity=Severity.CRITICAL,
        evidence=Evidence(
            sentence=SENTENCE, labels=LABELS, unit="s", now=4.2, usual_low=1.1, usual_high=1.6
        ),
    )
    first = _signal(strongest, BEGAN_MS + MINUTE_MS)
    second = Signal(
        fingerprint="sample-disk",
        subject=Subject(service="storage", instance="disk-1"),
        signal="write_seconds",
        seen_by="threshold",
        severity=Severity.WARNING,
        first_ms=BEGAN_MS,
        last_ms=BEGAN_MS + 2 * MINUTE_MS,
        peak_score=0,
        phase=Phase.FIRING,
        sentence="storage (disk-1): a write takes 0.9 s, above the limit of 0.2 s",
    )
    return Incident(
        id="01SAMPLE00000000000000000",
        tenant=tenant,
        key="sample-late",
        severity=Severity.CRITICAL,
        headline="packager: audio is late by 4.2 s",
        signals=(first, second),
        strongest=strongest,
        findings_count=2,
        opened_ms=BEGAN_MS,
        updated_ms=BEGAN_MS + 3 * MINUTE_MS,
    )


def life_of(incident: Incident, *, base_url: str = "") -> tuple[Step, ...]:
    """Return an incident as it opens, is taken and ends, each with its default message.

    What has not happened to it is told as if it had: by nobody in particular, now.
    """
    by = incident.acknowledged_by or "somebody"
    opened = _at(incident, Status.OPEN, acknowledged_by="", resolved_by="", resolved_ms=None)
    taken_ms = incident.acknowledged_ms or incident.updated_ms
    taken = _at(incident, Status.ACKNOWLEDGED, acknowledged_by=by, acknowledged_ms=taken_ms)
    over_ms = incident.resolved_ms or incident.updated_ms
    over = _at(
        taken,
        Status.RESOLVED,
        resolved_by=incident.resolved_by or "auscult",
        resolved_ms=over_ms,
    )
    steps = (
        (opened, _change(opened, ChangeKind.OPENED, at_ms=incident.opened_ms, actor="auscult")),
        (taken, _change(taken, ChangeKind.ACKNOWLEDGED, at_ms=taken_ms, actor=by)),
        (over, _change(over, ChangeKind.RESOLVED, at_ms=over_ms, actor="auscult")),
    )
    return tuple((one, render(one, change, base_url=base_url)) for one, change in steps)


def sample_groups(tenant: TenantId = TENANT) -> tuple[Message, ...]:
    """Return what is said of a group of alerts: while it fires, and of its end."""
    alert = Alert(
        fingerprint="0000000000000001",
        labels=(("alertname", "Late"), ("service", "packager"), ("severity", "critical")),
        annotations=(("summary", "audio is late"),),
        starts_ms=BEGAN_MS,
        ends_ms=BEGAN_MS + 9 * MINUTE_MS,
        updated_ms=BEGAN_MS,
        generator_url="https://prometheus.example/graph",
    )
    group = Group(
        id="sample",
        key='{}:{alertname="Late"}',
        receiver="team",
        labels=(("alertname", "Late"),),
        begun_ms=BEGAN_MS,
        next_ms=BEGAN_MS,
    )
    firing: tuple[tuple[Alert, ...], tuple[Alert, ...]] = ((alert,), ())
    return tuple(
        render_group(group, shown, tenant=tenant, at_ms=BEGAN_MS + MINUTE_MS)
        for shown in (firing, firing[::-1])
    )


def _at(incident: Incident, status: Status, **changed: object) -> Incident:
    return incident.model_copy(update={"status": status, **changed})


def _change(incident: Incident, kind: ChangeKind, *, at_ms: int, actor: str) -> Change:
    return Change(
        kind=kind, incident=incident.id, at_ms=at_ms, actor=actor, sentence=f"{kind} by {actor}"
    )


def _signal(finding: Finding, first_ms: int) -> Signal:
    return Signal(
        fingerprint=finding.fingerprint,
        subject=finding.subject,
        signal=finding.signal,
        seen_by=finding.seen_by,
        severity=finding.severity,
        first_ms=first_ms,
        last_ms=finding.at_ms,
        peak_score=finding.score,
        phase=finding.phase,
        sentence=finding.evidence.sentence,
    )
