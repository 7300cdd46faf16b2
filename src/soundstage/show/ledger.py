"""What was broken against what was found: matching and the summary. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

GRACE_MS = 20_000
NOTE = "info"
"""The severity of what wakes nobody: no alarm, neither a right nor a false one."""

"""An incident may open this long after its fault has ended and still be about it."""


@dataclass(slots=True)
class Found:
    """One incident as the watching product tells it."""

    id: str
    opened_ms: int
    headline: str = ""
    severity: str = ""
    resolved_ms: int | None = None
    runs: list[dict[str, Any]] = field(default_factory=list)

    def healed_run(self) -> dict[str, Any] | None:
        """Return the first remediation run that ended well."""
        return next((run for run in self.runs if run.get("state") == "healed"), None)


@dataclass(slots=True)
class Broken:
    """One fault as it was injected; ``ended_ms`` is 0 while it lasts."""

    name: str
    target: str
    started_ms: int
    ended_ms: int = 0

    def covers(self, incident: Found) -> bool:
        """Whether an incident opened while the fault, or its after-effects, lasted."""
        last_ms = self.ended_ms + GRACE_MS if self.ended_ms else incident.opened_ms
        return self.started_ms <= incident.opened_ms <= last_ms


def match(faults: Sequence[Broken], incidents: Sequence[Found]) -> dict[str, int]:
    """Give each fault its first incident: incident id → index of the fault.

    An incident is about the last fault that began before it. Every incident that is missing from
    the answer, a second one about the same fault among them, is a false one.
    """
    matched: dict[str, int] = {}
    for incident in sorted(incidents, key=lambda one: one.opened_ms):
        about = [index for index, fault in enumerate(faults) if fault.covers(incident)]
        if about and about[-1] not in matched.values():
            matched[incident.id] = about[-1]
    return matched


def describe(fault: Broken, incident: Found | None, pages: int) -> dict[str, Any]:
    """Write one row of the summary."""
    run = incident.healed_run() if incident else None
    ended_ms = (run.get("ended_ms") or 0) if run else 0
    return {
        "name": fault.name,
        "target": fault.target,
        "started_ms": fault.started_ms,
        "ended_ms": fault.ended_ms,
        "incident": incident.id if incident else None,
        "headline": incident.headline if incident else None,
        "seconds_to_detection": _seconds(
            fault.started_ms, incident.opened_ms if incident else None
        ),
        "pages": pages,
        "healed": run is not None,
        "seconds_to_heal": _seconds(incident.opened_ms, ended_ms) if incident else None,
    }


def summarise(
    faults: Sequence[Broken], incidents: Sequence[Found], pages: dict[str, int]
) -> dict[str, Any]:
    """Write the summary: a row per fault, and every incident nobody had caused.

    ``pages`` maps an incident's id to the distinct "opened" messages received for it.
    """
    matched = match(faults, incidents)
    by_fault = {index: one for one in incidents if (index := matched.get(one.id, -1)) >= 0}
    rows = [
        describe(fault, by_fault.get(i), pages.get(by_fault[i].id, 0) if i in by_fault else 0)
        for i, fault in enumerate(faults)
    ]
    false = [one for one in incidents if one.id not in matched]
    return {
        "faults": rows,
        "false_incidents": len(false),
        "false": [
            {"incident": one.id, "opened_ms": one.opened_ms, "headline": one.headline}
            for one in false
        ],
        "pages": sum(pages.values()),
    }


def _seconds(from_ms: int, to_ms: int | None) -> float | None:
    return round((to_ms - from_ms) / 1_000, 2) if to_ms else None
