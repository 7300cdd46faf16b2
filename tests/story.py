"""Incidents for tests: one problem told in a few words."""

from typing import Any

from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.incidents import Change, ChangeKind, Incident, Signal
from auscult.kernel.words import Severity, Subject, TenantId

AT_MS = 1_795_490_000_000
ACME = TenantId("acme")


def a_signal(service: str = "encode", **changed: Any) -> Signal:
    """Return a firing signal of the absence detector about a service."""
    told: dict[str, Any] = {
        "fingerprint": f"absence:{service}",
        "subject": Subject(service=service, instance=f"{service}-1:9003"),
        "signal": "up",
        "seen_by": "absence",
        "severity": Severity.CRITICAL,
        "first_ms": AT_MS,
        "last_ms": AT_MS,
        "peak_score": 5.0,
        "phase": Phase.FIRING,
        "sentence": f"No data from {service} for 6 s",
    }
    return Signal(**(told | changed))


def an_incident(*signals: Signal, **changed: Any) -> Incident:
    """Return an open incident with these signals (or one about `encode`)."""
    signals = signals or (a_signal(),)
    first = signals[0]
    strongest = Finding(
        tenant=ACME,
        fingerprint=first.fingerprint,
        subject=first.subject,
        signal=first.signal,
        seen_by=first.seen_by,
        at_ms=AT_MS,
        score=first.peak_score,
        severity=first.severity,
        evidence=Evidence(sentence=first.sentence, labels=(("job", "stage"), ("zone", "eu-1"))),
    )
    told: dict[str, Any] = {
        "id": "01J9INCIDENT",
        "tenant": ACME,
        "key": first.fingerprint,
        "severity": first.severity,
        "headline": f"{first.sentence} since 03:13 UTC",
        "signals": signals,
        "strongest": strongest,
        "opened_ms": AT_MS,
        "updated_ms": AT_MS,
    }
    return Incident(**(told | changed))


def a_change(kind: ChangeKind = ChangeKind.OPENED, **changed: Any) -> Change:
    """Return one step of the incident's life."""
    told: dict[str, Any] = {
        "kind": kind,
        "incident": "01J9INCIDENT",
        "at_ms": AT_MS,
        "actor": "absence",
        "sentence": "No data from encode for 6 s",
    }
    return Change(**(told | changed))
