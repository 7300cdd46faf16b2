"""Small words to store: each maker gives a whole one, and takes what a test cares about."""

from typing import Any

from auscult.kernel.alerts import Alert, Group, Silence, Told
from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.facts import Timer
from auscult.kernel.findings import Evidence, Exhibit, Finding, Phase
from auscult.kernel.incidents import Incident, Paged, Signal, Status
from auscult.kernel.matchers import Matcher
from auscult.kernel.oncall import CalendarCopy, Takeover
from auscult.kernel.runs import Run, RunState
from auscult.kernel.words import Severity, Subject, TenantId
from auscult.store import LadderRow

ACME = TenantId("acme")
BETA = TenantId("beta")


def finding(fingerprint: str = "f1", *, tenant: TenantId = ACME, **more: Any) -> Finding:
    values = {
        "subject": Subject(service="edge", instance="edge-1"),
        "signal": "http_errors",
        "seen_by": "scorer",
        "at_ms": 1_000,
        "evidence": Evidence(sentence="errors are 9 times the usual"),
    }
    return Finding(tenant=tenant, fingerprint=fingerprint, **{**values, **more})


def heard(*bodies: bytes, **more: Any) -> Finding:
    """A finding with a sound for each of the given bytes."""
    shown = tuple(Exhibit.of("two seconds of it", "audio/flac", body) for body in bodies)
    return finding(evidence=Evidence(sentence="it is silent", exhibits=shown), **more)


def incident(
    incident_id: str = "I1",
    *,
    tenant: TenantId = ACME,
    fingerprints: tuple[str, ...] = ("f1",),
    **more: Any,
) -> Incident:
    strongest = more.pop("strongest", None) or finding(fingerprints[0], tenant=tenant)
    signals = tuple(
        Signal(
            fingerprint=one,
            subject=strongest.subject,
            signal="http_errors",
            seen_by="scorer",
            severity=Severity.WARNING,
            first_ms=1_000,
            last_ms=1_000,
            peak_score=4.0,
            phase=Phase.FIRING,
            sentence="errors",
        )
        for one in fingerprints
    )
    values = {
        "key": "edge",
        "severity": Severity.WARNING,
        "headline": "edge answers with errors",
        "opened_ms": 1_000,
        "updated_ms": 1_000,
    }
    whole = {**values, **more}
    return Incident(id=incident_id, tenant=tenant, signals=signals, strongest=strongest, **whole)


def resolved(one: Incident, *, at_ms: int = 9_000) -> Incident:
    end = {"status": Status.RESOLVED, "resolved_ms": at_ms, "updated_ms": at_ms}
    return one.model_copy(update=end)


def effect(key: str = "E1", *, tenant: TenantId = ACME, due_ms: int = 100) -> Effect:
    return Effect(
        key=key,
        tenant=tenant,
        kind=EffectKind.NOTIFY,
        plug="webhook",
        to="ops",
        verb="send",
        incident="I1",
        payload={"title": "edge answers with errors"},
        due_ms=due_ms,
    )


def outcome(
    key: str = "E1",
    result: Result = Result.DONE,
    *,
    tenant: TenantId = ACME,
    at_ms: int = 200,
    reason: str = "",
) -> Outcome:
    return Outcome(key=key, tenant=tenant, result=result, at_ms=at_ms, reason=reason)


def timer(key: str = "T1", *, tenant: TenantId = ACME, due_ms: int = 100) -> Timer:
    return Timer(key=key, tenant=tenant, name="quiet", about="I1", due_ms=due_ms)


def run(run_id: str = "R1", *, tenant: TenantId = ACME, started_ms: int = 1_000) -> Run:
    return Run(
        id=run_id,
        tenant=tenant,
        incident="I1",
        runbook="restart",
        action="supervisor",
        target="edge",
        state=RunState.PLANNING,
        started_ms=started_ms,
        updated_ms=started_ms,
        deadline_ms=started_ms + 60_000,
    )


def audit_row(number: int = 1, about: str = "I1") -> dict[str, Any]:
    return {
        "at_ms": number,
        "actor": "auscult",
        "action": "incident.opened",
        "about": about,
        "detail": {"sentence": f"sentence {number}"},
    }


def ladder(ladder_id: str = "L1", **more: Any) -> LadderRow:
    values = {"state": "kept", "started_ms": 1_000, "updated_ms": 1_000, "body": {"why": ""}}
    return LadderRow(id=ladder_id, **{**values, **more})


def alert(name: str = "a1", **more: Any) -> Alert:
    values = {"starts_ms": 1_000, "ends_ms": 9_000, "updated_ms": 1_000, **more}
    return Alert(name, (("alertname", "Slow"), ("service", "edge")), (), **values)


def group(group_id: str = "G1") -> Group:
    told = {"chat": Told(frozenset({"a1"}), frozenset(), 1_000, since_ms=500)}
    labels = (("alertname", "Slow"),)
    return Group(group_id, "{}", "team", labels, begun_ms=1_000, next_ms=2_000, told=told)


def silence(silence_id: str = "S1", **more: Any) -> Silence:
    matcher = Matcher(name="service", op="=", value="edge")
    values = {"starts_ms": 1_000, "ends_ms": 9_000, "updated_ms": 1_000, **more}
    return Silence(id=silence_id, matchers=(matcher,), **values)


def paged(key: str = "E1", **told: Any) -> Paged:
    return Paged(
        **{
            "key": key,
            "incident": "I1",
            "person": "ada",
            "channel": "phone",
            "due_ms": 100,
            "why": "on call in week",
            **told,
        }
    )


def takeover(takeover_id: str = "O1", **more: Any) -> Takeover:
    values = {"schedule": "nights", "person": "ada", "starts_ms": 1_000, "ends_ms": 9_000, **more}
    return Takeover(id=takeover_id, made_ms=values.pop("made_ms", 500), **values)


def calendar(text: str = "BEGIN:VCALENDAR", **more: Any) -> CalendarCopy:
    values = {"schedule": "nights", "layer": "vendor", "source": "5" * 64, "read_ms": 7, **more}
    return CalendarCopy(text=text, **values)
