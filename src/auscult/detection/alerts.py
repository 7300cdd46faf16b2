"""The end of the alert layer: complaints become findings that fire once and are cleared once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from auscult.detection.port import Complaint
from auscult.kernel.findings import WINDOW_POINTS_MAX, Evidence, Finding, Phase
from auscult.kernel.words import Labels, Subject, TenantId

WORSE_BY = 1.5
WORSE_AT_LEAST = 3.0
TOLD_AGAIN_AFTER_MS = 10_000
RETURNS_WITHIN_MS, RETURNED_QUIET_MS = 60_000, 20_000
"""What comes back so soon after its end comes and goes: its next end must be quiet for so long.

What catches up after a stall does so. A plain fact (no score) is over when it is over.
"""

SENTENCE_CHARS = 300

History = Callable[[int], tuple[NDArray[np.int64], NDArray[np.float64]]]
LabelsOf = Callable[[int], Labels]
Key = tuple[str, Subject, str]
"""Detector's name, subject and signal: what a finding is the same about."""


@dataclass(slots=True)
class Open:
    """A finding that was fired and not yet cleared; `complaint` is the last that was told.

    is_back: it had been cleared a moment before.
    """

    complaint: Complaint
    seen_by: str
    since_ms: int
    heard_ms: int
    told_ms: int
    is_back: bool = False

    def is_over(self, now_ms: int, *, quiet_ms: int) -> bool:
        """Say whether nothing was complained about for long enough."""
        held_ms = RETURNED_QUIET_MS if self.is_back and self.complaint.score else 0
        return now_ms - self.heard_ms > max(quiet_ms, held_ms)


@dataclass(slots=True)
class Desk:
    """One tenant's open findings, and the pen that writes them."""

    tenant: TenantId
    labels_of: LabelsOf
    unit_of: Callable[[int], str]
    history: History
    open: dict[Key, Open] = field(default_factory=dict)
    _cleared_ms: dict[Key, int] = field(default_factory=dict)

    def hear(
        self, by: tuple[str, str], complaints: Iterable[Complaint], *, quiet_ms: int, now_ms: int
    ) -> list[Finding]:
        """Take all current complaints of one detector; return what there is to tell.

        by: the detector's name in the settings and its plug's name. quiet_ms: so long must nothing
        be complained about before a finding is cleared.
        """
        name, seen_by = by
        told: list[Finding] = []
        self._forget_ends(now_ms)
        for complaint in complaints:
            key = (name, complaint.subject, complaint.signal)
            known = self.open.get(key)
            if known is not None:
                known.heard_ms = now_ms
                if not _is_news(known, complaint, now_ms):
                    continue
            since_ms = known.since_ms if known else now_ms
            is_back = known.is_back if known else key in self._cleared_ms
            self.open[key] = Open(
                complaint, seen_by, since_ms, heard_ms=now_ms, told_ms=now_ms, is_back=is_back
            )
            told.append(self._finding(key, complaint, at_ms=now_ms, phase=Phase.FIRING))
        for key, known in list(self.open.items()):
            known.heard_ms = known.heard_ms or now_ms  # just restored
            if key[0] == name and known.is_over(now_ms, quiet_ms=quiet_ms):
                del self.open[key]
                self._cleared_ms[key] = now_ms
                told.append(self._cleared(key, known, now_ms))
        return told

    def _forget_ends(self, now_ms: int) -> None:
        late = [k for k, at_ms in self._cleared_ms.items() if now_ms - at_ms > RETURNS_WITHIN_MS]
        for key in late:
            del self._cleared_ms[key]

    def drop(self, names: Iterable[str], now_ms: int) -> list[Finding]:
        """Clear everything that detectors told which are no longer configured."""
        gone = [key for key in self.open if key[0] not in set(names)]
        return [self._cleared(key, self.open.pop(key), now_ms) for key in gone]

    def slots(self, name: str) -> dict[int, int]:
        """Return slot -> since_ms of one detector's open findings."""
        return {
            known.complaint.slot: known.since_ms
            for key, known in self.open.items()
            if key[0] == name
        }

    def _finding(self, key: Key, complaint: Complaint, *, at_ms: int, phase: Phase) -> Finding:
        known = self.open.get(key)
        return Finding(
            tenant=self.tenant,
            fingerprint=fingerprint_of(self.tenant, key),
            subject=complaint.subject,
            signal=complaint.signal,
            seen_by=known.seen_by if known else key[0],
            at_ms=at_ms,
            phase=phase,
            score=complaint.score if phase is Phase.FIRING else 0.0,
            severity=complaint.severity,
            evidence=self._evidence(complaint),
        )

    def _cleared(self, key: Key, known: Open, now_ms: int) -> Finding:
        told = known.complaint
        sentence = f"{told.subject}: {told.signal.replace('_', ' ')} is as usual again"
        over = Complaint(
            slot=told.slot,
            subject=told.subject,
            signal=told.signal,
            since_ms=told.since_ms,
            score=0.0,
            severity=told.severity,
            sentence=sentence,
            low=told.low,
            high=told.high,
        )
        finding = self._finding(key, over, at_ms=now_ms, phase=Phase.CLEARED)
        return finding.model_copy(update={"seen_by": known.seen_by})

    def _evidence(self, complaint: Complaint) -> Evidence:
        at_ms, value = self.history(complaint.slot)
        at_ms, value = at_ms[-WINDOW_POINTS_MAX:], value[-WINDOW_POINTS_MAX:]
        points = tuple(float(x) if np.isfinite(x) else None for x in value)
        return Evidence(
            sentence=complaint.sentence[:SENTENCE_CHARS],
            labels=self.labels_of(complaint.slot),
            unit=self.unit_of(complaint.slot),
            now=points[-1] if points else None,
            usual_low=complaint.low,
            usual_high=complaint.high,
            at_ms=tuple(at_ms.tolist()),
            value=points,
            low=(complaint.low,) * len(points),
            high=(complaint.high,) * len(points),
        )


def fingerprint_of(tenant: TenantId, key: Key) -> str:
    """Return the same text for the same tenant, detector, subject and signal, for ever."""
    name, subject, signal = key
    text = f"{tenant}\0{name}\0{subject.service}\0{subject.instance}\0{signal}"
    return f"{name[:60]}:{blake2b(text.encode(), digest_size=12).hexdigest()}"


def is_worse(score: float, told: float) -> bool:
    """Say whether a score is so much greater than what was told that it is worth a word."""
    return score >= max(told * WORSE_BY, told + WORSE_AT_LEAST)


def _is_news(known: Open, complaint: Complaint, now_ms: int) -> bool:
    told = known.complaint
    if complaint.severity.rank < told.severity.rank:
        return True
    return is_worse(complaint.score, told.score) and now_ms - known.told_ms >= TOLD_AGAIN_AFTER_MS
