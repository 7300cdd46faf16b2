"""Which ladder serves this audience best, and what does it save against a fixed one?

Rungs are judged by their worst item, not by the mean: the mean is fine where one track in ten is
ruined. Guards come before the hull: a rung that ruins one channel or narrows the stereo image of
any item is not offered, however well it scores.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import InputError
from auscult.performance.codec.hull import find_hull
from auscult.performance.codec.titles import Guards, choose_rung, is_decent
from auscult.performance.codec.trials import Rung, Trial

Doubles = NDArray[np.float64]

TRIALS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of a ladder, with what it costs and how its worst item fares."""

    rung: Rung
    real_kbps: float
    worst_score: float


@dataclass(frozen=True, slots=True)
class Ladder:
    """The recommended steps, the cheapest first, and what the audience has of them.

    score, mean_kbps: of the audience. starved_share: listeners too slow for the cheapest step.
    refused: rungs that a guard took out.
    """

    steps: tuple[Step, ...]
    score: float
    mean_kbps: float
    starved_share: float
    refused: tuple[Rung, ...]


def recommend(
    trials: Sequence[Trial],
    throughput_kbps: Doubles,
    *,
    steps: int = 4,
    guards: Guards | None = None,
) -> Ladder:
    """Return the ladder of at most `steps` rungs of the hull that scores best for this audience.

    throughput_kbps: float64 (listeners,), what each was measured to have. Every listener plays the
    best step that the throughput carries with headroom, else the cheapest. Raises `InputError`
    where items were tried at different rungs or by two measures, where no rung passes the guards,
    and without listeners.
    """
    guards = guards or Guards()
    if steps < 1 or not throughput_kbps.size or not np.isfinite(throughput_kbps).all():
        raise InputError("a ladder takes a step and listeners with a finite throughput")
    table = _Table(trials)
    passed = [rung for rung in table.rungs if table.passes(rung, guards)]
    if not passed:
        raise InputError("no rung passes the guards")
    offers = [table.step(rung) for rung in passed]
    rate_kbps = np.array([offer.real_kbps for offer in offers])
    score = np.array([offer.worst_score for offer in offers])
    hull = find_hull(rate_kbps, score)
    reach = np.sort(throughput_kbps / guards.headroom)
    kept = [hull[at] for at in _choose(rate_kbps[hull], score[hull], reach=reach, steps=steps)]
    played = np.maximum(np.searchsorted(rate_kbps[kept], reach, side="right") - 1, 0)
    return Ladder(
        steps=tuple(offers[at] for at in kept),
        score=float(score[kept][played].mean()),
        mean_kbps=float(rate_kbps[kept][played].mean()),
        starved_share=float(np.mean(reach < rate_kbps[kept[0]])),
        refused=tuple(rung for rung in table.rungs if rung not in passed),
    )


def saved_share(
    trials: Sequence[Trial],
    fixed: Rung,
    *,
    needed: float | None = None,
    guards: Guards | None = None,
) -> float:
    """Return the share of bytes, below 1, that rungs chosen by title save against one for all.

    Each item takes the cheapest of its rungs that passes the guards and scores at least `needed`:
    by default what the worst item scores at `fixed`, so that nothing sounds worse than the worst
    did. Items may have been tried at different rungs. Raises `InputError` where an item was not
    tried at `fixed`.
    """
    if needed is None:
        needed = worst_score(trials, fixed)
    by_item: dict[str, list[Trial]] = {}
    for one in trials:
        by_item.setdefault(one.item, []).append(one)
    chosen = [choose_rung(some, fixed, needed=needed, guards=guards) for some in by_item.values()]
    return 1 - sum(one.real_kbps for one in chosen) / sum(one.before_kbps for one in chosen)


def worst_score(trials: Iterable[Trial], rung: Rung) -> float:
    """Return what the worst item scores at a rung; raises `InputError` where none was tried."""
    scores = [one.quality.mean for one in trials if one.rung == rung]
    if not scores:
        raise InputError(f"{rung.codec} at {rung.nominal_kbps} kbit/s was not tried")
    return min(scores)


class _Table:
    """Trials by item and rung; every item was tried at every rung, by one measure."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        some = list(trials)
        if not 0 < len(some) <= TRIALS_MAX:
            raise InputError(f"{len(some)} trials; taken are 1 to {TRIALS_MAX}")
        self._cells = {(one.item, one.rung): one for one in some}
        self.items = sorted({one.item for one in some})
        self.rungs = sorted({one.rung for one in some})
        if len(self._cells) < len(self.items) * len(self.rungs):
            raise InputError("items were tried at different rungs")
        if len({one.quality.measure for one in some}) > 1:
            raise InputError("scores of two measures do not compare")

    def trial(self, item: str, rung: Rung) -> Trial:
        return self._cells[item, rung]

    def passes(self, rung: Rung, guards: Guards) -> bool:
        return all(is_decent(self.trial(item, rung), guards) for item in self.items)

    def step(self, rung: Rung) -> Step:
        tried = [self.trial(item, rung) for item in self.items]
        rate_kbps = float(np.mean([one.real_kbps for one in tried]))
        return Step(rung, rate_kbps, min(one.quality.mean for one in tried))


def _choose(rate_kbps: Doubles, score: Doubles, *, reach: Doubles, steps: int) -> list[int]:
    """Return which points of the hull to keep, the cheapest always: dynamic programming.

    best[i]: what the listeners below point i have at most, with i the highest step so far.
    """
    below = np.searchsorted(reach, rate_kbps)  # listeners that do not reach each point
    count = rate_kbps.size
    best = np.full(count, -np.inf)
    best[0] = below[0] * score[0]
    paths: list[list[int]] = [[at] for at in range(count)]
    top = best + (reach.size - below) * score
    chosen, value = [0], float(top[0])
    for _ in range(min(steps, count) - 1):
        better, longer = np.full(count, -np.inf), [list[int]() for _ in range(count)]
        for at in range(1, count):
            gains = best[:at] + (below[at] - below[:at]) * score[:at]
            before = int(np.argmax(gains))
            better[at], longer[at] = gains[before], [*paths[before], at]
        best, paths = better, longer
        top = best + (reach.size - below) * score
        if float(top.max()) > value + 1e-12:
            value, chosen = float(top.max()), paths[int(top.argmax())]
    return chosen
