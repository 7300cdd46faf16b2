"""Groups of alerts of one tenant: what each has told, who is in it, and when it has its turn."""

from collections.abc import Collection, Iterable
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder, Encoder
from sqlalchemy import Row, bindparam, delete, func, select, update

from auscult.kernel.alerts import Group, Told
from auscult.store.slice import Slice, bounded
from auscult.store.statements import insert_new, names, naming, upsert
from auscult.store.tables import alert_groups, alert_members
from auscult.store.turns import Turns

_C, _M = alert_groups.c, alert_members.c
_OWN = _C.tenant == bindparam("own")
_COLUMNS = (_C.id, _C.next_ms, _C.has_flushed, _C.body)
_PUT = upsert(alert_groups, ("tenant", "id"), ("next_ms", "has_flushed", "body"))
_MOVE = (
    update(alert_groups)
    .where(_OWN, _C.id == bindparam("of_id"))
    .values(next_ms=bindparam("new_next_ms"), has_flushed=bindparam("new_has_flushed"))
)
_SOME = naming(lambda among: select(*_COLUMNS).where(_OWN, among(_C.id, "some")))
_PAGE = (
    select(*_COLUMNS)
    .where(_OWN, _C.id > bindparam("after"))
    .order_by(_C.id)
    .limit(bindparam("limit"))
)
_FORGET = delete(alert_groups).where(_OWN, _C.next_ms < 0, _C.next_ms > bindparam("awake_ms"))
_ENTER = insert_new(alert_members, ("tenant", "group_id", "fingerprint"))
_LEAVE = delete(alert_members).where(
    _M.tenant == bindparam("own"),
    _M.group_id == bindparam("of_group"),
    _M.fingerprint == bindparam("name"),
)
_COUNT = select(func.count()).select_from(alert_groups).where(_OWN)


class _Told(Struct, array_like=True):
    """What a channel was told: rows that were written before a field came have its default."""

    firing: list[str]
    resolved: list[str]
    at_ms: int
    since_ms: int = 0
    is_refused: bool = False


class _Written(Struct, array_like=True):
    """A group but for what has a column; `told` is by channel. Defaults as above."""

    key: str
    receiver: str
    labels: dict[str, str]
    begun_ms: int
    count: int
    told: dict[str, _Told]
    decided: str = ""


_ENCODE = Encoder().encode
_DECODE = Decoder(_Written).decode


class GroupRows:
    """The groups of one tenant's alerts."""

    __slots__ = ("_slice", "_turns")

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece
        self._turns = Turns(piece, "group")

    def get(self, ids: Collection[str]) -> dict[str, Group]:
        """Return those of the named groups that are there, by id."""
        return {row.id: _read(row) for row in self._slice.rows(_SOME, some=names(ids))}

    def page(self, *, after: str = "", limit: int = 1_000) -> list[Group]:
        """Return groups by id, behind the one named `after`."""
        return [_read(row) for row in self._slice.rows(_PAGE, after=after, limit=limit)]

    def count(self) -> int:
        """Return how many groups there are."""
        return int(self._slice.rows(_COUNT)[0][0])

    def put(self, groups: Collection[Group]) -> None:
        """Write groups, new or changed, and when each has its turn; one asleep has none."""
        rows = [
            {
                "id": one.id,
                "next_ms": one.next_ms,
                "has_flushed": int(one.has_flushed),
                "body": _written(one),
            }
            for one in groups
        ]
        self._slice.run_many(_PUT, rows)
        self._queue(groups)

    def move(self, groups: Collection[Group]) -> None:
        """Write of groups when each is looked at next, and nothing else that has changed."""
        rows = [
            {
                "of_id": one.id,
                "new_next_ms": one.next_ms,
                "new_has_flushed": int(one.has_flushed),
            }
            for one in groups
        ]
        self._slice.run_many(_MOVE, rows)
        self._queue(groups)

    def drop(self, group_id: str) -> None:
        """Take away the turn of a group that is not there, or asleep."""
        self._turns.end(group_id)

    def enter(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Write who is in which group: (group's id, fingerprint) pairs."""
        rows = [{"group_id": group_id, "fingerprint": name} for group_id, name in pairs]
        self._slice.run_many(_ENTER, rows)

    def leave(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take alerts out of groups: (group's id, fingerprint) pairs."""
        rows = [{"of_group": group_id, "name": name} for group_id, name in pairs]
        self._slice.run_many(_LEAVE, rows)

    def forget(self, before_ms: int) -> int:
        """Delete groups that nobody has been in since an instant; return how many."""
        return self._slice.run(_FORGET, awake_ms=-before_ms).rowcount

    def _queue(self, groups: Iterable[Group]) -> None:
        for one in groups:
            if one.next_ms >= 0:
                self._turns.give(one.id, one.next_ms)
            else:
                self._turns.end(one.id)


def _written(group: Group) -> str:
    told = {
        channel: _Told(
            sorted(one.firing), sorted(one.resolved), one.at_ms, one.since_ms, one.is_refused
        )
        for channel, one in group.told.items()
    }
    said = _Written(
        group.key,
        group.receiver,
        dict(group.labels),
        group.begun_ms,
        group.count,
        told,
        group.decided,
    )
    return bounded(_ENCODE(said).decode())


def _read(row: Row[Any]) -> Group:
    said = _DECODE(row.body)
    return Group(
        id=row.id,
        key=said.key,
        receiver=said.receiver,
        labels=tuple(said.labels.items()),
        begun_ms=said.begun_ms,
        next_ms=row.next_ms,
        has_flushed=bool(row.has_flushed),
        count=said.count,
        decided=said.decided,
        told={
            channel: Told(
                frozenset(one.firing),
                frozenset(one.resolved),
                one.at_ms,
                one.since_ms,
                one.is_refused,
            )
            for channel, one in said.told.items()
        },
    )
