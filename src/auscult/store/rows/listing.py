"""The incident list: what is wanted of it, as one of a few statements that are made once.

A statement that is built anew for every request costs more than running it: SQLAlchemy walks it to
find out that it knows it already.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Text, bindparam, cast, func, literal_column, select

from auscult.kernel.errors import BodyMalformed, QueryUnknown
from auscult.kernel.incidents import Status
from auscult.store.slice import at_most, plain
from auscult.store.statements import UNIT, Either, in_one_row
from auscult.store.tables import incidents

Place = tuple[int, int, str]
"""Where a page ended: (rank, opened_ms, id)."""

CURSOR_CHARS_MAX = 2_000
ID_CHARS_MAX = 200
_INTEGER_MAX = 2**63

COUNT_MAX = 1_001
"""Counting stops here: the page says "1,000+", and the count costs the same on any table."""

_I = incidents.c
_OWN = _I.tenant == bindparam("own")
_RANKS = {
    **{status.value: (status.rank * 10, status.rank * 10 + 10) for status in Status},
    "unresolved": (0, Status.RESOLVED.rank * 10),
    "all": (0, 100),
}
_CONDITIONS = {
    "severity": _I.severity == bindparam("severity"),
    "service": _I.service == bindparam("service"),
    "text": func.lower(_I.headline).like(func.lower(bindparam("pattern")), escape="\\"),
    "after": (_I.rank > bindparam("low"))
    | (_I.opened_ms < bindparam("opened_ms"))
    | ((_I.opened_ms == bindparam("opened_ms")) & (_I.id < bindparam("id"))),
}


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """What of the list is wanted; an empty text is no condition.

    `state` is `unresolved`, `all` or a status; `text` is looked for in the headline.
    """

    state: str = "all"
    severity: str = ""
    service: str = ""
    text: str = ""
    cursor: str = ""
    limit: int = 50


def list_incidents(wanted: IncidentFilter, *, written: bool) -> tuple[Either, dict[str, object]]:
    """Return the statement and its values: what needs a person first, the worst, the newest.

    It asks for one text more than the limit, which tells whether there is a next page; `read_place`
    reads a text. What is to be `written` out comes without the evidence's window.
    Raises `QueryUnknown` for a state that is none, `BodyMalformed` for a foreign cursor.
    """
    if wanted.state not in _RANKS:
        raise QueryUnknown(f"state {wanted.state!r}; there are {', '.join(_RANKS)}")
    low, high = _RANKS[wanted.state]
    values: dict[str, object] = {"low": low, "high": high, "limit": at_most(wanted.limit) + 1}
    conditions = {name for name in ("severity", "service", "text") if getattr(wanted, name)}
    if wanted.cursor:
        rank, opened_ms, last = read_cursor(wanted.cursor)
        values |= {"low": max(low, rank), "opened_ms": opened_ms, "id": last}
        conditions |= {"after"} if rank >= low else set()
    pattern = wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    named = {"severity": plain(wanted.severity), "service": plain(wanted.service)}
    values |= {name: value for name, value in named.items() if value}
    if wanted.text:
        values["pattern"] = f"%{plain(pattern)}%"
    return _statement(frozenset(conditions), written), values


@cache
def _statement(conditions: frozenset[str], written: bool) -> Either:  # noqa: FBT001  # a key of the cache
    place = cast(_I.rank, Text) + UNIT + cast(_I.opened_ms, Text) + UNIT + _I.id
    text = place + UNIT + _I.body
    text = text if written else text + UNIT + _I.evidence
    return in_one_row(
        select(text.label("text"))
        .where(_OWN, _I.rank >= bindparam("low"), _I.rank < bindparam("high"))
        .where(*(_CONDITIONS[name] for name in sorted(conditions)))
        .order_by(_I.rank, _I.opened_ms.desc(), _I.id.desc())
        .limit(bindparam("limit"))
    )


COUNTS = select(
    *(
        select(func.count())
        .select_from(
            select(literal_column("1"))
            .where(_OWN, _I.rank >= _RANKS[status.value][0], _I.rank < _RANKS[status.value][1])
            .limit(COUNT_MAX)
            .subquery()
        )
        .scalar_subquery()
        .label(status.value)
        for status in Status
    )
)


def read_place(text: str) -> tuple[Place, str]:
    """Return where in the list a text of `list_incidents` stands, and what it says."""
    rank, opened_ms, name, said = text.split(UNIT, 3)
    return (int(rank), int(opened_ms), name), said


def write_cursor(place: Place) -> str:
    """Return a place as an opaque cursor that is safe in a URL."""
    raw = json.dumps(place, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(cursor: str) -> Place:
    """Return what `write_cursor` was given; raises `BodyMalformed` for anything else."""
    padded = cursor[:CURSOR_CHARS_MAX] + "=" * (-len(cursor) % 4)
    try:
        place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError, binascii.Error):
        place = None
    match place:
        case [int(rank), int(opened_ms), str(last)] if (
            not isinstance(rank, bool)
            and not isinstance(opened_ms, bool)
            and max(abs(rank), abs(opened_ms)) < _INTEGER_MAX
            and len(last) <= ID_CHARS_MAX
            and "\0" not in last
        ):
            return rank, opened_ms, last
        case _:
            raise BodyMalformed("this cursor is not one of ours")
