"""What one tap's latency used to be, and so what is usual: no threshold is set, the past decides.

The level is the median of the last hour, in bins of 10 s. Above it the noise between neighbouring
probes and the excursions seen lately are usual. So slow a creep that it takes the hour's median
with it is seen against the medians of the hours before.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from auscult.kernel.words import Word

NOTICED_S = 0.4
"""Half a second is what is found at least, with room for the error of a probe."""
NOISES = 5.0
EXCURSIONS = 1.5
PIECE_MIN_S = 1.0
"""Longer stretches are fetched whole: when is a matter of polling, by up to the length of one."""
BIN_MS, BINS, BINS_MIN = 10_000, 360, 6
HOUR_MS, HOURS, HOURS_MIN = 3_600_000, 48, 3
RAW = 360
"""Twelve minutes: an excursion that comes twice in them is usual."""

KEPT_BINS, KEPT_RAW, EXCURSIONS_KEPT = 30, 60, 2

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Usual:
    """What the past makes one expect, in seconds."""

    level_s: float
    high_s: float


class KeptPast(Word):
    """A digest of a past, in seconds.

    bins: medians of up to 12 bins each. raw: the two greatest latencies, and the last ones.
    """

    bins: tuple[float, ...] = Field(default=(), max_length=KEPT_BINS)
    raw: tuple[float, ...] = Field(default=(), max_length=EXCURSIONS_KEPT + KEPT_RAW)
    hours: tuple[float, ...] = Field(default=(), max_length=HOURS)
    piece_s: float = 0.0


@dataclass(slots=True)
class Past:
    """At most 360 latencies, 360 bins of them and 48 medians of hours."""

    _raw: deque[float] = field(default_factory=lambda: deque(maxlen=RAW))
    _bins: deque[float] = field(default_factory=lambda: deque(maxlen=BINS))
    _hours: deque[float] = field(default_factory=lambda: deque(maxlen=HOURS))
    _open: list[float] = field(default_factory=list)
    _bin_ms: int = 0
    _hour_ms: int = 0
    _usual: Usual | None = None
    _piece_s: float = 0.0

    def note(self, at_ms: int, latency_s: float, *, piece_s: float = 0.0) -> None:
        """Take a latency that is part of the past. piece_s: how much sound arrives at once."""
        self._raw.append(latency_s)
        self._piece_s = piece_s if piece_s > PIECE_MIN_S else 0.0
        bin_ms = at_ms - at_ms % BIN_MS
        if self._open and bin_ms != self._bin_ms:
            self._close(bin_ms)
        self._bin_ms = bin_ms
        self._open.append(latency_s)

    def note_excursion(self, latency_s: float) -> None:
        """Take one that stood out alone: it widens what is usual, and moves no level."""
        self._raw.append(latency_s)

    @property
    def usual(self) -> Usual | None:
        """The past's word; None in the first minute, when there is none."""
        if self._usual is None and len(self._bins) >= BINS_MIN:
            self._usual = self._judge()
        return self._usual

    def keep(self) -> KeptPast:
        """Return the digest: level, noise and excursions come out of it as they are."""
        raw, size = list(self._raw), -(-len(self._bins) // KEPT_BINS) or 1
        bins = list(self._bins)
        parts = [bins[max(0, end - size) : end] for end in range(len(bins), 0, -size)]
        return KeptPast(
            bins=_round(float(np.median(part)) for part in reversed(parts)),
            raw=_round([*sorted(raw)[-EXCURSIONS_KEPT:], *raw[-KEPT_RAW:]]),
            hours=_round(self._hours),
            piece_s=self._piece_s,
        )

    @classmethod
    def resume(cls, kept: KeptPast) -> Self:
        """Return the past of a digest."""
        past = cls(_piece_s=kept.piece_s)
        past._raw.extend(kept.raw)
        past._bins.extend(kept.bins)
        past._hours.extend(kept.hours)
        return past

    def _judge(self) -> Usual:
        level_s, margin_s = float(np.median(self._bins)), self._margin_s()
        high_s = level_s + margin_s
        if len(self._hours) >= HOURS_MIN:
            hours = np.array(self._hours)
            wide_s = max(margin_s, NOISES * _noise_s(hours))
            high_s = min(high_s, float(np.median(hours)) + wide_s)
        return Usual(level_s, high_s)

    def _margin_s(self) -> float:
        raw = np.array(self._raw)
        excursion_s = float(np.partition(raw, -2)[-2] - np.median(raw))
        return max(NOTICED_S, self._piece_s, NOISES * _noise_s(raw), EXCURSIONS * excursion_s)

    def _close(self, next_ms: int) -> None:
        self._bins.append(float(np.median(self._open)))
        self._open.clear()
        self._usual = None
        self._hour_ms = self._hour_ms or next_ms
        if next_ms - self._hour_ms >= HOUR_MS:
            self._hours.append(float(np.median(self._bins)))
            self._hour_ms = next_ms


def _round(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(value, 4) for value in values)


def _noise_s(values: Doubles) -> float:
    """Return the standard deviation by the differences of neighbours, to which no creep counts."""
    if values.size < 2:  # noqa: PLR2004 - a difference takes two
        return 0.0
    return float(1.4826 * np.median(np.abs(np.diff(values))) / np.sqrt(2))
