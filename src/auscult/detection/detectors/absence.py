"""Dead man: a target's `up` is 0, or what it used to send no longer comes."""

from collections.abc import Iterable

import numpy as np
from pydantic import Field

from auscult.detection.port import Complaint, Detector, Match, Memory, View
from auscult.detection.scoring.columns import Rows
from auscult.detection.sentences import say_duration
from auscult.kernel.matchers import Matcher
from auscult.kernel.words import Severity, Subject

_UP = Matcher(name="__name__", op="=", value="up")
_INTERVALS = 5
_FIRST_S = 300.0
"""How long after its first sample alone a series is waited for."""
SOURCES = Subject(service="sources")


class Absence(Detector):
    """Complains about a target that is down (`up` is 0) for `for_s`, or silent for `silent_s`.

    Silent means that no matching series of a subject has brought a sample, be it that a stale
    marker ended them or that they just stopped; slow series get five of their intervals, and those
    that came once only, whose interval nobody knows yet, five minutes. Senders collect samples for
    seconds before they send, so `silent_s` is longer than `for_s`. A subject silent for longer than
    `gone_after_s` was taken away on purpose, or was told long enough. When every subject of a
    tenant falls silent at once, the way to auscult is what broke: one finding, about `sources`.
    """

    match: tuple[Match, ...] = ()
    for_s: float = Field(default=3.0, ge=0)
    silent_s: float = Field(default=30.0, ge=0)
    gone_after_s: float = Field(default=3600.0, gt=0)
    severity: Severity = Severity.CRITICAL
    quiet_s: float = Field(default=2.0, ge=0)

    def judge(self, view: View, memory: Memory) -> Iterable[Complaint]:
        """Return the targets that are down and the subjects that are silent."""
        rows = view.matching(self.match)
        rows = rows[view.columns.last_ms[rows] > 0]
        down = self._down(view, memory)
        told = {complaint.subject for complaint in down}
        silent = [told_of for told_of in self._silent(view, rows) if told_of.subject not in told]
        return [*down, *silent]

    def _down(self, view: View, memory: Memory) -> list[Complaint]:
        ups = view.matching((_UP, *self.match))
        columns = view.columns
        ups = ups[(columns.last_ms[ups] > 0) & (columns.last[ups] == 0)]
        downs = set(ups.tolist())
        for slot in set(memory) - downs:
            del memory[slot]
        for slot in downs:
            memory.setdefault(slot, int(columns.last_ms[slot]))
        return [
            self._complain(
                view, slot, since_ms=memory[slot], signal="up", what="does not answer scrapes"
            )
            for slot in sorted(downs)
            if view.now_ms - memory[slot] >= self.for_s * 1000
        ]

    def _silent(self, view: View, rows: Rows) -> list[Complaint]:
        if rows.size == 0:
            return []
        columns = view.columns
        heard_ms = max(int(columns.last_ms[rows].min()), view.awake_ms)
        if view.now_ms - heard_ms < self.for_s * 1000:
            return []
        groups, place = np.unique(view.group_of(rows), return_inverse=True)
        newest_ms = np.zeros(groups.size, dtype=np.int64)
        np.maximum.at(newest_ms, place, columns.last_ms[rows])
        patience_s = np.full(groups.size, np.inf)
        known_s = np.maximum(columns.interval_s[rows] * _INTERVALS, self.silent_s)
        np.minimum.at(patience_s, place, np.where(columns.seen[rows] > 1, known_s, _FIRST_S))
        allowed_ms = np.maximum(patience_s, self.for_s) * 1000
        quiet_ms = view.now_ms - np.maximum(newest_ms, view.awake_ms)
        silent = np.flatnonzero(quiet_ms >= allowed_ms)
        silent = silent[view.now_ms - newest_ms[silent] < self.gone_after_s * 1000]
        what = "has sent nothing"
        first = [int(rows[np.flatnonzero(place == number)[0]]) for number in silent]
        since = newest_ms[silent].tolist()
        if silent.size == groups.size > 1:
            return [self._sources(view, first[0], since_ms=max(since), targets=groups.size)]
        return [
            self._complain(view, slot, since_ms=since_ms, signal="samples", what=what)
            for slot, since_ms in zip(first, since, strict=True)
        ]

    def _complain(
        self, view: View, slot: int, *, since_ms: int, signal: str, what: str
    ) -> Complaint:  # fmt: skip
        subject = view.subject_of(slot)
        return Complaint(
            slot=slot,
            subject=subject,
            signal=signal,
            since_ms=since_ms,
            score=0.0,
            severity=self.severity,
            sentence=f"{subject} {what} for {say_duration(view.now_ms - since_ms)}",
        )

    def _sources(self, view: View, slot: int, *, since_ms: int, targets: int) -> Complaint:
        return Complaint(
            slot=slot,
            subject=SOURCES,
            signal="samples",
            since_ms=since_ms,
            score=0.0,
            severity=self.severity,
            sentence=f"no samples from any of {targets} targets for "
            f"{say_duration(view.now_ms - since_ms)}",
        )
