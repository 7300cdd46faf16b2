"""What API and pages both read: each function is one reading of the store for one tenant."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auscult.engine.events.steps import DECIDED
from auscult.kernel.effects import Effect
from auscult.kernel.errors import ObjectMissing
from auscult.kernel.facts import Fact
from auscult.kernel.findings import Finding
from auscult.kernel.incidents import Incident
from auscult.kernel.oncall import Takeover
from auscult.kernel.runs import Run
from auscult.kernel.words import TenantId
from auscult.store import IncidentFilter
from auscult.surface.facade import Engine

if TYPE_CHECKING:
    from auscult.store import Work

FINDINGS_SHOWN = 100
LINES_SHOWN = 500
LADDERS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an incident's timeline: an audit row, as a sentence."""

    at_ms: int
    actor: str
    action: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message somebody was owed: where it went and what became of it."""

    key: str
    kind: str
    channel: str
    plug: str
    state: str
    attempts: int
    reason: str
    updated_ms: int
    title: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the incident page tells."""

    incident: Incident
    findings: tuple[Finding, ...]
    runs: tuple[Run, ...]
    deliveries: tuple[Delivery, ...]
    timeline: tuple[Line, ...]
    exhibits: tuple[Any, ...] = ()


def as_dict(row: Any) -> dict[str, Any]:  # noqa: ANN401  # any slotted dataclass
    """Return a slotted dataclass as a dict."""
    return {name: getattr(row, name) for name in row.__slots__}


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of the incident list with the capped counts beside it."""

    incidents: tuple[Incident, ...]
    next: str | None
    counts: dict[str, int]


async def list_incidents(engine: Engine, tenant: TenantId, wanted: IncidentFilter) -> ListPage:
    """Return one page of a tenant's incidents, what needs a person first."""

    def look(work: Any) -> ListPage:  # noqa: ANN401
        rows = work.of(tenant).incidents
        page = rows.page(wanted)
        return ListPage(tuple(page.incidents), page.next, dict(rows.counts()))

    return await engine.read(look)


async def write_incidents(engine: Engine, tenant: TenantId, wanted: IncidentFilter) -> bytes:
    """Return the same page as JSON, made of the stored texts: nothing is read and said again.

    A list is no evidence: the window of each incident's evidence is told with its story only.
    """

    def look(work: Any) -> bytes:  # noqa: ANN401
        rows = work.of(tenant).incidents
        page = rows.written_page(wanted)
        rest = json.dumps({"next": page.next, "counts": dict(rows.counts())})
        return f'{{"incidents":[{",".join(page.texts)}],{rest[1:]}'.encode()

    return await engine.read_answer(tenant, wanted, look)


async def tell_story(engine: Engine, tenant: TenantId, incident_id: str) -> Story:
    """Return everything about one incident; raises `ObjectMissing`, for another tenant's too."""

    def look(work: Any) -> Story:  # noqa: ANN401
        rows = work.of(tenant)
        incident = rows.incidents.get(incident_id)
        if incident is None:
            raise ObjectMissing(f"incident {incident_id[:40]!r}")
        return Story(
            incident=incident,
            findings=tuple(rows.findings.of(incident_id, FINDINGS_SHOWN)),
            runs=tuple(rows.runs.of(incident_id)),
            deliveries=tuple(_delivery(row) for row in rows.effects.of(incident_id)),
            timeline=tuple(_timeline(rows, incident_id)),
            exhibits=tuple(rows.exhibits.of(incident_id)),
        )

    return await engine.read(look)


async def write_story(engine: Engine, tenant: TenantId, incident_id: str) -> bytes:
    """Return the same story as JSON, made of the stored texts; raises `ObjectMissing`."""

    def look(work: Any) -> bytes:  # noqa: ANN401
        rows = work.of(tenant)
        incident = rows.incidents.written(incident_id)
        if incident is None:
            raise ObjectMissing(f"incident {incident_id[:40]!r}")
        findings = ",".join(rows.findings.written_of(incident_id, FINDINGS_SHOWN))
        runs = ",".join(rows.runs.written_of(incident_id))
        rest = {
            "deliveries": [as_dict(_delivery(row)) for row in rows.effects.of(incident_id)],
            "timeline": [as_dict(line) for line in _timeline(rows, incident_id)],
            "exhibits": [row._asdict() for row in rows.exhibits.of(incident_id)],
        }
        head = f'"incident":{incident},"findings":[{findings}],"runs":[{runs}]'
        return f"{{{head},{json.dumps(rest)[1:]}".encode()

    return await engine.read(look)


async def read_takeovers(engine: Engine, tenant: TenantId) -> list[Takeover]:
    """Return who of a tenant takes over now or later, in the order it was said."""
    now_ms = engine.clock.now_ms()
    return await engine.read(lambda work: work.of(tenant).takeovers.ending_after(now_ms))


def as_takeover(takeover: Takeover) -> dict[str, Any]:
    """Return a takeover as the API says it."""
    said = takeover.model_dump()
    return {
        "id": said["id"],
        "person": said["person"],
        "from_ms": said["starts_ms"],
        "to_ms": said["ends_ms"],
        **{name: said[name] for name in ("reason", "instead_of", "by", "made_ms")},
    }


async def show_exhibit(
    engine: Engine, tenant: TenantId, *, incident_id: str, exhibit_id: str
) -> tuple[str, bytes]:
    """Return the media type and the bytes of one exhibit; raises `ObjectMissing`."""

    def look(work: Any) -> tuple[str, bytes]:  # noqa: ANN401
        shown = work.of(tenant).exhibits.get(incident_id, exhibit_id)
        if shown is None:
            raise ObjectMissing(f"exhibit {exhibit_id[:40]!r} of incident {incident_id[:40]!r}")
        return shown.media_type, shown.body

    return await engine.read(look)


async def change_incident(engine: Engine, fact: Fact) -> Incident:
    """Hand a person's fact to the engine; doing it twice is doing it once.

    Raises `ObjectMissing`, `StateConflict`, `QueueFull`, `StoreUnavailable`.
    """
    changed = await engine.submit(fact)
    if changed is None:
        raise ObjectMissing("no such incident")
    return changed


def _delivery(row: Any) -> Delivery:  # noqa: ANN401
    effect: Effect = row.effect
    return Delivery(
        key=effect.key,
        kind=str(effect.kind),
        channel=effect.to,
        plug=effect.plug,
        state=str(row.state),
        attempts=row.attempts,
        reason=row.last_reason,
        updated_ms=row.updated_ms,
        title=str(effect.payload.get("title", "")),
    )


def _timeline(rows: Any, incident_id: str) -> Iterator[Line]:  # noqa: ANN401
    """Yield what happened to an incident; why it was told to whom is a page of its own."""
    for row in rows.audit.of(incident_id, LINES_SHOWN):
        if row.action != DECIDED:
            yield _line(row)


def _line(row: Any) -> Line:  # noqa: ANN401
    sentence = row.detail.get("sentence") or row.action.replace(".", " ").replace("_", " ")
    return Line(at_ms=row.at_ms, actor=row.actor, action=row.action, sentence=str(sentence))


async def read_ladders(engine: Engine, tenant: TenantId) -> dict[str, Any]:
    """Return the tenant's last ladders, the newest first, and the newest advice as a whole."""

    def look(work: "Work") -> dict[str, Any]:
        rows = work.of(tenant).ladders
        told = rows.recent(LADDERS_SHOWN)
        advice = next((text for row in told if (text := rows.advice(row.id))), "")
        return {
            "ladders": [
                {
                    "id": row.id,
                    "state": row.state,
                    "started_ms": row.started_ms,
                    "updated_ms": row.updated_ms,
                    **{name: one for name, one in row.body.items() if name != "touched"},
                }
                for row in told
            ],
            "advice": json.loads(advice) if advice else None,
        }

    return await engine.read(look)
