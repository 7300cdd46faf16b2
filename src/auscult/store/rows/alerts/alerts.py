"""Alerts of one tenant, and under which keys they lie as what may inhibit others."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from msgspec.json import Decoder, Encoder
from sqlalchemy import Row, bindparam, delete, literal_column, select, update

from auscult.kernel.alerts import Alert, Span
from auscult.kernel.words import Labels
from auscult.store.slice import Slice, bounded
from auscult.store.statements import insert_new, names, naming, upsert
from auscult.store.tables import alert_members, alert_sources, alerts

_C, _M, _S = alerts.c, alert_members.c, alert_sources.c
_OWN = _C.tenant == bindparam("own")
_COLUMNS = (_C.fingerprint, _C.starts_ms, _C.ends_ms, _C.updated_ms, _C.is_timed, _C.body)
_PUT = upsert(
    alerts,
    ("tenant", "fingerprint"),
    ("starts_ms", "ends_ms", "updated_ms", "is_timed", "inside", "body"),
)
_OUT = naming(
    lambda among: update(alerts).where(_OWN, among(_C.fingerprint, "some")).values(inside=0)
)
_SOME = naming(lambda among: select(*_COLUMNS).where(_OWN, among(_C.fingerprint, "some")))
_KNOWN = naming(
    lambda among: select(_C.fingerprint, _C.starts_ms, _C.ends_ms, _C.is_timed, _C.inside).where(
        _OWN, among(_C.fingerprint, "some")
    )
)
_LIVE = (
    select(*_COLUMNS)
    .where(_OWN, _C.ends_ms >= bindparam("now_ms"), _C.fingerprint > bindparam("after"))
    .order_by(_C.fingerprint)
    .limit(bindparam("limit"))
)
_INSIDE = naming(
    lambda among: (
        select(_M.group_id, *_COLUMNS)
        .join_from(
            alert_members,
            alerts,
            (_C.tenant == _M.tenant) & (_C.fingerprint == _M.fingerprint),
        )
        .where(_M.tenant == bindparam("own"), among(_M.group_id, "groups"))
    )
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
        literal_column("inside = 0"),
        _C.ends_ms < bindparam("before_ms"),
        ~select(_M.fingerprint)
        .where(_M.tenant == _C.tenant, _M.fingerprint == _C.fingerprint)
        .exists(),
    )
    .order_by(_C.ends_ms)
    .limit(bindparam("limit"))
)
_FORGET = naming(lambda among: delete(alerts).where(_OWN, among(_C.fingerprint, "some")))
_RISE = naming(
    lambda among: delete(alert_sources).where(
        _S.tenant == bindparam("own"), among(_S.fingerprint, "some")
    )
)
_PROLONG = (
    update(alerts)
    .where(
        _OWN,
        _C.ends_ms > bindparam("from_ms"),
        _C.ends_ms > _C.updated_ms,
        _C.ends_ms <= _C.updated_ms + bindparam("granted_ms"),
    )
    .values(ends_ms=_C.ends_ms + bindparam("by_ms"))
)
_ENCODE = Encoder().encode
_DECODE = Decoder(tuple[dict[str, str], dict[str, str], str]).decode


class Known(NamedTuple):
    """What must be known of an alert before it is written again.

    `inside` is what it was written with: a sum of the groups it is in, 0 where it has left one.
    """

    span: Span
    inside: int


class AlertRows:
    """The alerts of one tenant."""

    __slots__ = ("_slice",)

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece

    def get(self, fingerprints: Collection[str]) -> dict[str, Alert]:
        """Return those of the named alerts that are there, by fingerprint."""
        rows = self._slice.rows(_SOME, some=names(fingerprints))
        return {row.fingerprint: _read(row) for row in rows}

    def known(self, fingerprints: Iterable[str]) -> dict[str, Known]:
        """Return what is known of those of the named alerts that are there, by fingerprint."""
        rows = self._slice.rows(_KNOWN, some=names(fingerprints))
        return {
            row.fingerprint: Known(Span(row.starts_ms, row.ends_ms, bool(row.is_timed)), row.inside)
            for row in rows
        }

    def put(self, given: Iterable[tuple[Alert, int]]) -> None:
        """Write alerts, new or changed, each with a sum of the groups it is in."""
        self._slice.run_many(_PUT, [_written(alert, inside) for alert, inside in given])

    def leave(self, fingerprints: Collection[str]) -> None:
        """Note of alerts that they have left a group they were in."""
        if fingerprints:
            self._slice.run(_OUT, some=names(fingerprints))

    def lie(self, places: Iterable[tuple[str, str]]) -> None:
        """Write under which keys alerts lie as sources: (key, fingerprint) pairs."""
        rows = [{"place": place, "fingerprint": name} for place, name in places]
        self._slice.run_many(_LIE, rows)

    def lying(self, place: str, now_ms: int) -> Iterator[Alert]:
        """Return the alerts under a key that are not over."""
        return map(_read, self._slice.rows(_LYING, place=place, now_ms=now_ms))

    def of_groups(self, ids: Collection[str]) -> dict[str, list[Alert]]:
        """Return the alerts of groups, by the group's id; a group of none is left out."""
        found: dict[str, list[Alert]] = defaultdict(list)
        for row in self._slice.rows(_INSIDE, groups=names(ids)):
            found[row.group_id].append(_read(row))
        return found

    def live(self, now_ms: int, *, after: str = "", limit: int = 1_000) -> list[Alert]:
        """Return alerts that are not over, by fingerprint, behind the one named `after`."""
        rows = self._slice.rows(_LIVE, now_ms=now_ms, after=after, limit=limit)
        return [_read(row) for row in rows]

    def prolong(self, from_ms: int, *, by_ms: int, granted_ms: int) -> int:
        """Move ends after `from_ms` that were at most `granted_ms` ahead; return how many."""
        values = {"from_ms": from_ms, "by_ms": by_ms, "granted_ms": granted_ms}
        return int(self._slice.run(_PROLONG, **values).rowcount)

    def forget(self, before_ms: int, *, limit: int = 1_000) -> int:
        """Delete alerts that were over by then and stand in no group; return how many."""
        old = [row.fingerprint for row in self._slice.rows(_OLD, before_ms=before_ms, limit=limit)]
        if old:
            self._slice.run(_RISE, some=names(old))
            self._slice.run(_FORGET, some=names(old))
        return len(old)


def _written(alert: Alert, inside: int) -> dict[str, Any]:
    body = _ENCODE((dict(alert.labels), dict(alert.annotations), alert.generator_url))
    return {
        "fingerprint": alert.fingerprint,
        "starts_ms": alert.starts_ms,
        "ends_ms": alert.ends_ms,
        "updated_ms": alert.updated_ms,
        "is_timed": int(alert.is_timed),
        "inside": inside,
        "body": bounded(body.decode()),
    }


def _read(row: Row[Any]) -> Alert:
    labels, annotations, generator_url = _DECODE(row.body)
    return Alert(
        fingerprint=row.fingerprint,
        labels=_pairs(labels),
        annotations=_pairs(annotations),
        starts_ms=row.starts_ms,
        ends_ms=row.ends_ms,
        updated_ms=row.updated_ms,
        generator_url=generator_url,
        is_timed=bool(row.is_timed),
    )


def _pairs(said: dict[str, str]) -> Labels:
    """Return pairs in the order in which they were written, which is that of their names."""
    return tuple(said.items())
