"""The player's clock: what a listener with a buffer hears, and when, from what arrived when.

A player starts once enough is buffered, plays one second a second, stalls when the next piece has
not arrived at its time, and goes on once enough is buffered again. The delivery edge alone does not
say how late the ear is: the burst a server sends first stands in the buffer for the whole session.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import InputError

Doubles = NDArray[np.float64]

PIECES_MAX = 1_000_000
STALLS_MAX = 10_000
SEEK_S = 1.0
"""A position that moved so much further than the clock was moved by hand."""


@dataclass(frozen=True, slots=True)
class Stall:
    """The sound stood still from begin_s on, for length_s; None while it still does."""

    begin_s: float
    length_s: float | None


@dataclass(frozen=True, slots=True)
class Playout:
    """When each piece is heard. started_at_s is None where playback never began.

    heard_at_s: float64 (pieces,), when each piece's first sample is played; NaN where it is not, up
    to what arrived. Less the time of its capture it is the latency at the ear.
    """

    started_at_s: float | None
    heard_at_s: Doubles
    stalls: tuple[Stall, ...]


def play(
    arrived_s: Doubles, length_s: Doubles, *, start_s: float = 2.0, resume_s: float = 2.0
) -> Playout:
    """Return how a player plays pieces (segments, or frames) that arrived in this order.

    arrived_s: float64 (n,), when each was complete; a piece waits for those before it. length_s:
    float64 (n,), media in each, above 0. start_s, resume_s: media buffered before the sound begins,
    and begins again. Raises `InputError` for other shapes, more than 1,000,000 pieces or 10,000
    stalls, and figures that are not finite.
    """
    _check(arrived_s, length_s, least=0.0)
    arrived = np.maximum.accumulate(arrived_s) if arrived_s.size else arrived_s
    end = np.cumsum(length_s)
    begin = end - length_s
    heard = np.full(arrived.size, np.nan)
    first = int(np.searchsorted(end, start_s - 1e-9))
    if first >= arrived.size:
        return Playout(None, heard, ())
    offset, at = float(arrived[first]), 0
    started_at_s, stalls = offset, list[Stall]()
    # The first piece that is late against any offset: the running maximum makes it a bisection.
    needed = np.maximum.accumulate(arrived - begin)
    while True:
        late = max(int(np.searchsorted(needed, offset + 1e-9, side="right")), at)
        heard[at:late] = offset + begin[at:late]
        if late == arrived.size:
            return Playout(started_at_s, heard, tuple(stalls))
        if len(stalls) == STALLS_MAX:
            raise InputError(f"more than {STALLS_MAX} stalls")
        stalled_at_s = offset + float(begin[late])
        ready = int(np.searchsorted(end, float(begin[late]) + resume_s - 1e-9))
        if ready >= arrived.size:
            return Playout(started_at_s, heard, (*stalls, Stall(stalled_at_s, None)))
        ready = max(ready, late)
        resumed_at_s = float(arrived[ready])
        stalls.append(Stall(stalled_at_s, resumed_at_s - stalled_at_s))
        offset, at = resumed_at_s - float(begin[late]), late


def read_reports(
    at_s: Doubles, position_s: Doubles, *, buffered_to_s: Doubles, playing: NDArray[np.bool_]
) -> tuple[Doubles, Doubles]:
    """Return (buffer_s, stalled_s) of n reports of a real player, float64 (n,) each.

    at_s: when each was made, rising. position_s, buffered_to_s: media time of the playhead, and of
    the end of what is buffered. playing: whether the player was meant to play from then on.
    buffer_s: media ahead of the playhead. stalled_s: by how much the playhead fell behind the clock
    since the report before, 0 where it was paused, and where it was moved by hand.
    Raises `InputError` where the columns do not belong together.
    """
    _check(at_s, position_s, least=-np.inf)
    _check(at_s, buffered_to_s, least=-np.inf)
    if playing.shape != at_s.shape or np.any(np.diff(at_s) < 0):
        raise InputError("the reports of a player come in the order of their times")
    elapsed, moved = np.diff(at_s), np.diff(position_s)
    by_hand = (moved < 0) | (moved > elapsed + SEEK_S)
    stood = np.where(playing[:-1] & ~by_hand, np.maximum(elapsed - moved, 0), 0.0)
    stalled_s = np.concatenate([np.zeros(min(1, at_s.size)), stood])
    return np.maximum(buffered_to_s - position_s, 0), stalled_s


def _check(first: Doubles, second: Doubles, *, least: float) -> None:
    if first.ndim != 1 or first.shape != second.shape or first.size > PIECES_MAX:
        raise InputError(
            f"columns of the shapes {first.shape} and {second.shape}; taken are two alike, "
            f"of at most {PIECES_MAX}"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all() and (second > least).all()):
        raise InputError("a time or a length is no finite number, or a length is not above 0")
