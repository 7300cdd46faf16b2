"""Where another piece begins in the source, with which a coder may have other troubles."""

from dataclasses import replace

from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.figures.blocks import Grid
from auscult.performance.hearing.listeners.boundaries import Boundaries
from auscult.performance.hearing.verdicts import Kind, Verdict

DOUBTED = {Kind.NOISE: 1.5, Kind.CLIPPING: 5.0}
"""A coder fills what is quiet in one piece and not in another (seldom as steadily as noise does),
and lifts the peaks of a dense one: where a piece begins, less than this is not sure."""

EARLY_MS, LATE_MS, PAUSE_MS = 3_500, 4_000, 250


class Pieces:
    """Follows the pieces of a source."""

    def __init__(self, grid: Grid) -> None:
        self._boundaries = Boundaries(grid)

    def hear(self, pair: Pair) -> None:
        """Take in the source of one pair."""
        self._boundaries.hear(pair.source, pair.source_spectra)

    def weigh(self, verdict: Verdict) -> Verdict:
        """Say of what another piece may bring with it that it is not sure."""
        least = DOUBTED.get(verdict.kind)
        if least is None or (verdict.score or 0.0) >= least:
            return verdict
        early_ms, late_ms = verdict.since_ms - EARLY_MS, verdict.since_ms + LATE_MS
        begins = self._boundaries.may_begin(early_ms, late_ms, pause_ms=PAUSE_MS)
        return replace(verdict, is_sure=verdict.is_sure and not begins)
