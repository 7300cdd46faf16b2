"""A plain limit: a value above or below a number for some time."""

from collections.abc import Iterable
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from auscult.detection.port import Complaint, Detector, Match, Memory, View
from auscult.detection.roster import metric_of
from auscult.detection.scoring.columns import Rows
from auscult.detection.sentences import say, say_duration, words_of
from auscult.kernel.words import Severity

COMPLAINTS_MAX = 100


_FRESH_S = 30.0


class Threshold(Detector):
    """Complains about every matching series beyond a limit for `for_s` seconds.

    A counter is compared as its rate per second. The hundred furthest beyond the limit are told.
    """

    match: tuple[Match, ...] = Field(min_length=1)
    above: float | None = None
    below: float | None = None
    for_s: float = Field(default=0.0, ge=0)
    severity: Severity = Severity.WARNING

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        return self

    def judge(self, view: View, memory: Memory) -> Iterable[Complaint]:
        """Return what has been beyond the limit for long enough."""
        rows = view.matching(self.match)
        rows = rows[_is_fresh(view, rows)]
        value = view.columns.last[rows].astype(np.float64)
        beyond = value - self.above if self.above is not None else float(self.below or 0) - value
        bad = np.flatnonzero(beyond > 0)
        bad = bad[np.argsort(-beyond[bad], kind="stable")][:COMPLAINTS_MAX]
        worst = rows[bad].tolist()
        for slot in set(memory) - set(worst):
            del memory[slot]
        for slot in worst:
            memory.setdefault(slot, int(view.columns.last_ms[slot]))
        return [
            self._complain(view, slot, since_ms=memory[slot])
            for slot in worst
            if view.now_ms - memory[slot] >= self.for_s * 1000
        ]

    def _complain(self, view: View, slot: int, *, since_ms: int) -> Complaint:
        unit, value = view.unit_of(slot), float(view.columns.last[slot])
        limit = float(self.above if self.above is not None else self.below or 0)
        side = "above" if self.above is not None else "below"
        metric = metric_of(view.labels_of(slot))
        subject = view.subject_of(slot)
        return Complaint(
            slot=slot,
            subject=subject,
            signal=metric,
            since_ms=since_ms,
            score=0.0,
            severity=self.severity,
            sentence=f"{subject}: {words_of(metric)} {say(value, unit, beside=limit)}, "
            f"{side} the limit of {say(limit, unit)} for {say_duration(view.now_ms - since_ms)}",
            low=self.below,
            high=self.above,
        )


def _is_fresh(view: View, rows: Rows) -> NDArray[np.bool_]:
    """Say which series still speak: a last word of long ago is no proof of what is now."""
    columns = view.columns
    patience_ms = np.maximum(columns.interval_s[rows] * 10, _FRESH_S) * 1000
    heard_ms = np.maximum(columns.last_ms[rows], view.awake_ms)
    return (columns.last_ms[rows] > 0) & (view.now_ms - heard_ms <= patience_ms)
