"""The always-on scorer's settings, and which of its groups are worth a page now."""

import re
from collections.abc import Iterable
from functools import cached_property

import numpy as np
from pydantic import Field, field_validator

from auscult.detection.budget import Evidence, combine, drop_small
from auscult.detection.names import CRITICAL, EASING, EXCLUDED, GAINING, refuse_unreadable
from auscult.detection.port import Complaint, Detector, Match, Memory, View
from auscult.detection.roster import metric_of
from auscult.detection.scoring.calibrator import calibrate
from auscult.detection.scoring.columns import EASES, GAINS, READY, Rows
from auscult.detection.sentences import say, say_duration, say_range, words_of
from auscult.kernel.words import Labels, Severity

_FRESH_S, _FAST_INTERVAL_S = 30.0, 5.0
_WARM, _JOIN, _SAID_MS = 1.0, 3.0, 1000


class Scorer(Detector):
    """Watches every series that is not excluded and spends the false-page budget on the oddest.

    A subject opens when the evidence of its series reaches the budget's threshold for `hold_s`
    (series sampled every five seconds or faster; a slower sample already holds that long). At most
    `signals_max` of its metrics become findings. Each stays open until its evidence is below `off`.
    `sensitivity` multiplies evidence. `mute`: a series that any of these matches is not scored.
    Critical: a metric whose name matches `critical` rising, or most of a subject's series at once.
    `eases`: falling, a metric whose name matches is no fault, `gains`: rising.
    """

    sensitivity: float = Field(default=1.0, gt=0, le=10)
    mute: tuple[Match, ...] = ()
    exclude: tuple[str, ...] = EXCLUDED
    critical: str = CRITICAL
    eases: str = EASING
    gains: str = GAINING
    signals_max: int = Field(default=3, ge=1, le=20)
    hold_s: float = Field(default=2.0, ge=0)
    off: float = Field(default=2.0, gt=0)

    @field_validator("exclude", "critical", "eases", "gains")
    @classmethod
    def _readable(cls, patterns: tuple[str, ...] | str) -> tuple[str, ...] | str:
        refuse_unreadable((patterns,) if isinstance(patterns, str) else patterns)
        return patterns

    @cached_property
    def _excluded(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{pattern})" for pattern in self.exclude) or r"(?!)")

    def takes(self, labels: Labels) -> bool:
        """Say whether a series is scored."""
        named, out = dict(labels), self._excluded.fullmatch(metric_of(labels))
        return out is None and not any(matcher.matches(named) for matcher in self.mute)

    def betters(self, labels: Labels) -> np.uint8:
        """Return `EASES` and `GAINS` of a series of which less or more is better."""
        eases, gains = (re.fullmatch(one, metric_of(labels)) for one in (self.eases, self.gains))
        return (EASES if eases else np.uint8(0)) | (GAINS if gains else np.uint8(0))

    def judge(self, view: View, memory: Memory) -> Iterable[Complaint]:
        """Return the strongest series of every subject that is worth a page."""
        rows = view.scored
        rows = rows[(view.columns.flags[rows] & READY) > 0]
        if rows.size == 0:
            return []
        sizes = np.bincount(view.group_of(rows))
        view.budget.look(view.group_of(rows), view.columns.interval_s[rows])
        evidence = self._evidence(view, rows)
        warm = np.flatnonzero(evidence > _WARM)
        rows, evidence = rows[warm], evidence[warm]
        of = view.group_of(rows)
        open_rows = np.fromiter(view.open_slots(), dtype=np.int64)
        opened = set(view.group_of(open_rows).tolist())
        groups, total = combine(of, evidence, sizes[of])
        view.budget.learn(groups, total, now_ms=view.now_ms, opened=opened)
        if rows.size == 0:
            memory.clear()
            return []
        is_open = np.isin(rows, open_rows)
        worth = drop_small(evidence, view.columns, rows=rows, is_open=is_open)
        worth[view.is_negligible(rows) & ~is_open] = 0
        groups, total = combine(of, worth, sizes[of])
        over = set(groups[total >= view.budget.needed(groups)].tolist())
        slow = set(of[view.columns.interval_s[rows] > _FAST_INTERVAL_S].tolist())
        held = self._held(view, over, memory=memory, slow=slow)
        return self._choose(view, rows, evidence=worth, groups=held | opened)

    def _evidence(self, view: View, rows: Rows) -> Evidence:
        columns = view.columns
        evidence = self.sensitivity * calibrate(columns.evidence[rows], columns.tail[rows])
        patience_s = np.maximum(columns.interval_s[rows] * 10, _FRESH_S)
        heard_ms = np.maximum(columns.last_ms[rows], view.awake_ms)
        evidence[view.now_ms - heard_ms > patience_s * 1000] = 0
        evidence[columns.flags[rows] & np.where(columns.smooth[rows] < 0, EASES, GAINS) > 0] = 0
        return evidence

    def _held(self, view: View, over: set[int], *, memory: Memory, slow: set[int]) -> set[int]:
        """Return the groups that have been over the threshold long enough, and remember since."""
        for group in set(memory) - over:
            del memory[group]
        for group in over:
            memory.setdefault(group, view.now_ms)
        hold_ms = self.hold_s * 1000
        return {group for group in over if group in slow or view.now_ms - memory[group] >= hold_ms}

    def _choose(
        self, view: View, rows: Rows, *, evidence: Evidence, groups: set[int]
    ) -> list[Complaint]:
        """Return the findings that stay open, then the strongest new ones up to the limit."""
        opened, chosen = view.open_slots(), list[Complaint]()
        join = min(_JOIN, view.budget.threshold)
        taken: dict[int, set[str]] = {group: set() for group in groups}
        is_new = ~np.isin(rows, np.fromiter(opened, dtype=np.int64))
        for index in np.lexsort((-evidence, is_new)):
            slot, strength = int(rows[index]), float(evidence[index])
            group = int(view.group_of(rows[index : index + 1])[0])
            metric = metric_of(view.labels_of(slot)) if group in groups else ""
            if group not in groups or metric in taken[group]:
                continue
            if strength < (self.off if slot in opened else join):
                continue
            if len(taken[group]) < self.signals_max:
                taken[group].add(metric)
                chosen.append(self._complain(view, slot, metric=metric, evidence=strength))
        return chosen

    def _complain(self, view: View, slot: int, *, metric: str, evidence: float) -> Complaint:
        value, unit = float(view.columns.last[slot]), view.unit_of(slot)
        level, low, high = (float(one[0]) for one in view.usual_of(np.array([slot])))
        since_ms = view.open_slots().get(slot, view.now_ms)
        lasted = view.now_ms - since_ms
        subject = view.subject_of(slot)
        critical = value > level and re.fullmatch(self.critical, metric) is not None
        return Complaint(
            slot=slot,
            subject=subject,
            signal=metric,
            since_ms=since_ms,
            score=round(evidence, 2),
            severity=Severity.CRITICAL if critical else Severity.WARNING,
            sentence=f"{subject}: {words_of(metric)} {say(value, unit, beside=high)} "
            f"(usual: {say_range(low, high, unit)})"
            + (f", for {say_duration(lasted)}" if lasted >= _SAID_MS else ""),
            low=low,
            high=high,
        )
