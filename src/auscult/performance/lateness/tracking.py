"""The delay of one path over time: probes are confirmed, held, or counted as unknown.

`advance(track, sighting)` is the whole rule. A delay near the present one is followed. One that
jumps is believed once the next locked probe says the same, so that a single false lock moves
nothing. Repetitive music that leaves the present delay among its possibilities neither moves nor
forgets it: the delay is held.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from auscult.kernel.errors import InputError
from auscult.performance.lateness.sighting import Locked, Sighting, Unknown

TOLERANCE_S = 0.1
"""Delays that differ by less are the same; a step that a listener notices is larger."""
PENDING_MAX_S = 30.0
"""A jump that nothing confirmed for so long is forgotten."""
STALE_S = 120.0
"""A delay that nothing spoke for so long is no longer known."""
RECENT = 60
"""Probes over which the share of unknown ones is told."""


@dataclass(frozen=True, slots=True)
class Step:
    """The delay of a path changed at once; begun_at_s is when the first probe saw it."""

    begun_at_s: float
    confirmed_at_s: float
    before_s: float
    after_s: float

    @property
    def size_s(self) -> float:
        """By how much the sound became later, in seconds; negative where it became earlier."""
        return self.after_s - self.before_s


@dataclass(frozen=True, slots=True)
class Track:
    """What is known of one path. delay_s is None until two probes agreed, or once it is stale.

    spoken_at_s: when a probe last locked at, or held, the delay. recent: for each of the last 60
    probes, the oldest first, whether it locked.
    """

    delay_s: float | None = None
    spoken_at_s: float = float("-inf")
    seen_at_s: float = float("-inf")
    pending: Locked | None = None
    recent: tuple[bool, ...] = ()

    @property
    def unknown_share(self) -> float:
        """The share, 0 to 1, of the recent probes that did not lock; 0 before the first."""
        return self.recent.count(False) / len(self.recent) if self.recent else 0.0


def advance(track: Track, sighting: Sighting) -> tuple[Track, Step | None]:
    """Return the track after one more probe, and the step that this probe confirmed, if any.

    Sightings come in the order of their times; raises `InputError` for one that is older than the
    last.
    """
    if sighting.at_s < track.seen_at_s:
        raise InputError(f"a probe of {sighting.at_s:g} s after one of {track.seen_at_s:g} s")
    locked = isinstance(sighting, Locked)
    track = _forget(
        replace(track, seen_at_s=sighting.at_s, recent=(*track.recent[-(RECENT - 1) :], locked))
    )
    if isinstance(sighting, Unknown):
        return _hold(track, sighting), None
    return _follow(track, sighting)


def replay(sightings: Iterable[Sighting]) -> tuple[Track, tuple[Step, ...]]:
    """Return the track after all sightings, in time order, and the last 1000 steps on the way."""
    track, steps = Track(), deque[Step](maxlen=1000)
    for sighting in sightings:
        track, step = advance(track, sighting)
        if step is not None:
            steps.append(step)
    return track, tuple(steps)


def _follow(track: Track, locked: Locked) -> tuple[Track, Step | None]:
    pending, at_s = track.pending, locked.at_s
    if track.delay_s is not None and abs(locked.delay_s - track.delay_s) <= TOLERANCE_S:
        known = replace(track, delay_s=locked.delay_s, spoken_at_s=at_s, pending=None)
        return known, None
    if pending is None or abs(locked.delay_s - pending.delay_s) > TOLERANCE_S:
        return replace(track, pending=locked), None
    step = None
    if track.delay_s is not None:
        step = Step(
            begun_at_s=pending.at_s,
            confirmed_at_s=at_s,
            before_s=track.delay_s,
            after_s=locked.delay_s,
        )
    known = replace(track, delay_s=locked.delay_s, spoken_at_s=at_s, pending=None)
    return known, step


def _hold(track: Track, unknown: Unknown) -> Track:
    if track.delay_s is None:
        return track
    held = any(abs(rival_s - track.delay_s) <= TOLERANCE_S for rival_s in unknown.rivals_s)
    return replace(track, spoken_at_s=unknown.at_s) if held else track


def _forget(track: Track) -> Track:
    """Let go of a jump that was not confirmed, and of a delay that nothing speaks for."""
    now_s = track.seen_at_s
    if track.pending is not None and now_s - track.pending.at_s > PENDING_MAX_S:
        track = replace(track, pending=None)
    if track.delay_s is not None and now_s - track.spoken_at_s > STALE_S:
        track = replace(track, delay_s=None)
    return track
