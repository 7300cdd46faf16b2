"""The picture of an advice on codecs: the same for a file of the command line and for the page."""

from typing import Any

from auscult.performance.pictures import Curve, Ladder, Point, draw_hulls

Paper = dict[str, Any]
"""What `auscult codec advise --json` writes."""


def draw_paper(paper: Paper, *, is_styled: bool = True) -> str:
    """Return the hulls of all titles as SVG, those first that save most; empty without a title."""
    titles = sorted(paper.get("titles", ()), key=lambda one: -one["saved_share"])
    if not titles:
        return ""
    return draw_hulls(
        [_curve(one) for one in titles],
        heading=f"{paper['saved_share']:.0%} fewer bytes than {name_rung(paper['fixed'])} for all",
        needed=paper["needed_score"],
        ladder=Ladder(tuple((name_rung(one), one["real_kbps"]) for one in paper["ladder"])),
        is_styled=is_styled,
    )


def name_rung(rung: Paper) -> str:
    """Return a rung as a person reads it: `opus 96k`."""
    return f"{rung['codec']} {rung['nominal_kbps']}k"


def _curve(title: Paper) -> Curve:
    tried = {name_rung(one): Point(one["real_kbps"], one["score"]) for one in title["tried"]}
    is_kept = title["saved_share"] == 0
    saved = "as it is" if is_kept else f"{-title['saved_share']:+.0%} bytes"
    return Curve(
        name=title["title"],
        hull=tuple(tried[name_rung(one)] for one in title["hull"]),
        taken=Point(title["real_kbps"], title["score"]),
        label=f"{name_rung(title['rung'])}, {saved}",
    )
