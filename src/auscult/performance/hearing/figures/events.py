"""Rare events against what is usual for the stream: a Poisson test with a learnt rate."""

import math
from collections import deque

from auscult.performance.hearing.verdicts import SCORE_MAX

WINDOW_S = 10.0
EVENTS_MAX = 1_000
PRIOR_S = 600.0
"""How many seconds of other sound the prior rate weighs."""


class Events:
    """Counts events of one kind, and says how improbable as many as the last 10 s had are.

    The rate is learnt over the whole stream (a Gamma prior of `prior` events in ten minutes): a
    crackling record, a gated synthesiser or a looped drum has its events from the beginning and
    soon needs more of them. Events less than `apart_s` after one that was counted are the same one.
    """

    def __init__(self, *, prior: float, p_max: float, apart_s: float = 0.0) -> None:
        self.prior, self.p_max, self.apart_s = prior, p_max, apart_s
        self.total = 0
        self._recent: deque[float] = deque(maxlen=EVENTS_MAX)

    def count(self, at_s: float, *, doubt: float = 1.0) -> float | None:
        """Take in an event `at_s` seconds after the stream's beginning.

        Returns −log10 p when so many are too many, else None. doubt: by how much less probable they
        must be where each is weak evidence.
        """
        if self._recent and at_s - self._recent[-1] < self.apart_s:
            return None
        self._recent.append(at_s)
        while self._recent and self._recent[0] <= at_s - WINDOW_S:
            self._recent.popleft()
        now = len(self._recent)
        earlier = self.total + 1 - now
        self.total += 1
        rate = (self.prior + earlier) / (PRIOR_S + max(0.0, at_s - WINDOW_S))
        p = poisson_tail(now, rate * WINDOW_S)
        return min(SCORE_MAX, -math.log10(p)) if p <= self.p_max / doubt else None

    @property
    def first_s(self) -> float:
        """When the first event of the present window was, seconds from the beginning."""
        return self._recent[0] if self._recent else 0.0


def poisson_tail(events: int, expected: float) -> float:
    """Return P(N ≥ events) of a Poisson variable, at least 10⁻³⁰⁰."""
    if events <= 0:
        return 1.0
    if events > expected + 20 * math.sqrt(expected) + 40:
        log_term = events * math.log(expected) - expected - math.lgamma(events + 1)
        return max(10**-SCORE_MAX, math.exp(max(log_term, -690.0)))
    term = math.exp(-expected)
    below = term
    for n in range(1, events):
        term *= expected / n
        below += term
    rest = term * expected / events
    tail = 0.0
    for n in range(events, events + 200):
        tail += rest
        rest *= expected / (n + 1)
    return max(tail, 1.0 - below if below < 0.5 else tail, 10**-SCORE_MAX)  # noqa: PLR2004  half
