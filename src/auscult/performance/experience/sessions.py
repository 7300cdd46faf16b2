"""Figures of each session from its events, as Mux Data, Conviva and CTA-2066 define them.

| figure | is | compare |
|---|---|---|
| startup_s | play pressed to first sound | Mux startup time, Conviva VST |
| rebuffer_ratio | stalled / (stalled + playing), after the start | Conviva rebuffering ratio |
| start_failed | failed before the first sound | Conviva VSF |
| failed | failed after it | Conviva VPF; Mux playback failure is either |
| left_early | ended before the first sound without a failure | Mux and Conviva EBVS |
| switches | changes of the rendition after the first sound | Mux, CTA-2066 |

A pause is neither playing nor stalled. A player that stalls before its first sound is still
starting. What comes after a failure or an end is not looked at.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import InputError
from auscult.performance.experience.events import Event, PlayerEvents

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]

_NONE, _STARTING, _PLAYING, _STALLED, _PAUSED, _OVER = range(6)
_STATE_AFTER = np.array(
    [_STARTING, _PLAYING, _STALLED, _PLAYING, _PAUSED, _NONE, _OVER, _OVER], dtype=np.int8
)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The m sessions, by number, as columns of shape (m,).

    startup_s: float64, NaN without a first sound. playing_s, stalled_s, rebuffer_ratio: float64,
    the last NaN before the first sound. stalls, switches: int64. bitrate_kbps: float64, mean over
    what was played, NaN where no rate was told. over: it has ended or failed.
    """

    session: Counts
    startup_s: Doubles
    playing_s: Doubles
    stalled_s: Doubles
    rebuffer_ratio: Doubles
    stalls: Counts
    switches: Counts
    bitrate_kbps: Doubles
    start_failed: Flags
    failed: Flags
    left_early: Flags
    over: Flags

    def __len__(self) -> int:
        """Return the number of sessions."""
        return len(self.session)


def summarise(events: PlayerEvents, *, now_ms: int) -> Sessions:
    """Return the figures of every session that has an event, open ones as they stand at `now_ms`.

    Raises `InputError` for an event that is later than `now_ms`.
    """
    if events.at_ms.size and int(events.at_ms.max()) > now_ms:
        raise InputError("an event of a player lies in the future")
    # Of events at one instant the earlier kind comes first: a start before the stall after it.
    order = np.lexsort((events.kind, events.at_ms, events.session))
    session, first, row = np.unique(events.session[order], return_index=True, return_inverse=True)
    walk = _Walk(
        row=row,
        first=first.astype(np.int64),
        kind=events.kind[order],
        at_ms=events.at_ms[order],
    )
    return _figures(session, walk, value=events.value[order], now_ms=now_ms)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Events sorted by session and time: which session each belongs to, and where each begins."""

    row: Counts
    first: Counts
    kind: NDArray[np.int8]
    at_ms: NDArray[np.int64]

    def seen_before(self, mark: Flags, *, too: bool) -> Flags:
        """Whether a marked event of the same session came before each (or is it, where `too`)."""
        total = np.cumsum(mark)
        before = np.concatenate([[0], total])[self.first][self.row]
        count = total - before
        return np.asarray(count > 0 if too else count - mark > 0)

    def carry(self, value: Doubles, mark: Flags) -> Doubles:
        """Return the value of the last marked event of the session up to each; NaN before one."""
        at = np.maximum.accumulate(np.where(mark, np.arange(mark.size), -1))
        found: Doubles = np.where(at >= self.first[self.row], value[at], np.nan)
        return found

    def add_up(self, value: Doubles | Flags) -> Doubles:
        sums = np.bincount(self.row, weights=value, minlength=self.first.size)
        return sums.astype(np.float64)


def _figures(session: Counts, walk: _Walk, *, value: Doubles, now_ms: int) -> Sessions:
    kind, size = walk.kind, session.size
    is_end = (kind == Event.FAILED) | (kind == Event.ENDED)
    alive = ~walk.seen_before(is_end, too=False)
    is_start = (kind == Event.STARTED) & alive
    is_start &= ~walk.seen_before(is_start, too=False)
    sounded = walk.seen_before(is_start, too=True)
    state = _states(walk, sounded=sounded, alive=alive)
    lasts_s = _lasting_s(walk, now_ms)
    playing_s = walk.add_up(lasts_s * (state == _PLAYING))
    stalled_s = walk.add_up(lasts_s * (state == _STALLED))
    begun = walk.add_up(is_start) > 0
    failed = walk.add_up((kind == Event.FAILED) & alive) > 0
    ended = walk.add_up((kind == Event.ENDED) & alive) > 0
    heard_s = playing_s + stalled_s
    bitrate, switched = _bitrates(walk, value, alive=alive)
    told = (state == _PLAYING) & np.isfinite(bitrate)
    told_s = walk.add_up(lasts_s * told)
    rate = walk.add_up(np.where(told, lasts_s * bitrate, 0.0))
    stall = (state == _STALLED) & (_before(walk, state) != _STALLED)
    return Sessions(
        session=session,
        startup_s=_startup_s(walk, is_start, size),
        playing_s=playing_s,
        stalled_s=stalled_s,
        rebuffer_ratio=np.where(begun, stalled_s / np.where(heard_s > 0, heard_s, 1.0), np.nan),
        stalls=walk.add_up(stall).astype(np.int64),
        switches=walk.add_up(switched & sounded).astype(np.int64),
        bitrate_kbps=np.where(told_s > 0, rate / np.where(told_s > 0, told_s, 1.0), np.nan),
        start_failed=failed & ~begun,
        failed=failed & begun,
        left_early=ended & ~failed & ~begun,
        over=failed | ended,
    )


def _states(walk: _Walk, *, sounded: Flags, alive: Flags) -> NDArray[np.int8]:
    """Return the state of each event's player from that event on."""
    changes = (walk.kind != Event.BITRATE) & alive
    told = _STATE_AFTER[walk.kind].astype(np.float64)
    told = np.where((walk.kind != Event.STARTED) & ~sounded & (told != _OVER), _STARTING, told)
    told = np.where((walk.kind == Event.REQUESTED) & sounded, _PLAYING, told)  # play after a pause
    return np.nan_to_num(walk.carry(told, changes), nan=_NONE).astype(np.int8)


def _before(walk: _Walk, state: NDArray[np.int8]) -> NDArray[np.int8]:
    before = np.concatenate([[_NONE], state[:-1]]).astype(np.int8)
    before[walk.first] = _NONE
    return before


def _lasting_s(walk: _Walk, now_ms: int) -> Doubles:
    """Return how long it is from each event to the next of its session, or to now."""
    until = np.concatenate([walk.at_ms[1:], [now_ms]])[: walk.at_ms.size]
    until[walk.first[1:] - 1] = now_ms
    return (until - walk.at_ms) / 1e3


def _startup_s(walk: _Walk, is_start: Flags, size: int) -> Doubles:
    """Return the first sound's time less the first request's (else the first event's)."""
    asked = walk.kind == Event.REQUESTED
    asked &= ~walk.seen_before(asked, too=False)
    begin_ms = walk.at_ms[walk.first].copy()
    begin_ms[walk.row[asked]] = walk.at_ms[asked]
    startup_s = np.full(size, np.nan)
    rows = walk.row[is_start]
    startup_s[rows] = np.maximum(walk.at_ms[is_start] - begin_ms[rows], 0) / 1e3
    return startup_s


def _bitrates(walk: _Walk, value: Doubles, *, alive: Flags) -> tuple[Doubles, Flags]:
    """Return the rate in force from each event on, and where it changed."""
    told = (walk.kind == Event.BITRATE) & alive
    rate = walk.carry(value, told)
    before = np.concatenate([[np.nan], rate[:-1]])[: rate.size]
    before[walk.first] = np.nan
    return rate, told & np.isfinite(before) & (before != rate)
