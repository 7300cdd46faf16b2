"""Who of one tenant was called, is about to be, and why."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update

from auscult.kernel.incidents import Paged
from auscult.store.slice import Slice, at_most, plain
from auscult.store.statements import insert_new, names, naming
from auscult.store.tables import pages

_C = pages.c
_OWN = _C.tenant == bindparam("own")
_ADD = insert_new(pages, ("tenant", "key", "person"))
_ALL = select(_C.key, _C.incident, _C.person, _C.channel, _C.due_ms, _C.why).order_by(
    _C.due_ms, _C.key, _C.person
)
_OF = _ALL.where(_OWN, _C.incident == bindparam("incident")).limit(bindparam("limit"))
_COMING = _ALL.where(
    _OWN, _C.incident == bindparam("incident"), _C.due_ms > bindparam("now_ms")
).limit(bindparam("limit"))
_COUNTS = (
    select(_C.person, func.count().label("times"))
    .where(
        _OWN,
        _C.person != "",
        _C.due_ms > bindparam("since_ms"),
        _C.due_ms <= bindparam("until_ms"),
    )
    .group_by(_C.person)
)
_CALLING = naming(
    lambda among: select(_C.key).where(_OWN, among(_C.key, "some"), _C.person != "").distinct()
)
_POSTPONE = update(pages).where(_OWN, _C.key == bindparam("of_key")).values(due_ms=bindparam("due"))
_WITHDRAW = delete(pages).where(_OWN, _C.key == bindparam("of_key"))
COMING_MAX = 500


class PageRows:
    """The pages of one tenant, a row for each person that a message calls."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def add(self, paged: Iterable[Paged]) -> None:
        """Write pages down; one that is known stays as it is."""
        for one in paged:
            self._slice.run(_ADD, **one.model_dump() | {"why": plain(one.why)})

    def of(self, incident_id: str, limit: int = 500) -> list[Paged]:
        """Return an incident's pages by the time they are or were due."""
        found = self._slice.rows(_OF, incident=incident_id, limit=at_most(limit))
        return [_read(row) for row in found]

    def coming(self, incident_id: str, now_ms: int) -> list[Paged]:
        """Return an incident's pages that are not due yet."""
        found = self._slice.rows(_COMING, incident=incident_id, now_ms=now_ms, limit=COMING_MAX)
        return [_read(row) for row in found]

    def counts(self, since_ms: int, until_ms: int) -> dict[str, int]:
        """Return how often each person was paged after `since_ms`, up to `until_ms`."""
        found = self._slice.rows(_COUNTS, since_ms=since_ms, until_ms=until_ms)
        return {row.person: row.times for row in found}

    def calling(self, keys: Iterable[str]) -> frozenset[str]:
        """Return which of these messages call a person, and not only a channel as a whole."""
        return frozenset(row.key for row in self._slice.rows(_CALLING, some=names(keys)))

    def postpone(self, key: str, due_ms: int) -> None:
        """Write down that a message calls those whom it calls at another time."""
        self._slice.run(_POSTPONE, of_key=key, due=due_ms)

    def withdraw(self, keys: Iterable[str]) -> None:
        """Forget pages that will not be sent."""
        for key in keys:
            self._slice.run(_WITHDRAW, of_key=key)


def _read(row: Row[Any]) -> Paged:
    return Paged.model_validate(row._asdict())
