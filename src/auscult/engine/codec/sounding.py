"""Listening to live streams beside their source, and scoring what both have in common."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from math import gcd

import numpy as np

from auscult.kernel.errors import InputError, StreamUnheard
from auscult.kernel.sounds import Heard, Pcm, Unheard
from auscult.performance.codec import Measure, judge
from auscult.performance.codec.overlap import find_overlap
from auscult.performance.codec.verdict import Sounding
from auscult.signals.listening import EndlessListener, Fetching, HlsListener, read_playlist
from auscult.signals.listening.fetching import PLAYLIST_BYTES_MAX
from auscult.signals.listening.playlist import MasterPlaylist

EXTRA_S = 8.0
"""A live stream is joined some segments before its end: the source is heard so much longer."""


@dataclass(frozen=True, slots=True)
class Place:
    """A stream's name, the address of its HLS playlist, and that of its source."""

    name: str
    url: str
    source: str


@dataclass(slots=True)
class _Record:
    """What was heard of one address without a gap: the longest stretch."""

    pieces: list[Heard] = field(default_factory=list)
    longest: list[Heard] = field(default_factory=list)
    size_bytes: int = 0
    length_s: float = 0.0
    why: str = ""

    def take(self, one: Heard | Unheard) -> None:
        if isinstance(one, Unheard):
            self.why = one.detail
            return
        self.size_bytes += one.size_bytes
        self.length_s += one.duration_s
        before = self.pieces[-1] if self.pieces else one
        same = before.rate_hz == one.rate_hz and before.samples.shape[1] == one.samples.shape[1]
        self.pieces = [*self.pieces, one] if one.follows and same else [one]
        if sum(map(_seconds, self.pieces)) >= sum(map(_seconds, self.longest)):
            self.longest = self.pieces

    def sound(self) -> tuple[Pcm, int] | None:
        if not self.longest:
            return None
        return np.concatenate([one.samples for one in self.longest]), self.longest[0].rate_hz

    @property
    def kbps(self) -> float:
        return self.size_bytes * 8e-3 / self.length_s if self.length_s else 0.0


async def sound_streams(
    places: list[Place], *, listen_s: float, measure: Measure, now_ms: Callable[[], int]
) -> list[Sounding]:
    """Listen to every rendition of every stream at once; score each against its source.

    What cannot be heard or found in its source has no quality, and says why.
    """
    heard = await asyncio.gather(*(_hear(place, listen_s, now_ms=now_ms) for place in places))
    found: list[Sounding] = []
    for place, (source, renditions) in zip(places, heard, strict=True):
        found += [
            await asyncio.to_thread(_score, place.name, source, record, measure=measure)
            for record in renditions
        ]
    return found


async def _hear(
    place: Place, listen_s: float, *, now_ms: Callable[[], int]
) -> tuple[_Record, list[_Record]]:
    """Return what was heard of the source, and of each rendition."""
    try:
        async with Fetching.of(place.url) as fetching, Fetching.of(place.source) as tapping:
            urls = await _renditions(fetching, place.url)
            source = EndlessListener(tapping, place.source, now_ms)
            listeners = [HlsListener(fetching, url, now_ms) for url in urls]
            records = await asyncio.gather(
                _record(source.listen(), listen_s + EXTRA_S),
                *(_record(one.listen(), listen_s + EXTRA_S) for one in listeners),
            )
            return records[0], list(records[1:])
    except StreamUnheard as why:
        return _Record(), [_Record(why=why.detail)]


async def record_source(
    url: str, for_s: float, now_ms: Callable[[], int]
) -> tuple[Pcm, int] | None:
    """Return the longest stretch heard of an endless stream, and its rate; None for nothing."""
    async with Fetching.of(url) as fetching:
        record = await _record(EndlessListener(fetching, url, now_ms).listen(), for_s)
    return record.sound()


async def _renditions(fetching: Fetching, url: str) -> list[str]:
    answer = await fetching.get(url, most_bytes=PLAYLIST_BYTES_MAX)
    try:
        playlist = read_playlist(answer.body.decode("utf-8-sig"), answer.url)
    except (InputError, UnicodeDecodeError) as why:
        raise StreamUnheard(f"the playlist cannot be read: {why}") from None
    if isinstance(playlist, MasterPlaylist):
        return [variant.url for variant in playlist.variants]
    return [url]


async def _record(listening: AsyncGenerator[Heard | Unheard], for_s: float) -> _Record:
    record = _Record()
    try:
        async with asyncio.timeout(for_s), aclosing(listening) as stream:
            async for one in stream:
                record.take(one)
    except TimeoutError:
        pass  # the time is over, as it was meant to be
    return record


def _score(stream: str, source: _Record, record: _Record, *, measure: Measure) -> Sounding:
    played, tapped = record.sound(), source.sound()
    if played is None:
        return Sounding(stream, record.kbps, None, f"nothing was heard: {record.why}")
    if tapped is None:
        return Sounding(stream, record.kbps, None, f"its source was not heard: {source.why}")
    samples, rate_hz = tapped
    heard = _resample(*played, to_hz=rate_hz)
    both = find_overlap(samples, heard, rate_hz)
    if both is None:
        return Sounding(stream, record.kbps, None, "it could not be found in its source")
    try:
        return Sounding(stream, record.kbps, judge(*both, rate_hz=rate_hz, measure=measure))
    except InputError as why:
        return Sounding(stream, record.kbps, None, why.detail)


def _resample(samples: Pcm, rate_hz: int, *, to_hz: int) -> Pcm:
    if rate_hz == to_hz:
        return samples
    from scipy.signal import resample_poly

    divisor = gcd(rate_hz, to_hz)
    changed: Pcm = resample_poly(samples, to_hz // divisor, rate_hz // divisor, axis=0)
    return changed.astype(np.float32)


def _seconds(one: Heard) -> float:
    return one.duration_s
