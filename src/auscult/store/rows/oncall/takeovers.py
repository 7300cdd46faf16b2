"""Who of one tenant took over from whom at run time."""

from sqlalchemy import bindparam, delete, select

from auscult.kernel.oncall import Takeover
from auscult.store.slice import Slice, at_most, bounded
from auscult.store.statements import upsert
from auscult.store.tables import takeovers

_C = takeovers.c
_OWN = _C.tenant == bindparam("own")
_PUT = upsert(takeovers, ("tenant", "id"), ("made_ms", "ends_ms", "body"))
_GET = select(_C.body).where(_OWN, _C.id == bindparam("of_id"))
_ALL = (
    select(_C.body)
    .where(_OWN, _C.ends_ms > bindparam("since_ms"))
    .order_by(_C.made_ms, _C.id)
    .limit(bindparam("limit"))
)
_REMOVE = delete(takeovers).where(_OWN, _C.id == bindparam("of_id"))
_FORGET = delete(takeovers).where(_OWN, _C.ends_ms < bindparam("before_ms"))


class TakeoverRows:
    """The takeovers of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def put(self, takeover: Takeover) -> None:
        """Write a takeover, new or changed."""
        self._slice.run(
            _PUT,
            id=takeover.id,
            made_ms=takeover.made_ms,
            ends_ms=takeover.ends_ms,
            body=bounded(takeover.model_dump_json()),
        )

    def get(self, takeover_id: str) -> Takeover | None:
        """Return a takeover; None where this tenant has no such one."""
        found = self._slice.first(_GET, of_id=takeover_id)
        return None if found is None else Takeover.model_validate_json(found.body)

    def ending_after(self, since_ms: int, limit: int = 1_000) -> list[Takeover]:
        """Return the takeovers that end after an instant, in the order they were made."""
        found = self._slice.rows(_ALL, since_ms=since_ms, limit=at_most(limit))
        return [Takeover.model_validate_json(row.body) for row in found]

    def remove(self, takeover_id: str) -> bool:
        """Delete a takeover; False where there is none."""
        return self._slice.run(_REMOVE, of_id=takeover_id).rowcount > 0

    def forget(self, before_ms: int) -> int:
        """Delete takeovers that ended before an instant; return how many."""
        return self._slice.run(_FORGET, before_ms=before_ms).rowcount
