"""Alerts of one tenant, and under which keys they lie as what may inhibit others."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, bindparam, delete, select

from auscult.kernel.alerts import Alert
from auscult.store.slice import Slice, bounded
from auscult.store.statements import insert_new, upsert
from auscult.store.tables import alert_members, alert_sources, alerts

_C, _M, _S = alerts.c, alert_members.c, alert_sources.c
_OWN = _C.tenant == bindparam("own")
_COLUMNS = (_C.fingerprint, _C.starts_ms, _C.ends_ms, _C.updated_ms, _C.body)
_PUT = upsert(alerts, ("tenant", "fingerprint"), ("starts_ms", "ends_ms", "updated_ms", "body"))
_SOME = select(*_COLUMNS).where(_OWN, _C.fingerprint.in_(bindparam("some", expanding=True)))
_LIVE = (
    select(*_COLUMNS)
    .where(_OWN, _C.ends_ms >= bindparam("now_ms"), _C.fingerprint > bindparam("after"))
    .order_by(_C.fingerprint)
    .limit(bindparam("limit"))
)
_INSIDE = (
    select(*_COLUMNS)
    .join_from(
        alert_members,
        alerts,
        (_C.tenant == _M.tenant) & (_C.fingerprint == _M.fingerprint),
    )
    .where(_M.tenant == bindparam("own"), _M.group_id == bindparam("group_id"))
)
_LYING = (
    select(*_COLUMNS)
    .join_from(
        alert_sources,
        alerts,
        (_C.tenant == _S.tenant) & (_C.fingerprint == _S.fingerprint),
    )
    .where(
        _S.tenant == bindparam("own"),
        _S.place == bindparam("place"),
        _C.ends_ms > bindparam("now_ms"),
    )
    .order_by(_C.fingerprint)
)
_LIE = insert_new(alert_sources, ("tenant", "place", "fingerprint"))
_OLD = (
    select(_C.fingerprint)
    .where(
        _OWN,
        _C.ends_ms < bindparam("before_ms"),
        ~select(_M.fingerprint)
        .where(_M.tenant == _C.tenant, _M.fingerprint == _C.fingerprint)
        .exists(),
    )
    .order_by(_C.ends_ms)
    .limit(bindparam("limit"))
)
_FORGET = delete(alerts).where(_OWN, _C.fingerprint.in_(bindparam("some", expanding=True)))
_RISE = delete(alert_sources).where(
    _S.tenant == bindparam("own"), _S.fingerprint.in_(bindparam("some", expanding=True))
)
_JSON: TypeAdapter[Any] = TypeAdapter(Any)
CHUNK = 500
"""Names in one question: SQLite takes 32,766 values, PostgreSQL twice as many."""


class AlertRows:
    """The alerts of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def get(self, names: Collection[str]) -> dict[str, Alert]:
        """Return those of the named alerts that are there, by fingerprint."""
        wanted = list(names)
        found: dict[str, Alert] = {}
        for at in range(0, len(wanted), CHUNK):
            rows = self._slice.rows(_SOME, some=wanted[at : at + CHUNK])
            found |= {row.fingerprint: _read(row) for row in rows}
        return found

    def put(self, given: Iterable[Alert]) -> None:
        """Write alerts, new or changed."""
        self._slice.run_many(_PUT, [_written(alert) for alert in given])

    def lie(self, places: Iterable[tuple[str, str]]) -> None:
        """Write under which keys alerts lie as sources: (key, fingerprint) pairs."""
        rows = [{"place": place, "fingerprint": name} for place, name in places]
        self._slice.run_many(_LIE, rows)

    def lying(self, place: str, now_ms: int) -> Iterator[Alert]:
        """Return the alerts under a key that are not over."""
        return map(_read, self._slice.rows(_LYING, place=place, now_ms=now_ms))

    def of_group(self, group_id: str) -> list[Alert]:
        """Return the alerts of a group."""
        return [_read(row) for row in self._slice.rows(_INSIDE, group_id=group_id)]

    def live(self, now_ms: int, *, after: str = "", limit: int = 1_000) -> list[Alert]:
        """Return alerts that are not over, by fingerprint, behind the one named `after`."""
        rows = self._slice.rows(_LIVE, now_ms=now_ms, after=after, limit=limit)
        return [_read(row) for row in rows]

    def forget(self, before_ms: int, *, limit: int = 1_000) -> int:
        """Delete alerts that were over by then and stand in no group; return how many."""
        old = [row.fingerprint for row in self._slice.rows(_OLD, before_ms=before_ms, limit=limit)]
        for at in range(0, len(old), CHUNK):
            some = old[at : at + CHUNK]
            self._slice.run(_RISE, some=some)
            self._slice.run(_FORGET, some=some)
        return len(old)


def _written(alert: Alert) -> dict[str, Any]:
    said: Sequence[object] = (
        alert.labels,
        alert.annotations,
        alert.generator_url,
        alert.is_timed,
    )
    return {
        "fingerprint": alert.fingerprint,
        "starts_ms": alert.starts_ms,
        "ends_ms": alert.ends_ms,
        "updated_ms": alert.updated_ms,
        "body": bounded(_JSON.dump_json(said).decode()),
    }


def _read(row: Row[Any]) -> Alert:
    labels, annotations, generator_url, is_timed = _JSON.validate_json(row.body)
    return Alert(
        fingerprint=row.fingerprint,
        labels=tuple(map(tuple, labels)),
        annotations=tuple(map(tuple, annotations)),
        starts_ms=row.starts_ms,
        ends_ms=row.ends_ms,
        updated_ms=row.updated_ms,
        generator_url=generator_url,
        is_timed=is_timed,
    )
