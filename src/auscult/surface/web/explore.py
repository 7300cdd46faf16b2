"""The series explorer and the coverage page: what auscult hears, and what it does not."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from auscult.kernel.errors import MatcherMalformed, ObjectMissing
from auscult.kernel.words import TenantId
from auscult.surface.api.queries import Nothing, PageQuery, SeriesQuery
from auscult.surface.api.series import read_window, search_series, window_json
from auscult.surface.facade import Engine, SeriesRow, SeriesWindow
from auscult.surface.web.evidence.charts import draw_spark, trend_word
from auscult.surface.web.render import render
from auscult.surface.web.session import Visitor

router = APIRouter(include_in_schema=False)
STATE_WORDS = {
    "learning": "learning what is usual; rules already speak",
    "watched": "watched: unusual values become findings",
    "abnormal": "abnormal now",
    "silent": "silent: nothing comes any more, so nothing can be said",
    "muted": "muted: rules see it, the scorer does not look",
}
"""Every state a series can be in (detection's own words), as the page explains it."""


class ExplorerQuery(PageQuery):
    """The explorer's own form: matchers in one field, separated by commas."""

    limit: int = Field(default=25, ge=1, le=100)
    match: str = Field(default="", max_length=500)


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """One line of the explorer."""

    row: SeriesRow
    window: SeriesWindow | None
    spark: str
    spark_end: tuple[float, float] | None
    trend: str


@router.get("/series")
async def show_series(ask: Visitor) -> Response:
    """Search the tenant's series."""
    query = ask.query(ExplorerQuery)
    wrong, lines, following = "", [], None
    try:
        wanted = SeriesQuery.model_validate(
            {"match[]": split_matchers(query.match), "cursor": query.cursor, "limit": query.limit}
        )
        rows, following = await search_series(ask.engine, ask.tenant, wanted)
        lines = list(await asyncio.gather(*(_line(ask.engine, ask.tenant, row) for row in rows)))
    except MatcherMalformed as malformed:
        wrong = malformed.detail
    more = urlencode({"match": query.match, "cursor": following or ""})
    return render(
        ask.request,
        "series.html",
        query=query,
        lines=lines,
        wrong=wrong,
        next_url=f"/series?{more}" if following else "",
        state_words=STATE_WORDS,
    )


@router.get("/series/{slot}.json")
async def give_one(slot: int, ask: Visitor) -> Response:
    """Return one series as data; the chart asks for it again and again."""
    ask.query(Nothing)
    return JSONResponse(window_json(await read_window(ask.engine, ask.tenant, slot)))


@router.get("/series/{slot}")
async def show_one(slot: int, ask: Visitor) -> Response:
    """Show one series' window with its usual range."""
    ask.query(Nothing)
    window = await read_window(ask.engine, ask.tenant, slot)
    return render(ask.request, "one_series.html", window=window, state_words=STATE_WORDS)


@router.get("/coverage")
async def show_coverage(ask: Visitor) -> Response:
    """Show how many series are in which state, and how each source fares."""
    ask.query(Nothing)
    return render(ask.request, "coverage.html", coverage=ask.engine.coverage(ask.tenant))


async def _line(engine: Engine, tenant: TenantId, row: SeriesRow) -> SeriesLine:
    try:
        window = await engine.read_series(tenant, row.slot)
    except ObjectMissing:  # it ended between the search and this look
        return SeriesLine(row, None, "", None, "ended")
    spark, end = draw_spark(window.at_ms, window.value)
    return SeriesLine(row, window, spark, end, trend_word(window.value))


def split_matchers(text: str) -> list[str]:
    """Split `a="x", b=~"y,z"` (braces allowed) at the commas that stand outside quotes.

    A word alone is a metric's name, as in PromQL.
    """
    parts, quoted, escaped, current = [], False, False, ""
    for sign in text.strip().removeprefix("{").removesuffix("}"):
        if sign == '"' and not escaped:
            quoted = not quoted
        if sign == "," and not quoted:
            parts.append(current)
            current = ""
        else:
            current += sign
        escaped = sign == "\\" and not escaped
    stripped = [part.strip() for part in [*parts, current] if part.strip()]
    return [part if "=" in part else f'__name__="{part}"' for part in stripped]
