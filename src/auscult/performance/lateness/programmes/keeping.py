"""What is kept of the taps of programmes across a restart: what is usual, and what was late.

A tap that had to learn anew what is usual would be judged by nobody for a minute, and would learn a
latency as usual that was told as late before. Kept is a digest of each past, some hundred figures.
Of the latency at the ear nothing is kept: it is of a listener who joined, and a new one joins now.
"""

from collections.abc import Iterable

from pydantic import Field

from auscult.kernel.sounds import Stream
from auscult.kernel.words import Word
from auscult.performance.lateness.programmes.programme import Programme
from auscult.performance.lateness.taps import Course, KeptPast, Past, Tap

KEPT_MAX = 200
"""Taps of one tenant: half a megabyte."""
OUTDATED_MS = 86_400_000
"""What was usual a day ago may be so no more."""


class KeptCourse(Word):
    """One latency of one tap: its past, and since when it is later than that (Unix ms)."""

    past: KeptPast
    late_since_ms: int | None = None


class KeptTap(Word):
    """One tap, and the latencies that something was known of."""

    name: str
    stream: Stream
    delivery: KeptCourse
    stated: KeptCourse


class KeptTaps(Word):
    """All of one tenant, as it was at a time (Unix ms)."""

    at_ms: int
    taps: tuple[KeptTap, ...] = Field(default=(), max_length=KEPT_MAX)


def keep_taps(programmes: Iterable[Programme], at_ms: int) -> KeptTaps:
    """Return the taps of these programmes, of `KEPT_MAX` those that were heard last."""
    known = [(stream, tap) for one in programmes for stream, tap in one.streams()]
    last = sorted(known, key=lambda one: one[1].heard_at_s)[-KEPT_MAX:]
    return KeptTaps(at_ms=at_ms, taps=tuple(_keep(stream, tap) for stream, tap in last))


def resume_taps(kept: KeptTaps, programmes: dict[str, Programme], *, now_ms: int) -> None:
    """Give the programmes, by name, their taps back; nothing of what is a day old.

    Taps of programmes that are not there are left out.
    """
    if now_ms - kept.at_ms > OUTDATED_MS:
        return
    for one in kept.taps:
        if (programme := programmes.get(one.stream.programme)) is not None:
            tap = programme.resume(one.stream, one.name)
            tap.heard_at_s = now_ms / 1e3  # it has as long to come back as one that falls silent
            tap.delivery = _course(one.delivery)
            tap.stated = _course(one.stated)


def _keep(stream: Stream, tap: Tap) -> KeptTap:
    return KeptTap(
        name=tap.stream.name,
        stream=stream,
        delivery=_kept(tap.delivery),
        stated=_kept(tap.stated),
    )


def _kept(course: Course) -> KeptCourse:
    return KeptCourse(past=course.past.keep(), late_since_ms=course.late_since_ms)


def _course(kept: KeptCourse) -> Course:
    return Course(late_since_ms=kept.late_since_ms, past=Past.resume(kept.past))
