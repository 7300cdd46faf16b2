"""The advice as a JSON file: for people and programs, and read back when its effect is judged."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from auscult.engine.documents import read_paper_as
from auscult.performance.capacity import Advice, CacheAdvice, Move, Range

FORM = 1


def write_paper(
    pools: Sequence[Advice], caches: Sequence[CacheAdvice], *, now_ms: int
) -> dict[str, Any]:
    """Return all advice as one JSON object; a figure that is not known is null."""
    return {
        "form": FORM,
        "advised_ms": now_ms,
        "pools": [
            {
                "service": one.service,
                "resource": one.resource,
                "move": one.move.value,
                "present": one.present,
                "proposed": one.proposed,
                "reason": one.reason,
                "utilisation": _figures(one.utilisation),
                "headroom": _figures(one.headroom),
                "wait_s": _figures(one.wait_s),
                "demand_erlang": _figures(one.demand_erlang),
                "service_s": one.service_s if math.isfinite(one.service_s) else None,
            }
            for one in pools
        ],
        "caches": [
            {
                "service": one.service,
                "move": one.move.value,
                "present_bytes": round(one.present_bytes),
                "proposed_bytes": round(one.proposed_bytes),
                "reason": one.reason,
                "hit_ratio": _figures(one.hit_ratio),
                "misses": _figures(one.misses),
            }
            for one in caches
        ],
    }


def _figures(span: Range | None) -> list[float] | None:
    """Return likely, low and high."""
    return None if span is None else [float(f"{one:.6g}") for one in span.figures]


Figures = tuple[float, float, float] | None


class _Pool(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    service: str
    resource: str
    move: Move
    present: int = Field(ge=0)
    proposed: int = Field(ge=0)
    reason: str
    utilisation: Figures
    headroom: Figures
    wait_s: Figures
    demand_erlang: Figures
    service_s: float | None

    def advice(self) -> Advice:
        """Return it as it was given."""
        return Advice(
            service=self.service,
            resource=self.resource,
            move=self.move,
            present=self.present,
            proposed=self.proposed,
            reason=self.reason,
            utilisation=_span(self.utilisation),
            headroom=_span(self.headroom),
            wait_s=_span(self.wait_s),
            demand_erlang=_span(self.demand_erlang),
            service_s=math.nan if self.service_s is None else self.service_s,
        )


def _span(figures: Figures) -> Range | None:
    return None if figures is None else Range(*figures)


class _Paper(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    form: int = Field(ge=FORM, le=FORM)
    advised_ms: int = Field(ge=0)
    pools: tuple[_Pool, ...] = Field(max_length=200)


@dataclass(frozen=True, slots=True)
class Given:
    """What was advised, and when (Unix milliseconds)."""

    advised_ms: int
    pools: tuple[Advice, ...]


def read_paper(path: Path) -> Given:
    """Read a file of advice; raises `InputError` where it cannot be opened, `BodyMalformed`."""
    paper = read_paper_as(_Paper, path, what="advice on capacity")
    return Given(paper.advised_ms, tuple(one.advice() for one in paper.pools))
