"""How pools were used, asked of a Prometheus: one grid of times, a column for each query."""

from dataclasses import dataclass

import aiohttp
import numpy as np

from auscult.engine.capacity.plan import CapacityPlan, PoolPlan
from auscult.kernel.errors import InputError
from auscult.performance.capacity import Usage
from auscult.performance.capacity.usage import Column
from auscult.signals.history import read_matrix
from auscult.signals.scraping import Fetcher

POINTS_MAX = 10_000
"""Prometheus answers at most 11,000 points of a series at once: a longer past is asked in parts."""

BODY_BYTES_MAX = 16 << 20


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the past, from `begin` to before `end`, in whole steps from the epoch."""

    begin: int
    end: int


async def ask_usages(
    plan: CapacityPlan, *, now_ms: int, token: str = ""
) -> tuple[list[Usage], dict[str, str]]:
    """Return what is known of the plan's pools up to now, and why something is not known of others.

    Missing is a pool of which a query is refused, answers several series, or answers nothing.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    end = now_ms // (1_000 * plan.step_s) + 1
    span = Span(end - plan.samples, end)
    usages: list[Usage] = []
    missing: dict[str, str] = {}
    async with aiohttp.ClientSession(headers=headers) as session:
        fetcher = Fetcher(session, plan.timeout_s, BODY_BYTES_MAX)
        for pool in plan.pools:
            try:
                usages.append(await _ask_pool(pool, plan, span=span, fetcher=fetcher))
            except InputError as why:
                missing[f"{pool.service} {pool.resource}"] = why.detail or str(why)
    return usages, missing


async def _ask_pool(pool: PoolPlan, plan: CapacityPlan, *, span: Span, fetcher: Fetcher) -> Usage:
    columns: dict[str, Column] = {}
    for name in ("busy", "servers", "arrivals", "wait"):
        query = getattr(pool, name)
        if query is None:
            columns[name] = np.empty(0)
            continue
        try:
            columns[name] = await _ask(query, plan, span=span, fetcher=fetcher)
        except InputError as why:
            raise InputError(f"{name}: {why.detail or why}") from None
    at_ms = np.arange(span.begin, span.end, dtype=np.int64) * (1_000 * plan.step_s)
    return Usage(
        service=pool.service,
        resource=pool.resource,
        at_ms=at_ms,
        busy=columns["busy"],
        servers=columns["servers"],
        arrivals_per_s=columns["arrivals"],
        wait_s=columns["wait"],
    )


async def _ask(query: str, plan: CapacityPlan, *, span: Span, fetcher: Fetcher) -> Column:
    """Return a query's values on the grid, float64[span]; NaN where there are none."""
    column = np.full(span.end - span.begin, np.nan)
    url = f"{str(plan.prometheus).rstrip('/')}/api/v1/query_range"
    for begin in range(span.begin, span.end, POINTS_MAX):
        last = min(begin + POINTS_MAX, span.end) - 1
        form = {
            "query": query,
            "start": str(begin * plan.step_s),
            "end": str(last * plan.step_s),
            "step": str(plan.step_s),
        }
        found = read_matrix((await fetcher.fetch(url, form=form)).body)
        if len(found) > 1:
            raise InputError(f"answers {len(found)} series, not one: sum() or count() them")
        for series in found:
            at = np.rint(series.at_ms / (1_000 * plan.step_s)).astype(np.int64) - span.begin
            inside = (at >= 0) & (at < len(column))
            column[at[inside]] = series.value[inside]
    if not np.isfinite(column).any():
        raise InputError(f"nothing in {plan.lookback_days:g} days: {query[:200]}")
    column[~np.isfinite(column)] = np.nan
    return column
