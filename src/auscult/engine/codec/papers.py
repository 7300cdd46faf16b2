"""The advice as a JSON file: written for people and programs, read back before it is applied."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from auscult.engine.codec.advising import Report
from auscult.engine.documents import read_paper_as
from auscult.performance.codec import Ladder, Rung
from auscult.performance.codec.advice import TitleAdvice
from auscult.performance.codec.verdict import Promise

FORM = 1
LISTENERS_KEPT = 200
"""Quantiles of the audience's throughput in the file: enough to weigh a ladder's steps."""


def write_paper(report: Report, throughput_kbps: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return the report as one JSON object; figures are rounded for reading."""
    advice = report.advice
    said: dict[str, Any] = {"form": FORM, "missing": report.missing, "notes": report.notes}
    if advice is None:
        return said
    quantiles = np.quantile(throughput_kbps, np.linspace(0, 1, LISTENERS_KEPT))
    return said | {
        "measure": advice.measure,
        "fixed": _rung(advice.fixed),
        "needed_score": round(advice.needed, 4),
        "saved_share": round(advice.saved_share, 4),
        "audience_kbps": [round(float(one), 1) for one in quantiles],
        "ladder": _ladder(advice.ladder, advice.spreads),
        "curve": [[round(kbps, 2), round(score, 4)] for kbps, score in advice.curve],
        "titles": [_title(one) for one in advice.titles],
    }


def _title(one: TitleAdvice) -> dict[str, Any]:
    choice = one.choice
    return {
        "title": choice.item,
        "duration_s": round(one.duration_s, 1),
        "rung": _rung(choice.rung),
        "real_kbps": round(choice.real_kbps, 2),
        "score": round(choice.score, 4),
        "fixed_real_kbps": round(choice.before_kbps, 2),
        "fixed_score": round(choice.before_score, 4),
        "saved_share": round(choice.saved_share, 4),
        "hull": [_rung(rung) for rung in one.hull],
        "ladder": _ladder(one.ladder, ()),
        "tried": [
            {
                **_rung(trial.rung),
                "real_kbps": round(trial.real_kbps, 2),
                "score": round(trial.quality.mean, 4),
                "worst_channel": round(trial.quality.worst, 4),
                "width_loss_db": round(trial.quality.width_loss_db, 2),
            }
            for trial in one.trials
        ],
    }


def _ladder(ladder: Ladder | None, spreads: tuple[float, ...]) -> list[dict[str, Any]]:
    """Return a ladder's steps, best first, as players list them."""
    steps = ladder.steps if ladder else ()
    rows = [
        {
            **_rung(step.rung),
            "real_kbps": round(step.real_kbps, 2),
            "worst_score": round(step.worst_score, 4),
            **({"spread": round(spreads[at], 4)} if spreads else {}),
        }
        for at, step in enumerate(steps)
    ]
    return rows[::-1]


def _rung(rung: Rung) -> dict[str, Any]:
    return {"codec": rung.codec, "nominal_kbps": rung.nominal_kbps}


class _Step(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    codec: str = Field(pattern="^[a-z0-9]{1,20}$")
    nominal_kbps: int = Field(gt=0, le=2_000)
    real_kbps: float = Field(gt=0)
    worst_score: float = Field(ge=1, le=5)
    spread: float = Field(ge=0, le=5)


class _Paper(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    form: int = Field(ge=FORM, le=FORM)
    measure: str
    needed_score: float = Field(ge=1, le=5)
    audience_kbps: list[float] = Field(min_length=1, max_length=10_000)
    ladder: list[_Step] = Field(min_length=1, max_length=64)
    curve: list[tuple[float, float]] = Field(min_length=1, max_length=1_000)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A ladder that was advised, best step first, its real rates, and what is promised of it.

    needed: the score that every title was to keep.
    """

    rungs: tuple[Rung, ...]
    real_kbps: tuple[float, ...]
    needed: float
    promise: Promise


def read_paper(path: Path) -> Proposal:
    """Read a file of advice; raises `InputError` where it cannot be opened, `BodyMalformed`."""
    return _propose(read_paper_as(_Paper, path, what="codec advice"))


def propose(said: dict[str, Any]) -> Proposal | None:
    """Return the proposal in what `write_paper` returned; None where no ladder was advised."""
    return _propose(_Paper.model_validate(said)) if said.get("ladder") else None


def _propose(paper: _Paper) -> Proposal:
    promise = Promise(
        measure=paper.measure,
        worst_scores=tuple(step.worst_score for step in paper.ladder),
        spreads=tuple(step.spread for step in paper.ladder),
        throughput_kbps=np.array(paper.audience_kbps, dtype=np.float64),
        curve=tuple(sorted(paper.curve)),
    )
    return Proposal(
        rungs=tuple(Rung(step.codec, step.nominal_kbps) for step in paper.ladder),
        real_kbps=tuple(step.real_kbps for step in paper.ladder),
        needed=paper.needed_score,
        promise=promise,
    )
