"""One title's rungs: stretches joined, the cheapest that is good enough, and what to try next.

A title is judged by its worst stretch. Between two rungs that were tried lies a cheaper one that
would do as well: it is found by halving, and only where it could be cheaper than what is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auscult.kernel.errors import InputError
from auscult.performance.codec.quality import Quality
from auscult.performance.codec.trials import Rung, Trial

GAP_MIN_KBPS = 4
"""Rungs that lie closer are not told apart: it is 3 % of 128 kbit/s."""


@dataclass(frozen=True, slots=True)
class Guards:
    """What no rung may do to any item.

    channel_min: score of the worst channel. width_loss_max_db: how much narrower the image may
    become. headroom: throughput over rate that plays without stalls.
    """

    channel_min: float = 2.0
    width_loss_max_db: float = 6.0
    headroom: float = 1.4


@dataclass(frozen=True, slots=True)
class Choice:
    """The rung one title takes, and what it takes the place of.

    is_kept: no rung that was tried is cheaper and good enough, so the fixed one stays.
    """

    item: str
    rung: Rung
    real_kbps: float
    score: float
    before_kbps: float
    before_score: float
    is_kept: bool

    @property
    def saved_share(self) -> float:
        """The share of this title's bytes that is saved, below 1; negative where it takes more."""
        return 1 - self.real_kbps / self.before_kbps


def is_decent(trial: Trial, guards: Guards) -> bool:
    """Whether no guard speaks against what this rung did to this item."""
    quality = trial.quality
    return quality.worst >= guards.channel_min and quality.width_loss_db <= guards.width_loss_max_db


def join_stretches(
    item: str, stretches: Iterable[Mapping[Rung, tuple[float, Quality]]]
) -> list[Trial]:
    """Return a title's trials at every rung that all its stretches were tried at.

    stretches: of equal length, (real kbit/s, quality) by rung. The rate is their mean; scores and
    width are those of the worst.
    """
    some = list(stretches)
    rungs = set.intersection(*(set(one) for one in some)) if some else set()
    return [_join(item, rung, [one[rung] for one in some]) for rung in sorted(rungs)]


def _join(item: str, rung: Rung, found: list[tuple[float, Quality]]) -> Trial:
    qualities = [quality for _, quality in found]
    worst = Quality(
        measure=qualities[0].measure,
        mean=min(one.mean for one in qualities),
        worst=min(one.worst for one in qualities),
        width_loss_db=max(one.width_loss_db for one in qualities),
    )
    return Trial(item, rung, float(np.mean([kbps for kbps, _ in found])), worst)


def choose_rung(
    trials: Sequence[Trial], fixed: Rung, *, needed: float, guards: Guards | None = None
) -> Choice:
    """Return the cheapest rung of one title that passes the guards and scores what is needed.

    A title without one keeps `fixed`, unless `fixed` itself is not good enough and something else
    is. Raises `InputError` where `fixed` was not tried, or trials of several items are given.
    """
    guards = guards or Guards()
    if len({one.item for one in trials}) > 1:
        raise InputError("a rung is chosen for one title at a time")
    before = next((one for one in trials if one.rung == fixed), None)
    if before is None:
        raise InputError(f"{fixed.codec} at {fixed.nominal_kbps} kbit/s was not tried")
    good = [one for one in trials if one.quality.mean >= needed and is_decent(one, guards)]
    taken = min(good, key=lambda one: (one.real_kbps, one.rung), default=before)
    return Choice(
        item=before.item,
        rung=taken.rung,
        real_kbps=taken.real_kbps,
        score=taken.quality.mean,
        before_kbps=before.real_kbps,
        before_score=before.quality.mean,
        is_kept=taken.rung == fixed,
    )


def halve_gaps(
    trials: Sequence[Trial], fixed: Rung, *, needed: float, guards: Guards | None = None
) -> list[Rung]:
    """Return the rungs worth trying next for one title, one of each codec at most.

    Each lies halfway between the cheapest good rung of its codec and the next below it that is not
    good; where its rate promises nothing below the title's best so far, it is left out. Nothing is
    left to try where the gap is `GAP_MIN_KBPS` or less.
    """
    guards = guards or Guards()
    best_kbps = choose_rung(trials, fixed, needed=needed, guards=guards).real_kbps
    halfway = []
    for codec in sorted({one.rung.codec for one in trials}):
        tried = sorted((one for one in trials if one.rung.codec == codec), key=lambda one: one.rung)
        good = [one.quality.mean >= needed and is_decent(one, guards) for one in tried]
        at = good.index(True) if True in good else 0
        if at == 0:
            continue  # none is good enough, or nothing cheaper is worth a thought
        low, high = tried[at - 1], tried[at]
        rate = (low.rung.nominal_kbps + high.rung.nominal_kbps) // 2
        gap = high.rung.nominal_kbps - low.rung.nominal_kbps
        if gap > GAP_MIN_KBPS and low.real_kbps < best_kbps:
            halfway.append(Rung(codec, rate))
    return halfway
