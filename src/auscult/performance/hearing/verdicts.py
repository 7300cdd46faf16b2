"""What an ear says, and when: a verdict per fault, by a sequential test with hysteresis."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

SCORE_MAX = 300.0
STALE_S = 30.0
"""A fault that could not be listened for so long (in silence, say) is not claimed any more."""


class Kind(StrEnum):
    """What can be wrong with sound."""

    SILENCE = "silence"
    GAP = "gap"
    CLICKS = "clicks"
    CLIPPING = "clipping"
    LOUDNESS = "loudness"
    CHANNEL_LOSS = "channel_loss"
    POLARITY = "polarity"
    MONO_COLLAPSE = "mono_collapse"
    BANDWIDTH = "bandwidth"
    NOISE = "noise"
    SPLICE = "splice"
    REPEAT = "repeat"
    SKIP = "skip"
    WOW = "wow"
    TRANSCODE = "transcode"
    WRONG_PROGRAMME = "wrong_programme"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One fault, told once.

    since_ms: when it began. said_ms: up to when was listened before it was said. score: −log10 of
    the probability that sound as usual as this stream's shows as much; None where the verdict is a
    fact beside the source, no deviation from something usual. measured: the figure, in `unit`.
    """

    kind: Kind
    since_ms: int
    said_ms: int
    score: float | None
    measured: float
    unit: str
    sentence: str
    is_sure: bool = True


@dataclass(slots=True)
class Alarm:
    """A leaky count of evidence: opens at `need_s` seconds of it, ends when it has leaked away.

    Evidence adds its time, its absence takes the same time away (`leak` times as much, where a
    fault shows only now and then), and blocks in which the fault
    could not be heard (None) change nothing. With `need_s` of 0 one event opens it. While it is
    open, nothing opens again; it ends after `quiet_s` without evidence, or when for `STALE_S`
    nobody could tell (`age`).
    """

    kind: Kind
    need_s: float
    quiet_s: float = 5.0
    leak: float = 1.0
    since_ms: int = -1
    is_open: bool = False
    _level_s: float = field(default=0.0, repr=False)
    _unheard_s: float = field(default=0.0, repr=False)

    def feed(self, at_ms: int, *, bad: bool | None, step_s: float) -> bool:
        """Take in the evidence of one block; return whether the alarm opens now."""
        if bad is None:
            return False
        self._unheard_s = 0.0
        if not bad:
            self._level_s = max(0.0, self._level_s - self.leak * step_s)
            if self._level_s == 0.0:
                self.close()
            return False
        if self.since_ms < 0:
            self.since_ms = at_ms
        top_s = self.quiet_s if self.is_open else self.need_s
        self._level_s = max(min(self._level_s + step_s, max(top_s, step_s)), 0.0)
        if self.is_open or self._level_s < self.need_s:
            return False
        self.is_open, self._level_s = True, self.quiet_s
        return True

    def age(self, step_s: float) -> None:
        """Let time pass; call it for every block, whether or not it could be listened for."""
        self._unheard_s += step_s
        if self._unheard_s > STALE_S:
            self.close()

    def close(self) -> None:
        """End it: the fault is over, or nothing is known of it any more."""
        self.is_open, self.since_ms, self._level_s = False, -1, 0.0


def open_kinds(alarms: Iterable[Alarm]) -> frozenset[Kind]:
    """Return what goes on now."""
    return frozenset(alarm.kind for alarm in alarms if alarm.is_open)
