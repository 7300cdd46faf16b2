"""What is kept of the places of programmes across a restart: where an agent reported from.

A probe of this process speaks within seconds of a start, and whatever it brings is known then. Of
an agent that died meanwhile, or long before, nobody would ever hear again that it is missing.
"""

from collections.abc import Iterable

from pydantic import Field

from auscult.kernel.sounds import Stream
from auscult.kernel.words import Word
from auscult.performance.quality.programme import Programme

KEPT_MAX = 2_000
"""Places of one tenant."""

RETURNS_MS = 30_000
"""So long agents have to come back after a restart."""


class KeptPlace(Word):
    """One stream, and when anything came from there last (Unix ms)."""

    stream: Stream
    seen_ms: int


class KeptPlaces(Word):
    """All of one tenant, as it was at a time (Unix ms)."""

    at_ms: int
    places: tuple[KeptPlace, ...] = Field(default=(), max_length=KEPT_MAX)


def keep_places(programmes: Iterable[Programme], at_ms: int) -> KeptPlaces:
    """Return the places of which agents report, of `KEPT_MAX` those that came last."""
    taps = [tap for one in programmes for tap in one.places.taps.values() if tap.stream.is_reported]
    last = sorted(taps, key=lambda tap: tap.seen_ms)[-KEPT_MAX:]
    places = tuple(KeptPlace(stream=tap.stream, seen_ms=tap.seen_ms) for tap in last)
    return KeptPlaces(at_ms=at_ms, places=places)


def resume_places(kept: KeptPlaces, now_ms: int) -> dict[str, Programme]:
    """Return the programmes with their places as before: who was missing then is missing still."""
    programmes: dict[str, Programme] = {}
    for place in kept.places:
        name = place.stream.programme
        programme = programmes.setdefault(name, Programme(name))
        was_there = kept.at_ms - place.seen_ms <= RETURNS_MS
        met_ms = now_ms + RETURNS_MS if was_there else place.seen_ms
        seen_ms = now_ms if was_there else place.seen_ms
        programme.places.resume(place.stream, met_ms=met_ms, seen_ms=seen_ms)
    return programmes
