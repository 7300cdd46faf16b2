"""Whether a change keeps: what was measured afterwards against what was promised."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.performance.capacity.promises import Advice, Move, Outcome, Policy, Verdict
from auscult.performance.capacity.shape import PEAK_QUANTILE
from auscult.performance.capacity.usage import Usage

WATCHED_MIN = 30.0
"""Minutes under load after a change that a verdict needs."""

SAMPLES_MIN = 20
LIKE = 0.7
"""A load is like the peak from this share of it on; a change that saw no such load is untried."""

SURE = 3.0
"""Standard errors by which a wait must lie beyond its promise to be worse for sure."""

HELPS = 0.5
"""Share of the promised shortening of the wait that what was added must bring at least."""

Column = NDArray[np.float64]


def split(usage: Usage, advice: Advice, *, advised_ms: int) -> tuple[Usage, Usage] | None:
    """Return how a pool was used before it was advised on, and since it has the advised size.

    None where it never had that size since. What it did at other sizes in between is in neither.
    """
    later = usage.at_ms >= advised_ms
    followed = later & (np.round(usage.servers) == advice.proposed)
    return (usage.part(~later), usage.part(followed)) if followed.any() else None


def judge(before: Usage, after: Usage, advice: Advice, *, policy: Policy | None = None) -> Verdict:
    """Return whether the change keeps or is to be taken back, with what it really brought.

    Only the part of `after` counts in which the load was like the peak; what was taken away comes
    back as soon as it proves missing, however short that was. Raises `ValueError` for an advice
    that changes nothing.
    """
    policy = policy or Policy()
    if advice.move not in {Move.ADD, Move.REMOVE} or advice.demand_erlang is None:
        raise ValueError(f"an advice to {advice.move} has nothing to be judged")
    known = np.isfinite(after.busy) & (after.servers > 0)
    loaded = known & (after.busy >= LIKE * advice.demand_erlang.low)
    seen = _Seen(before, after, loaded)
    removed, enough = advice.move is Move.REMOVE, int(known.sum()) >= SAMPLES_MIN
    saturated = float(after.is_saturated[known].mean()) if enough else 0.0
    if removed and saturated > 1.0 - PEAK_QUANTILE:
        return seen.say(Outcome.REVERTED, f"everything was busy {saturated:.0%} of the time")
    minutes = _minutes(after, loaded)
    if int(loaded.sum()) < SAMPLES_MIN or minutes < WATCHED_MIN:
        why = f"{minutes:.0f} of {WATCHED_MIN:.0f} min under a load like the peak were seen"
        return seen.say(Outcome.UNDECIDED, why)
    busiest = float(np.quantile((after.busy / after.servers)[known], PEAK_QUANTILE))
    if removed and busiest > policy.utilisation_max:
        why = f"utilisation reached {busiest:.0%}; {policy.utilisation_max:.0%} is the limit"
        return seen.say(Outcome.REVERTED, why)
    return _judge_waits(seen, advice)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was measured before and after; `loaded` is where the load after was like the peak."""

    before: Usage
    after: Usage
    loaded: NDArray[np.bool_]

    def say(self, outcome: Outcome, reason: str) -> Verdict:
        """Return a verdict with what was measured."""
        if not self.loaded.any():
            return Verdict(outcome, reason)
        utilisation = float((self.after.busy / self.after.servers)[self.loaded].mean())
        waits = self.waits_after_s()
        wait_s = float(waits.mean()) if len(waits) else float("nan")
        return Verdict(outcome, reason, utilisation, wait_s, self.wait_before_s())

    def waits_after_s(self) -> Column:
        """Return the waits under load that were measured."""
        if not len(self.after.wait_s):
            return np.zeros(0)
        waits = self.after.wait_s[self.loaded]
        return waits[np.isfinite(waits)]

    def wait_before_s(self) -> float:
        """Return the mean wait before at the like load, or at an overload; NaN for none."""
        if not len(self.before.wait_s):
            return float("nan")
        low, high = np.quantile(self.after.busy[self.loaded], [0.05, 0.95])
        like = (self.before.busy >= low) & (self.before.busy <= high) | self.before.is_saturated
        waits = self.before.wait_s[like]
        waits = waits[np.isfinite(waits)]
        return float(waits.mean()) if len(waits) else float("nan")


def _judge_waits(seen: _Seen, advice: Advice) -> Verdict:
    waits = seen.waits_after_s()
    if len(waits) < SAMPLES_MIN or advice.wait_s is None:
        return seen.say(Outcome.KEPT, "utilisation is as promised; waits were not measured")
    wait_s, most_s = float(waits.mean()), advice.wait_s.high
    if advice.move is Move.REMOVE and wait_s - SURE * _standard_error(waits) > most_s:
        why = f"the wait is {wait_s:.3g} s at the peak; at most {most_s:.3g} s was promised"
        return seen.say(Outcome.REVERTED, why)
    before_s = seen.wait_before_s()
    in_vain = before_s > most_s and before_s - wait_s < HELPS * (before_s - most_s)
    if advice.move is Move.ADD and in_vain:
        why = f"the wait is still {wait_s:.3g} s: this is not what it waits for"
        return seen.say(Outcome.REVERTED, why)
    return seen.say(Outcome.KEPT, "as promised")


def _standard_error(column: Column) -> float:
    """Return the standard error of a mean by eight blocks: waits beside each other are alike."""
    means = np.array([part.mean() for part in np.array_split(column, 8)])
    return float(means.std(ddof=1)) / float(np.sqrt(len(means)))


def _minutes(usage: Usage, loaded: NDArray[np.bool_]) -> float:
    apart_ms = np.diff(usage.at_ms)
    return float(loaded.sum()) * float(np.median(apart_ms)) / 60_000 if len(apart_ms) else 0.0
