"""What was advised on codecs and what came of it: the newest ladder, its hulls, the ones before."""

from typing import Any

from fastapi import APIRouter, Response
from markupsafe import Markup

from auscult.surface.api.queries import Nothing
from auscult.surface.hulls import draw_paper
from auscult.surface.readings import read_ladders
from auscult.surface.web.render import render
from auscult.surface.web.session import Visitor

router = APIRouter(include_in_schema=False)

STATES = {
    "advising": "Listening and coding.",
    "proposed": "Advised, not tried.",
    "on trial": "On trial: changed, and not judged yet.",
    "kept": "Kept: as good as promised, and cheaper.",
    "reverted": "Reverted: the ladder is as it was.",
    "stuck": "Stuck: it was to be reverted and is not. A person must look.",
    "failed": "Nothing could be advised.",
}


@router.get("/codec")
async def show_ladders(ask: Visitor) -> Response:
    """Show the newest ladder as a whole and those before it in a line each."""
    ask.query(Nothing)
    known = await read_ladders(ask.engine, ask.tenant)
    ladders, paper = known["ladders"], known["advice"]
    return render(
        ask.request,
        "codec.html",
        ladders=ladders,
        newest=ladders[0] if ladders else None,
        paper=paper,
        picture=_picture(paper) if paper else "",
        states=STATES,
        pair_up=pair_up,
        rungs=spell_rungs,
    )


def _picture(paper: dict[str, Any]) -> Markup:
    return Markup(draw_paper(paper, is_styled=False))  # noqa: S704  # it escapes what it names


def pair_up(ladder: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was heard before and after a trial, rung by rung, best first."""
    return [
        {"when": when, **one}
        for when in ("before", "after")
        for one in sorted(ladder.get(when, ()), key=lambda one: (one["stream"], -one["kbps"]))
    ]


def spell_rungs(rungs: list[str] | None) -> str:
    """Return `[opus:96]` as a person reads it."""
    return ", ".join(f"{one.replace(':', ' ')}k" for one in rungs or ()) or "–"
