"""What the fake engine has to tell: a finding with a window, and what was done about it."""

from types import SimpleNamespace
from typing import Any

from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.findings import Evidence, Exhibit, Finding, Phase
from auscult.kernel.incidents import Incident
from auscult.kernel.runs import Plan, Run, RunState
from auscult.kernel.words import Severity, Subject, TenantId
from tests.unit.surface.fake_engine import START_MS, FakeEngine


def a_finding(tenant: str, name: str = "one", **changed: Any) -> Finding:
    """A finding with a window of 120 values, the last ten of them odd."""
    base_ms = int(changed.pop("at_ms", START_MS)) - 119_000
    size = 120
    value = tuple(
        0.02 + 0.004 * ((i * 7) % 5) + (0.06 if i >= size - 10 else 0) for i in range(size)
    )
    low, high = (0.012,) * size, (0.045,) * size
    fields: dict[str, Any] = {
        "tenant": TenantId(tenant),
        "fingerprint": f"{tenant}-{name}",
        "subject": Subject(service="edge", instance="eu-2"),
        "signal": "starts_failed_ratio",
        "seen_by": "scorer",
        "at_ms": base_ms + 119_000,
        "phase": Phase.FIRING,
        "score": 7.4,
        "severity": Severity.CRITICAL,
        "evidence": Evidence(
            sentence=f"{name}: 8.4 % of starts fail on edge (usual: 1.2 to 2.9 %)",
            labels=(("__name__", "starts_failed_ratio"), ("service", "edge")),
            unit="%",
            now=8.4,
            usual_low=1.2,
            usual_high=2.9,
            at_ms=tuple(base_ms + 1000 * i for i in range(size)),
            value=tuple(100 * v for v in value),
            low=tuple(100 * v for v in low),
            high=tuple(100 * v for v in high),
        ),
    }
    return Finding(**(fields | changed))


def with_exhibits(finding: Finding, sound: bytes, picture: bytes = b"\x89PNG") -> Finding:
    """The same finding with something to hear and something to see."""
    shown = (
        Exhibit.of("two seconds of what was heard", "audio/flac", sound),
        Exhibit.of("its spectrogram", "image/png", picture),
    )
    evidence = finding.evidence.model_copy(update={"exhibits": shown})
    return finding.model_copy(update={"evidence": evidence})


def add_history(engine: FakeEngine, incident: Incident) -> None:
    """Give an incident a healed run and two deliveries."""
    rows = engine.of(incident.tenant)
    at_ms = incident.opened_ms
    rows.run_list.append(
        Run(
            id=f"run-{incident.id}",
            tenant=incident.tenant,
            incident=incident.id,
            runbook="restart dead stage",
            action="supervisor",
            target="soundstage:edge",
            state=RunState.HEALED,
            started_ms=at_ms + 900,
            updated_ms=at_ms + 4_000,
            deadline_ms=at_ms + 20_000,
            ended_ms=at_ms + 4_000,
            verifications=2,
            plan=Plan(
                target="soundstage:edge",
                sentence="Restart soundstage:edge through supervisor.",
                precondition="supervisor says it exited 9",
            ),
        )
    )
    for channel, plug, state in (("ops", "webhook", "done"), ("console", "console", "done")):
        effect = Effect(
            key=f"{incident.id}:opened:1:{channel}",
            tenant=incident.tenant,
            kind=EffectKind.NOTIFY,
            plug=plug,
            to=channel,
            verb="send",
            incident=incident.id,
            payload={"title": incident.headline},
            due_ms=at_ms,
        )
        rows.sent.append(
            SimpleNamespace(
                effect=effect, state=state, attempts=1, last_reason="", updated_ms=at_ms + 40
            )
        )
