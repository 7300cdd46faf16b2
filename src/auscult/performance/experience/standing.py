"""How it was to listen, programme by programme: for a page, as plain data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.performance.experience.audiences import PROGRAMME
from auscult.performance.experience.plays import PlayTable
from auscult.performance.experience.score import score_sessions

SPAN_MS = 600_000


@dataclass(frozen=True, slots=True)
class Experience:
    """The plays of one programme that went on within the last ten minutes.

    playing: that go on now. score: mean, 0 to 100; startup_s: median; rebuffer_ratio: of all the
    time that was listened, 0 to 1. NaN where there is none. failed, left_early: plays.
    """

    programme: str
    plays: int
    playing: int
    score: float
    startup_s: float
    rebuffer_ratio: float
    failed: int
    left_early: int
    switches: int


def stand(table: PlayTable, now_ms: int) -> tuple[Experience, ...]:
    """Return how plays go now, by the programme's name."""
    plays = table.plays
    alive = table.alive(now_ms)
    recent = alive | (plays["over_ms"] > now_ms - SPAN_MS)
    place = plays["place"][:, PROGRAMME]
    numbers = np.unique(place[recent])
    found = [_stand(table, np.flatnonzero(recent & (place == one)), now_ms) for one in numbers]
    return tuple(sorted(found, key=lambda one: one.programme))


def _stand(table: PlayTable, rows: NDArray[np.intp], now_ms: int) -> Experience:
    sessions = table.sessions(rows, now_ms)
    score = score_sessions(sessions)
    heard_s = float((sessions.playing_s + sessions.stalled_s).sum())
    return Experience(
        programme=table.texts[int(table.plays["place"][rows[0], PROGRAMME])],
        plays=rows.size,
        playing=int((~sessions.over).sum()),
        score=float(_known(score).mean()),
        startup_s=float(np.median(_known(sessions.startup_s))),
        rebuffer_ratio=float(sessions.stalled_s.sum()) / heard_s if heard_s > 0 else float("nan"),
        failed=int((sessions.failed | sessions.start_failed).sum()),
        left_early=int(sessions.left_early.sum()),
        switches=int(sessions.switches.sum()),
    )


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = values[np.isfinite(values)]
    return known if known.size else np.full(1, np.nan)
