"""Calendars of others as one tenant's schedules have read them last."""

from sqlalchemy import bindparam, delete, select

from auscult.kernel.oncall import CalendarCopy
from auscult.store.slice import Slice, bounded, plain
from auscult.store.statements import upsert
from auscult.store.tables import calendars

PLACES_MAX = 5_000
"""More than the schedules and layers of a tenant can name."""

_C = calendars.c
_OWN = _C.tenant == bindparam("own")
_ONE = (_OWN, _C.schedule == bindparam("of_schedule"), _C.layer == bindparam("of_layer"))
_PUT = upsert(calendars, ("tenant", "schedule", "layer"), ("source", "read_ms", "text"))
_GET = select(_C.schedule, _C.layer, _C.source, _C.read_ms, _C.text).where(*_ONE)
_PLACES = select(_C.schedule, _C.layer).where(_OWN).order_by(_C.schedule, _C.layer)
_REMOVE = delete(calendars).where(*_ONE)


class CalendarRows:
    """The calendars of one tenant, by schedule and layer."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def put(self, copy: CalendarCopy) -> None:
        """Keep what a calendar says in place of what it said before; `BodyTooLarge`."""
        text = plain(bounded(copy.text))
        self._slice.run(_PUT, **copy.model_dump() | {"text": text})

    def get(self, schedule: str, layer: str) -> CalendarCopy | None:
        """Return what a layer's calendar said when it was read last; None for never."""
        found = self._slice.first(_GET, of_schedule=schedule, of_layer=layer)
        return None if found is None else CalendarCopy.model_validate(found._asdict())

    def places(self) -> list[tuple[str, str]]:
        """Return (schedule, layer) of everything that is kept."""
        found = self._slice.rows(_PLACES.limit(PLACES_MAX))
        return [(row.schedule, row.layer) for row in found]

    def remove(self, schedule: str, layer: str) -> bool:
        """Forget a layer's calendar; False where there is none."""
        done = self._slice.run(_REMOVE, of_schedule=schedule, of_layer=layer)
        return done.rowcount > 0
