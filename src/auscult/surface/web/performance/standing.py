"""How stages and programmes stand now: the page of the service graph, latencies and plays."""

from typing import Any

from fastapi import APIRouter, Response

from auscult.surface.api.queries import Nothing
from auscult.surface.web.render import render
from auscult.surface.web.session import Visitor

router = APIRouter(include_in_schema=False)
NOTHING: dict[str, Any] = {"services": [], "calls": [], "share": 1.0, "spans_left_out": 0}


@router.get("/performance")
async def show_performance(ask: Visitor) -> Response:
    """Show what the monitors know, whether something is wrong or not."""
    ask.query(Nothing)
    known = await ask.engine.standing(ask.tenant)
    graph = known.get("pipeline") or NOTHING
    return render(
        ask.request,
        "performance.html",
        graph=graph,
        programmes=known.get("latency") or [],
        ways={(one["caller"], one["called"]): one["way_p95_s"] for one in graph["calls"]},
    )
