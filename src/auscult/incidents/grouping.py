"""Which open incident a finding belongs to: the same subject, or one near it, at the same time."""

from collections.abc import Callable, Iterable

from auscult.kernel.findings import Finding, Phase
from auscult.kernel.incidents import Incident
from auscult.kernel.words import Severity

TOGETHER_MS = 120_000
"""Two signs of one problem follow each other within this time: long enough for a queue to fill
and a player to run dry, short enough that the next problem is a story of its own."""

REACH_HOPS = 4
"""How far along the service graph a problem is followed; symptoms travel downstream and up."""

Neighbours = Callable[[str], Iterable[str]]
"""The services that call, or are called by, the given one, as far as signals have shown."""


def choose(
    finding: Finding, candidates: Iterable[Incident], *, neighbours: Neighbours
) -> Incident | None:
    """Return the incident the finding belongs to, or None where it begins a story of its own.

    `candidates` are the tenant's incidents that are not resolved. One that already holds the
    finding's fingerprint comes first; then the one that moved last among those that still hold
    the same service, or hold one within `REACH_HOPS` and moved within `TOGETHER_MS`. What nobody is
    to be woken for (info) and what is a fault are never one story: the fault would seem to have
    begun before, and not to end.
    """
    open_ones = [incident for incident in candidates if not incident.is_over]
    for incident in open_ones:
        if any(signal.fingerprint == finding.fingerprint for signal in incident.signals):
            return incident
    if finding.phase is Phase.CLEARED:
        return None
    near = services_near(finding.subject.service, neighbours)
    fitting = [
        incident
        for incident in open_ones
        if _fits(incident, finding, near) and not _is_of_other_kind(incident, finding)
    ]
    return max(fitting, key=_last_moved_ms, default=None)


def services_near(service: str, neighbours: Neighbours) -> frozenset[str]:
    """Return the services within `REACH_HOPS` of the given one, itself included."""
    seen = {service}
    edge = {service}
    for _ in range(REACH_HOPS):
        edge = {other for one in edge for other in neighbours(one)} - seen
        seen |= edge
    return frozenset(seen)


def _fits(incident: Incident, finding: Finding, near: frozenset[str]) -> bool:
    services = {subject.service for subject in incident.subjects}
    if finding.subject.service in services and _is_firing(incident):
        return True
    recent = abs(finding.at_ms - _last_moved_ms(incident)) <= TOGETHER_MS
    return recent and not near.isdisjoint(services)


def _is_of_other_kind(incident: Incident, finding: Finding) -> bool:
    return (incident.severity is Severity.INFO) != (finding.severity is Severity.INFO)


def _is_firing(incident: Incident) -> bool:
    return any(signal.phase is Phase.FIRING for signal in incident.signals)


def _last_moved_ms(incident: Incident) -> int:
    return max(signal.last_ms for signal in incident.signals)
