"""Remediation runs of one tenant."""

from sqlalchemy import bindparam, select

from auscult.kernel.runs import Run
from auscult.store.slice import Slice, at_most, bounded
from auscult.store.statements import upsert
from auscult.store.tables import runs

_C = runs.c
_OWN = _C.tenant == bindparam("own")
_PUT = upsert(runs, ("tenant", "id"), ("state", "updated_ms", "body"))
_GET = select(_C.body).where(_OWN, _C.id == bindparam("id"))
_OF = (
    select(_C.body)
    .where(_OWN, _C.incident == bindparam("incident"))
    .order_by(_C.started_ms, _C.id)
    .limit(bindparam("limit"))
)
_RECENT = (
    select(_C.body)
    .where(_OWN, _C.started_ms >= bindparam("since_ms"))
    .order_by(_C.started_ms.desc(), _C.id.desc())
    .limit(bindparam("limit"))
)


class RunRows:
    """The runs of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def put(self, run: Run) -> None:
        """Write a run, new or changed."""
        self._slice.check_own(run.tenant)
        self._slice.run(
            _PUT,
            id=run.id,
            incident=run.incident,
            runbook=run.runbook,
            state=run.state.value,
            started_ms=run.started_ms,
            updated_ms=run.updated_ms,
            body=bounded(run.model_dump_json()),
        )

    def get(self, run_id: str) -> Run | None:
        """Return a run; None where this tenant has no such one."""
        found = self._slice.first(_GET, id=run_id)
        return None if found is None else _read(found.body)

    def of(self, incident_id: str, limit: int = 500) -> list[Run]:
        """Return an incident's runs in the order they began."""
        return [_read(text) for text in self.written_of(incident_id, limit)]

    def written_of(self, incident_id: str, limit: int = 500) -> list[str]:
        """Return the same as JSON, as they are stored."""
        found = self._slice.rows(_OF, incident=incident_id, limit=at_most(limit))
        return [row.body for row in found]

    def recent(self, since_ms: int, limit: int) -> list[Run]:
        """Return the runs that began since then, the newest first."""
        found = self._slice.rows(_RECENT, since_ms=since_ms, limit=at_most(limit))
        return [_read(row.body) for row in found]


def _read(body: str) -> Run:
    return Run.model_validate_json(body)
