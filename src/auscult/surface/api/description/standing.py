"""The shapes of how auscult and what it watches stand."""

from typing import Any

from typing_extensions import TypedDict


class SeriesRowTold(TypedDict):
    """One line of the search."""

    slot: int
    labels: dict[str, str]
    state: str


class SeriesPage(TypedDict):
    """One page of the search; `next` is the cursor of the next one."""

    series: list[SeriesRowTold]
    next: str | None


class SeriesTold(SeriesRowTold):
    """One series' window: columns of one length, gaps are null; and what is usual now."""

    kind: str
    at_ms: list[int]
    value: list[float | None]
    usual_low: float | None
    usual_high: float | None


class Me(TypedDict):
    """Whose key it is."""

    tenant: str
    key_id: str
    role: str


class Coverage(TypedDict):
    """How many series are in which state, and how each source fares."""

    watched: int
    learning: int
    abnormal: int
    silent: int
    muted: int
    capped: int
    series: int
    sources: list[dict[str, Any]]


class Monitors(TypedDict):
    """Of each monitor how things stand, as plain values; null where nothing tells."""

    monitors: dict[str, Any]


class Ladders(TypedDict):
    """The last ladders, and the newest advice as `auscult codec advise --json` writes it."""

    ladders: list[dict[str, Any]]
    advice: dict[str, Any] | None


class AuditRow(TypedDict):
    """One row of the chain."""

    seq: int
    at_ms: int
    actor: str
    action: str
    about: str
    detail: dict[str, Any]
    hash: str


class AuditPage(TypedDict):
    """One page of the audit log; `next` is the cursor of the next one."""

    rows: list[AuditRow]
    next: int | None


class AuditVerified(TypedDict):
    """The chain holds; so many rows were read."""

    verified: bool
    rows: int


class SettingTold(TypedDict):
    """One value, and the place it comes from."""

    path: str
    value: str | int | float | bool | None
    origin: str


class SettingsTold(TypedDict):
    """Every value the caller may see."""

    settings: list[SettingTold]


class ChangeTold(TypedDict):
    """One setting that changed."""

    path: str
    before: Any
    after: Any


class Reloaded(TypedDict):
    """What changed."""

    changes: list[ChangeTold]


class TraceRow(TypedDict):
    """One line of the search; `failed` counts spans."""

    trace_id: str
    service: str
    name: str
    start_ms: float
    duration_ms: float
    spans: int
    failed: int
    services: list[str]
    has_root: bool


class TracePage(TypedDict):
    """The newest traces first."""

    traces: list[TraceRow]


class SpanEvent(TypedDict):
    """What happened in a span."""

    name: str
    at_ns: int


class SpanTold(TypedDict):
    """One span; `shift_ms` says by how much its clock was set right."""

    span_id: str
    parent_id: str | None
    depth: int
    service: str
    name: str
    kind: str
    start_ms: float
    duration_ms: float
    shift_ms: float
    failed: bool
    parent_missing: bool
    attributes: dict[str, str]
    events: list[SpanEvent]
    status: str
    links: list[str]


class TraceTold(TypedDict):
    """One trace from the top down, and what is not as it should be with it."""

    trace_id: str
    spans_total: int
    spans_shown: int
    parents_missing: int
    clocks_moved: int
    came_twice: int
    spans: list[SpanTold]


class Rejection(TypedDict):
    """Which of a batch was not taken, and why."""

    index: int
    why: str


class PlayersTaken(TypedDict):
    """How many were taken and how many not, and of some of these why."""

    taken: int
    rejected: int
    reasons: list[Rejection]


class SoundTaken(TypedDict):
    """One stretch was taken."""

    taken: int
