"""Silences of one tenant."""

from sqlalchemy import bindparam, delete, select

from auscult.kernel.alerts import Silence
from auscult.store.slice import Slice, at_most, bounded
from auscult.store.statements import upsert
from auscult.store.tables import silences

_C = silences.c
_OWN = _C.tenant == bindparam("own")
_PUT = upsert(silences, ("tenant", "id"), ("starts_ms", "ends_ms", "updated_ms", "body"))
_GET = select(_C.body).where(_OWN, _C.id == bindparam("id"))
_ALL = (
    select(_C.body)
    .where(_OWN, _C.ends_ms > bindparam("since_ms"))
    .order_by(_C.ends_ms.desc(), _C.id)
    .limit(bindparam("limit"))
)
_FORGET = delete(silences).where(_OWN, _C.ends_ms < bindparam("before_ms"))


class SilenceRows:
    """The silences of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def put(self, silence: Silence) -> None:
        """Write a silence, new or changed."""
        self._slice.run(
            _PUT,
            id=silence.id,
            starts_ms=silence.starts_ms,
            ends_ms=silence.ends_ms,
            updated_ms=silence.updated_ms,
            body=bounded(silence.model_dump_json()),
        )

    def get(self, silence_id: str) -> Silence | None:
        """Return a silence; None where this tenant has no such one."""
        found = self._slice.first(_GET, id=silence_id)
        return None if found is None else Silence.model_validate_json(found.body)

    def ending_after(self, since_ms: int, limit: int = 1_000) -> list[Silence]:
        """Return the silences that end after an instant, the last to end first."""
        found = self._slice.rows(_ALL, since_ms=since_ms, limit=at_most(limit))
        return [Silence.model_validate_json(row.body) for row in found]

    def forget(self, before_ms: int) -> int:
        """Delete silences that ended before an instant; return how many."""
        return self._slice.run(_FORGET, before_ms=before_ms).rowcount
