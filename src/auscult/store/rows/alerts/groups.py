"""Groups of alerts of one tenant: what each has told, and who is in it."""

from collections.abc import Collection, Iterable
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, bindparam, delete, func, select

from auscult.kernel.alerts import Group, Told
from auscult.store.slice import Slice, bounded
from auscult.store.statements import insert_new, upsert
from auscult.store.tables import alert_groups, alert_members

_C, _M = alert_groups.c, alert_members.c
_OWN = (_C.tenant == bindparam("own"),)
_PUT = upsert(alert_groups, ("tenant", "id"), ("next_ms", "body"))
_SOME = select(_C.id, _C.next_ms, _C.body).where(
    *_OWN, _C.id.in_(bindparam("some", expanding=True))
)
_PAGE = (
    select(_C.id, _C.next_ms, _C.body)
    .where(*_OWN, _C.id > bindparam("after"))
    .order_by(_C.id)
    .limit(bindparam("limit"))
)
_FORGET = delete(alert_groups).where(*_OWN, _C.next_ms < 0, _C.next_ms > bindparam("awake_ms"))
_ENTER = insert_new(alert_members, ("tenant", "group_id", "fingerprint"))
_IN = (_M.tenant == bindparam("own"), _M.group_id == bindparam("group_id"))
_LEAVE = delete(alert_members).where(*_IN, _M.fingerprint == bindparam("name"))
_COUNT = select(func.count()).select_from(alert_groups).where(*_OWN)
CHUNK = 500
_JSON: TypeAdapter[Any] = TypeAdapter(Any)


class GroupRows:
    """The groups of one tenant's alerts."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def get(self, ids: Collection[str]) -> dict[str, Group]:
        """Return those of the named groups that are there, by id."""
        wanted = list(ids)
        found: dict[str, Group] = {}
        for at in range(0, len(wanted), CHUNK):
            rows = self._slice.rows(_SOME, some=wanted[at : at + CHUNK])
            found |= {row.id: _read(row) for row in rows}
        return found

    def page(self, *, after: str = "", limit: int = 1_000) -> list[Group]:
        """Return groups by id, behind the one named `after`."""
        return [_read(row) for row in self._slice.rows(_PAGE, after=after, limit=limit)]

    def count(self) -> int:
        """Return how many groups there are."""
        return int(self._slice.rows(_COUNT)[0][0])

    def put(self, groups: Iterable[Group]) -> None:
        """Write groups, new or changed."""
        self._slice.run_many(
            _PUT, [{"id": one.id, "next_ms": one.next_ms, "body": _written(one)} for one in groups]
        )

    def enter(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Write who is in which group: (group's id, fingerprint) pairs."""
        rows = [{"group_id": group_id, "fingerprint": name} for group_id, name in pairs]
        self._slice.run_many(_ENTER, rows)

    def leave(self, group_id: str, names: Iterable[str]) -> None:
        """Take alerts out of a group."""
        rows = [{"group_id": group_id, "name": name} for name in names]
        self._slice.run_many(_LEAVE, rows)

    def forget(self, before_ms: int) -> int:
        """Delete groups that nobody has been in since an instant; return how many."""
        return self._slice.run(_FORGET, awake_ms=-before_ms).rowcount


def _written(group: Group) -> str:
    told = {
        channel: [sorted(one.firing), sorted(one.resolved), one.at_ms]
        for channel, one in group.told.items()
    }
    said = (
        group.place,
        group.key,
        group.receiver,
        group.labels,
        group.begun_ms,
        group.has_flushed,
        group.count,
        told,
    )
    return bounded(_JSON.dump_json(said).decode())


def _read(row: Row[Any]) -> Group:
    place, key, receiver, labels, begun_ms, has_flushed, count, told = _JSON.validate_json(row.body)
    return Group(
        id=row.id,
        place=place,
        key=key,
        receiver=receiver,
        labels=tuple(map(tuple, labels)),
        begun_ms=begun_ms,
        next_ms=row.next_ms,
        has_flushed=has_flushed,
        count=count,
        told={
            channel: Told(frozenset(firing), frozenset(resolved), at_ms)
            for channel, (firing, resolved, at_ms) in told.items()
        },
    )
