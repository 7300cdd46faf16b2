"""Who calls whom, learnt from spans: a span whose parent belongs to another service is a call."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry import SpanColumns
from auscult.signals.traces.names import Names

EDGES_MAX = 1_000
"""Edges that one look finds at most."""


def find_edges(
    children: Sequence[SpanColumns], parents: Sequence[SpanColumns], names: Names
) -> list[tuple[str, str]]:
    """Return (caller, called) services, each pair once.

    A parent is found by its span id, and believed where the trace is the same. A child may come
    before its parent (the called side of a call ends first, and reports by itself), so whoever
    calls this looks at children that are some seconds old. The order is that of the names' numbers.
    """
    if not children or not parents:
        return []
    span, trace, service = (
        np.concatenate([getattr(one, name) for one in parents])
        for name in ("span", "trace", "service")
    )
    order = np.argsort(span)
    span = span[order]
    found: set[tuple[int, int]] = set()
    for one in children:
        rows = np.flatnonzero(one.parent != 0)
        place = np.minimum(np.searchsorted(span, one.parent[rows]), len(span) - 1)
        known = span[place] == one.parent[rows]
        rows, above = rows[known], order[place[known]]
        same = (trace[above] == one.trace[rows]).all(axis=1)
        found |= _pairs(service[above[same]], one.service[rows[same]])
        if len(found) >= EDGES_MAX:
            break
    return [
        (names.text(caller), names.text(called)) for caller, called in sorted(found)[:EDGES_MAX]
    ]


def _pairs(callers: NDArray[np.int32], called: NDArray[np.int32]) -> set[tuple[int, int]]:
    """Return the distinct pairs of two different services that are known by name."""
    across = (callers != called) & (callers > 0) & (called > 0)
    both = np.unique(np.stack([callers[across], called[across]], axis=1), axis=0)
    return {(int(caller), int(one)) for caller, one in both}
