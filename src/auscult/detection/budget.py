"""The false-page budget: how much evidence a group of series must bring to be worth a page.

A group is all scored series of one subject. Its evidence, from the calibrated evidence e of its m
series, e1 >= e2 >= ... :

    G = e1 + (e2 - 1)+ / 4 + (e3 - 1)+ / 8 + (e4 - 1)+ / 16 - log10 m

The last term is the look-elsewhere correction (Bonferroni over the group's series), the middle ones
a small bonus for company: the series of one service move together, so that adding all their log p
(Fisher) would count one event many times.

A tenant that allows B false pages a week, with groups that take L independent looks a week (one
look lasts as long as the smoothed deviation remembers), pages at G* with L * 10^-G* = B, that is
G* = log10(L / B), were the evidence calibrated. What groups really reach in normal time corrects
it by peaks over threshold, as in SPOT (Siffer et al., KDD 2017) with an exponential tail: from the
k episodes seen above u = 2 in T weeks, with mean excess m over u,

    rate = (k + T0 * L * 10^-u) / (T + T0),    mean = (m * k + m0 * K0) / (k + K0),
    G*   = u + mean * ln(rate / B)

with a prior that is nominal in rate (T0 = one hour) and heavier in mean (m0 = 0.6 where
1/ln 10 = 0.43 would give log10(L / B); worth K0 = 150 episodes): nobody's first tail is as assumed.
Episodes of groups that were paged, and of others while something was, are not normal time: how far
they went is not learnt. But a page counts as one of the k: were it left out, a tail heavier than
assumed would lower its own threshold.

What remains wrong is fed back where it arises. Each page a group makes costs it: beyond four of
late, a decade of evidence for each more (half of one where samples are fast), so that a series
whose tail no model fits pages ever more seldom whatever it does (the controller of adaptive
conformal inference: Gibbs, Candes, NeurIPS 2021). Pages are forgotten at one and a half times the
rate the budget allows (some are right), by all groups that made some together; where samples are
fast one an hour, if that is sooner.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auscult.detection.scoring.columns import Columns, Rows
from auscult.detection.scoring.scorer import rise_of
from auscult.detection.scoring.slow import RISE_AT_FASTEST

WEEK_S = 7 * 24 * 3600.0
EPISODE_FROM = 2.0
EPISODE_UNTIL = 1.0
PRIOR_EPISODES = 150.0
PRIOR_EXCESS = 0.6
PRIOR_WEEKS = 3600.0 / WEEK_S
PATIENCE_INTERVALS = 3.5
PATIENCE_MIN_S = 60.0
PAGES_FREE = 4.0
PAGE_COSTS, PAGE_COSTS_FAST = 1.0, 0.5
PAGE_COSTS_MAX = 6.0
PAGES_ALLOWED = 1.5
"""Of three pages one is taken for true, which no budget of false ones is spent on."""
FAST_S = 5.0
FORGOTTEN_AFTER_S = 3600.0
"""Where samples are fast, one page an hour is forgotten: there one incident brings many."""
THRESHOLD_MIN = 2.0
"""Even one series with an hour between its samples needs so much."""
THRESHOLD_MAX = 10.0
EFFECT_FALLS = 0.4
EFFECT = 2.4
"""What is sure and yet small wakes nobody: a finding begins at three scales, held."""
COMPANY = (1 / 4, 1 / 8, 1 / 16)

Evidence = NDArray[np.float64]


@dataclass(slots=True)
class Budget:
    """One tenant's threshold for the evidence of a group, and what it was learnt from."""

    pages_per_week: float = 2.0
    looks_per_week: float = 1.0
    interval_s: float = 1.0
    """The distance of samples, of the fastest series."""
    weeks: float = 0.0
    episodes: float = 0.0
    paged: float = 0.0
    excess: float = 0.0
    spent: dict[int, float] = field(default_factory=dict)
    """Group -> the pages it has made of late."""
    _peaks: dict[int, float] = field(default_factory=dict)
    _opened: frozenset[int] | None = None
    _last_ms: int = 0

    @property
    def threshold(self) -> float:
        """G*: a group with so much evidence is worth a page."""
        nominal = self.looks_per_week * 10.0**-EPISODE_FROM
        seen = self.episodes + self.paged
        rate = (seen + PRIOR_WEEKS * nominal) / (self.weeks + PRIOR_WEEKS)
        mean = (self.excess + PRIOR_EXCESS * PRIOR_EPISODES) / (self.episodes + PRIOR_EPISODES)
        pages = max(self.pages_per_week, 1e-3)
        level = EPISODE_FROM + mean * float(np.log(max(rate / pages, 1e-9)))
        return min(max(level, THRESHOLD_MIN), THRESHOLD_MAX)

    def needed(self, groups: Rows) -> Evidence:
        """Return the evidence that is worth a page for each of n groups; float64 (n,).

        The threshold, and what a group's own pages of late cost it.
        """
        pages = np.array([self.spent.get(group, 0.0) for group in groups.tolist()])
        cost = PAGE_COSTS_FAST if self.interval_s <= FAST_S else PAGE_COSTS
        return self.threshold + np.clip(cost * (pages - PAGES_FREE), 0, PAGE_COSTS_MAX)

    def look(self, groups: Rows, interval_s: NDArray[np.float32]) -> None:
        """Learn how often is looked, from each scored series' group and interval, both (n,)."""
        self.looks_per_week = looks_of(groups, interval_s)
        self.interval_s = float(interval_s.min())

    def learn(self, groups: Rows, evidence: Evidence, *, now_ms: int, opened: set[int]) -> None:
        """Take the evidence of all groups that have any; `opened` are those that are paged now."""
        elapsed_ms = max(now_ms - self._last_ms, 0) if self._last_ms else 0
        elapsed_s = min(
            elapsed_ms / 1000, max(PATIENCE_MIN_S, PATIENCE_INTERVALS * self.interval_s)
        )
        self._last_ms = now_ms
        self._spend(opened, elapsed_s)
        if opened:
            self._peaks.clear()
            return
        self.weeks += elapsed_s / WEEK_S
        now = dict(zip(groups.tolist(), evidence.tolist(), strict=True))
        for group, peak in list(self._peaks.items()):
            if now.get(group, 0.0) < EPISODE_UNTIL:
                self.episodes += 1
                self.excess += peak - EPISODE_FROM
                del self._peaks[group]
        for group, level in now.items():
            if level >= EPISODE_FROM:
                self._peaks[group] = max(level, self._peaks.get(group, 0.0))

    def _spend(self, opened: set[int], elapsed_s: float) -> None:
        """Count new pages, and let the old ones fade."""
        if self.spent:
            weeks = elapsed_s / WEEK_S / len(self.spent)  # they share what is allowed
            faded = PAGES_ALLOWED * self.pages_per_week * weeks
            if self.interval_s <= FAST_S:
                faded = max(faded, elapsed_s / FORGOTTEN_AFTER_S)
            left = {group: pages - faded for group, pages in self.spent.items()}
            self.spent = {group: pages for group, pages in left.items() if pages > 0}
        if self._opened is not None:  # else these were open before a restart
            for group in opened - self._opened:
                self.paged += 1
                self.spent[group] = self.spent.get(group, 0.0) + 1
        self._opened = frozenset(opened)


def combine(groups: Rows, evidence: Evidence, sizes: NDArray[np.int64]) -> tuple[Rows, Evidence]:
    """Return the groups among n series and their evidence G, strongest first.

    groups: int64 (n,) number of each series' group. evidence: float64 (n,), calibrated.
    sizes: int64 (n,), how many scored series that group has in all, those without evidence too.
    """
    if groups.size <= 1:
        return groups, evidence - np.log10(np.maximum(sizes, 1))
    order = np.lexsort((-evidence, groups))
    groups, evidence, sizes = groups[order], evidence[order], sizes[order]
    first = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    lengths = np.diff(np.r_[first, groups.size])
    rank = np.arange(groups.size) - np.repeat(first, lengths)
    weight = np.zeros(groups.size)
    for place, share in enumerate(COMPANY, start=1):
        weight[rank == place] = share
    total = evidence[first] - np.log10(np.maximum(sizes[first], 1))
    total += np.add.reduceat(weight * np.maximum(evidence - 1, 0), first)
    ranked = np.argsort(-total, kind="stable")
    return groups[first][ranked], total[ranked]


def looks_of(groups: Rows, interval_s: NDArray[np.float32]) -> float:
    """Return how many independent looks a week all groups take together.

    groups: int64 (n,), the group of each scored series. interval_s: float32 (n,), seconds. One look
    lasts as long as `smooth` remembers: 1 / rise of the group's mean interval.
    """
    if groups.size == 0:
        return 1.0
    counts = np.bincount(groups)
    mean_s = np.bincount(groups, weights=interval_s)[counts > 0] / counts[counts > 0]
    mean_s = np.maximum(mean_s, 1.0)
    return float((WEEK_S / mean_s * rise_of(mean_s)).sum())


def drop_small(
    evidence: Evidence,
    columns: Columns,
    *,
    rows: Rows,
    is_open: NDArray[np.bool_],
) -> Evidence:
    """Return n series' evidence, 0 where it is sure and yet small, unless a finding is open.

    evidence: float64 (n,). rows: int64 (n,), their slots. is_open: bool (n,).
    At 1 s three scales must be held (`smooth`), at 1 h one sample of them is enough (`rise`).
    """
    least = EFFECT * (1 - EFFECT_FALLS * (columns.rise[rows] - RISE_AT_FASTEST))
    return np.where((np.abs(columns.smooth[rows]) < least) & ~is_open, 0.0, evidence)
