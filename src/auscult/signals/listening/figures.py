"""The figures of one stream as it is heard: what a player's own statistics would say."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from auscult.kernel.sounds import Heard, Unheard, Why
from auscult.signals.series.kinds import Kind

LEVEL_LOWEST_DBFS = -120.0
PATIENCE = 1.5
"""A stream is up as long as the next stretch is not later than this share of the last one's
length, and the grace."""

GRACE_S = 2.0

Row = tuple[str, str, Kind, float]
"""(metric, value of the label `why` or nothing, kind, value)."""


@dataclass(slots=True)
class StreamFigures:
    """Counts what is heard; `rows` are the samples of one tick.

    `stream_level_dbfs` is the root mean square and `stream_peak_dbfs` the greatest sample of all
    channels, of what came since the last tick: a sine at full scale is -3 and 0.
    `stream_live_latency_seconds` is of a stream that says with each stretch when it was made; one
    that says it once has no such series, for its count would drift.
    """

    since_ms: int
    last: Heard | None = None
    heard_s: float = 0.0
    size_bytes: int = 0
    breaks: int = 0
    is_complete: bool = False
    unheard: Counter[Why] = field(default_factory=Counter)
    _is_stated: bool = False
    _power: float = 0.0
    _peak: float = 0.0
    _samples: int = 0

    def take(self, found: Heard | Unheard) -> None:
        """Count a stretch, or what could not be heard."""
        self.is_complete = isinstance(found, Unheard) and found.why is Why.COMPLETE
        if isinstance(found, Unheard):
            self.unheard[found.why] += 1
            return
        if self.last is not None and not found.follows:
            self.breaks += 1
        was_stated = self.last is not None and self.last.media_ms is not None
        self._is_stated = was_stated and found.media_ms is not None
        self.last = found
        self.heard_s += found.duration_s
        self.size_bytes += found.size_bytes
        if found.samples.size:
            loud = np.abs(found.samples)
            self._power += float(np.square(loud, dtype=np.float64).sum())
            self._peak = max(self._peak, float(loud.max()))
            self._samples += found.samples.size

    def is_up(self, now_ms: int) -> bool:
        """Say whether the stream sounds: the next stretch is not overdue, or none is to come."""
        if self.is_complete:
            return True
        last_ms = self.last.arrived_ms if self.last else self.since_ms
        length_s = self.last.duration_s if self.last else 0.0
        return now_ms - last_ms <= 1_000 * (PATIENCE * length_s + GRACE_S)

    def rows(self, now_ms: int) -> list[Row]:
        """Return the samples of this tick, and begin the next one."""
        rows: list[Row] = [
            ("stream_up", "", Kind.GAUGE, float(self.is_up(now_ms))),
            ("stream_heard_seconds_total", "", Kind.COUNTER, self.heard_s),
            ("stream_received_bytes_total", "", Kind.COUNTER, float(self.size_bytes)),
            ("stream_discontinuities_total", "", Kind.COUNTER, float(self.breaks)),
        ]
        rows += [
            ("stream_unheard_total", why.value, Kind.COUNTER, float(count))
            for why, count in self.unheard.items()
        ]
        if self._samples:
            rows.append(
                ("stream_level_dbfs", "", Kind.GAUGE, _dbfs((self._power / self._samples) ** 0.5))
            )
            rows.append(("stream_peak_dbfs", "", Kind.GAUGE, _dbfs(self._peak)))
            self._power, self._peak, self._samples = 0.0, 0.0, 0
        if self._is_stated and self.last is not None and self.last.media_ms is not None:
            ended_ms = self.last.media_ms + 1_000 * self.last.duration_s
            behind_s = (self.last.arrived_ms - ended_ms) / 1_000
            rows.append(("stream_live_latency_seconds", "", Kind.GAUGE, behind_s))
        return rows


def _dbfs(amplitude: float) -> float:
    return max(LEVEL_LOWEST_DBFS, 20 * float(np.log10(amplitude + 1e-12)))
