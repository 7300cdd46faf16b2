"""The series of the caller's tenant: a search by matchers, and one series' window."""

from typing import Any

from fastapi import APIRouter

from auscult.kernel.errors import MatcherMalformed, QueryUnknown
from auscult.kernel.matchers import parse_matcher
from auscult.kernel.words import TenantId
from auscult.surface.api.access import Reader
from auscult.surface.api.description import told
from auscult.surface.api.description.standing import SeriesPage, SeriesTold
from auscult.surface.api.queries import Nothing, SeriesQuery, documented
from auscult.surface.facade import Engine, SeriesRow, SeriesWindow

router = APIRouter(prefix="/api/v1/series", tags=["series"])
SLOT_MAX = 2**31 - 1


@router.get("", openapi_extra=documented(SeriesQuery), responses=told(SeriesPage))
async def search(ask: Reader) -> dict[str, Any]:
    """Return the series that fulfil every `match[]`, by slot; `next` goes on where this ends."""
    query = ask.query(SeriesQuery)
    try:
        rows, following = await search_series(ask.engine, ask.tenant, query)
    except MatcherMalformed as why:
        raise QueryUnknown(f"match[]: {why.detail}") from None
    return {"series": [row_json(row) for row in rows], "next": following}


@router.get("/{slot}", responses=told(SeriesTold))
async def show(slot: int, ask: Reader) -> dict[str, Any]:
    """Return one series' last window and the range that is usual now."""
    ask.query(Nothing)
    return window_json(await read_window(ask.engine, ask.tenant, slot))


async def search_series(
    engine: Engine, tenant: TenantId, query: SeriesQuery
) -> tuple[list[SeriesRow], str | None]:
    """Return one page of the search and the cursor of the next page, if there is one.

    Raises `MatcherMalformed`, and `QueryUnknown` for a foreign cursor.
    """
    if not (query.cursor.isdecimal() or not query.cursor):
        raise QueryUnknown(f"cursor {query.cursor!r} is not one of ours")
    matchers = tuple(parse_matcher(text) for text in query.match)
    after = int(query.cursor) if query.cursor else -1
    rows = list(await engine.search_series(tenant, matchers, after=after, limit=query.limit + 1))
    shown = rows[: query.limit]
    return shown, str(shown[-1].slot) if len(rows) > query.limit else None


async def read_window(engine: Engine, tenant: TenantId, slot: int) -> SeriesWindow:
    """Return one series' window; raises `ObjectMissing`."""
    if not 0 <= slot <= SLOT_MAX:
        raise QueryUnknown(f"slot {slot} is not a number of a series")
    return await engine.read_series(tenant, slot)


def row_json(row: SeriesRow) -> dict[str, Any]:
    """Return one line of the search."""
    return {"slot": row.slot, "labels": dict(row.labels), "state": row.state}


def window_json(window: SeriesWindow) -> dict[str, Any]:
    """Return one series' window; gaps are null."""
    return row_json(window) | {
        "kind": window.kind,
        "at_ms": window.at_ms,
        "value": window.value,
        "usual_low": window.usual_low,
        "usual_high": window.usual_high,
    }
