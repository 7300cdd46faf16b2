"""Which spans belong under which, and how much time of each is its own.

A span's own time is the part of it in which no child of it was at work. Only durations of one host
are compared with durations of another, never their clocks: a called side that seems to lie outside
of its caller is moved into it first, as `signals.traces.trees` does for the page.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry import SpanKind
from auscult.performance.bottlenecks.journeys.lookup import Lookup
from auscult.performance.bottlenecks.journeys.pool import Spans

Rows = NDArray[np.intp]
Spells = NDArray[np.int64]

_LONGEST_NS = 3_600_000_000_000
"""Times within a parent are counted up to an hour, so that many parents fit on one line."""


@dataclass(frozen=True, slots=True)
class Kin:
    """m pairs: rows of children in one `Spans` and of their parents in another; intp[m]."""

    child: Rows
    parent: Rows


def find_kin(parents: Spans, children: Spans) -> Kin:
    """Return who of `children` belongs under whom of `parents`, believed where the trace is one."""
    order = np.argsort(parents.key)
    rows, place = Lookup(parents.key[order]).find(children.above)
    above = order[place]
    same = (parents.trace[above] == children.trace[rows]).all(axis=1)
    same &= (parents.key[above] != children.key[rows]) & (children.above[rows] != 0)
    return Kin(rows[same], above[same])


def measure_own(parents: Spans, children: Spans, kin: Kin) -> Spells:
    """Return each parent's own time in nanoseconds, int64[n]; `kin` must hold all their children.

    A child that takes up what was sent (`CONSUMER`) works for itself, and takes nothing away.
    """
    waits = children.kind[kin.child] != SpanKind.CONSUMER
    child, parent = kin.child[waits], kin.parent[waits]
    if not len(child):
        return parents.lasts_ns.copy()
    whole = np.minimum(parents.lasts_ns[parent], _LONGEST_NS)
    lasts = np.minimum(children.lasts_ns[child], _LONGEST_NS)
    start = children.start_ns[child] - parents.start_ns[parent]
    across = children.service[child] != parents.service[parent]
    start = np.where(across, _set_clock(start, lasts, whole=whole), start)
    begin, end = np.clip(start, 0, whole), np.clip(start + lasts, 0, whole)
    covered = _cover(begin, end, parent, size=len(parents))
    own: Spells = np.maximum(parents.lasts_ns - covered, 0)
    return own


def _set_clock(start: Spells, lasts: Spells, *, whole: Spells) -> Spells:
    """Move what lies outside of its parent into its middle, or to its start where it is longer."""
    outside = (start < 0) | (start + lasts > whole)
    begins_inside = (start >= 0) & (start < whole)
    moved = np.where(lasts <= whole, (whole - lasts) // 2, np.where(begins_inside, start, 0))
    settled: Spells = np.where(outside, moved, start)
    return settled


def _cover(begin: Spells, end: Spells, parent: Rows, *, size: int) -> Spells:
    """Return how much of each parent its children cover, where they overlap counted once.

    All parents are laid on one line, one after the other, so that one running maximum does it.
    """
    _, group = np.unique(parent, return_inverse=True)
    order = np.lexsort((begin, group))
    lift = group[order].astype(np.int64) * (_LONGEST_NS + 1)
    begins, ends = begin[order] + lift, end[order] + lift
    upto = np.maximum.accumulate(ends)
    before = np.concatenate([[np.iinfo(np.int64).min], upto[:-1]])
    free = np.maximum(ends - np.maximum(begins, before), 0)
    covered = np.bincount(parent[order], free, minlength=size)
    return covered.astype(np.int64)
