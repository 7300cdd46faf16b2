"""The advice on a catalogue: each title's hull, rung and ladder, and one ladder for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import InputError
from auscult.performance.codec.hull import find_hull
from auscult.performance.codec.ladder import Ladder, recommend, worst_score
from auscult.performance.codec.quality import Quality
from auscult.performance.codec.titles import Choice, Guards, choose_rung, is_decent, join_stretches
from auscult.performance.codec.trials import Rung, Trial

Doubles = NDArray[np.float64]

FIXED = Rung("opus", 128)
"""What everything is held against where nothing else is named."""

Found = Mapping[Rung, tuple[float, Quality]]
"""What was found out about one stretch: (real kbit/s, quality) by rung."""


@dataclass(frozen=True, slots=True)
class Title:
    """A title that was listened to: its length in seconds, and its stretches."""

    name: str
    duration_s: float
    stretches: tuple[Found, ...]

    def trials(self) -> list[Trial]:
        """Return its trials at every rung that all its stretches were tried at."""
        return join_stretches(self.name, self.stretches)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for. needed: a score for every title; None asks for what `fixed` gives.

    throughput_kbps: float64 (listeners,), what each was measured to have.
    """

    throughput_kbps: Doubles
    fixed: Rung = FIXED
    needed: float | None = None
    steps: int = 4
    guards: Guards = field(default_factory=Guards)


@dataclass(frozen=True, slots=True)
class TitleAdvice:
    """What is advised for one title: its rung, its hull, and its own ladder.

    ladder is None where no rung passes the guards.
    """

    choice: Choice
    duration_s: float
    trials: tuple[Trial, ...]
    hull: tuple[Rung, ...]
    ladder: Ladder | None


@dataclass(frozen=True, slots=True)
class Advice:
    """needed: the score that every title keeps. spreads: of each step of the ladder of all titles.

    curve: the hull of all titles, as (real kbit/s, worst title's score), the cheapest first.

    ladder is None where no rung passes the guards with every title. saved_share: of all bytes, each
    title counted by its length.
    """

    measure: str
    fixed: Rung
    needed: float
    titles: tuple[TitleAdvice, ...]
    ladder: Ladder | None
    spreads: tuple[float, ...]
    curve: tuple[tuple[float, float], ...]
    saved_share: float


def advise(titles: Sequence[Title], wishes: Wishes) -> Advice:
    """Return the advice on titles that were all tried at the fixed rung.

    Raises `InputError` without titles, and where one was not tried at the fixed rung.
    """
    if not titles:
        raise InputError("there is no title to advise on")
    trials = {title.name: title.trials() for title in titles}
    needed = needed_score([one for some in trials.values() for one in some], wishes)
    advised = tuple(
        _advise_title(trials[title.name], title, needed=needed, wishes=wishes) for title in titles
    )
    tried = [{one.rung for one in some} for some in trials.values()]
    shared = set.intersection(*tried)
    everyone = [one for some in trials.values() for one in some if one.rung in shared]
    ladder = _recommend(_not_above(everyone, needed), wishes)
    steps = [step.rung for step in ladder.steps] if ladder else []
    before = sum(one.choice.before_kbps * one.duration_s for one in advised)
    spent = sum(one.choice.real_kbps * one.duration_s for one in advised)
    return Advice(
        measure=everyone[0].quality.measure,
        fixed=wishes.fixed,
        needed=needed,
        titles=advised,
        ladder=ladder,
        spreads=tuple(_spread(titles, rung) for rung in steps),
        curve=_find_curve(everyone, shared),
        saved_share=1 - spent / before,
    )


def needed_score(trials: Sequence[Trial], wishes: Wishes) -> float:
    """Return the score every title must keep: the one asked for, else the fixed rung's worst."""
    if wishes.needed is not None:
        return wishes.needed
    return worst_score(trials, wishes.fixed)


def _advise_title(
    trials: list[Trial], title: Title, *, needed: float, wishes: Wishes
) -> TitleAdvice:
    decent = [one for one in trials if is_decent(one, wishes.guards)]
    rate_kbps = np.array([one.real_kbps for one in decent])
    score = np.array([one.quality.mean for one in decent])
    return TitleAdvice(
        choice=choose_rung(trials, wishes.fixed, needed=needed, guards=wishes.guards),
        duration_s=title.duration_s,
        trials=tuple(trials),
        hull=tuple(decent[at].rung for at in find_hull(rate_kbps, score)),
        ladder=_recommend(_not_above(trials, needed), wishes),
    )


def _recommend(trials: list[Trial], wishes: Wishes) -> Ladder | None:
    try:
        return recommend(trials, wishes.throughput_kbps, steps=wishes.steps, guards=wishes.guards)
    except InputError:
        return None


def _not_above(trials: list[Trial], needed: float) -> list[Trial]:
    """Leave out rungs dearer than the cheapest that gives every title what it needs: a waste."""
    by_rung: dict[Rung, list[Trial]] = {}
    for one in trials:
        by_rung.setdefault(one.rung, []).append(one)
    rates = {
        rung: float(np.mean([one.real_kbps for one in some])) for rung, some in by_rung.items()
    }
    enough = [rates[rung] for rung in rates if worst_score(by_rung[rung], rung) >= needed]
    most = min(enough, default=np.inf)
    return [one for one in trials if rates[one.rung] <= most]


def _find_curve(trials: list[Trial], rungs: set[Rung]) -> tuple[tuple[float, float], ...]:
    offers = [[one for one in trials if one.rung == rung] for rung in sorted(rungs)]
    rate_kbps = np.array([np.mean([one.real_kbps for one in some]) for some in offers])
    score = np.array([min(one.quality.mean for one in some) for some in offers])
    hull = find_hull(rate_kbps, score)
    return tuple((float(rate_kbps[at]), float(score[at])) for at in hull)


def _spread(titles: Sequence[Title], rung: Rung) -> float:
    """Return the standard deviation of all stretches' scores at one rung."""
    scores = [one[rung][1].mean for title in titles for one in title.stretches if rung in one]
    return float(np.std(scores)) if scores else 0.0
