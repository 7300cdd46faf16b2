"""Following an HLS stream as a player does: playlist, new segments, one decoder for all of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field

from auscult.kernel.errors import BodyMalformed, StreamUnheard
from auscult.kernel.sounds import Heard, Pcm, Unheard, Why
from auscult.signals.listening.bodies import name_media
from auscult.signals.listening.boxes import is_scrambled
from auscult.signals.listening.decoding import Decoder
from auscult.signals.listening.fetching import (
    PLAYLIST_BYTES_MAX,
    SEGMENT_BYTES_MAX,
    Answer,
    Fetching,
)
from auscult.signals.listening.playlist import (
    MasterPlaylist,
    MediaPlaylist,
    Segment,
    Variant,
    read_playlist,
)

JOIN_SEGMENTS = 3
"""A live stream is joined three segments before its end (RFC 8216, 6.3.3)."""

STALE_TARGETS = 3.0
"""A live playlist without a new segment for so many target durations has stopped (RFC: 1.5)."""

STALE_AGAIN_S = 60.0
"""So often it is said again: who says nothing for long is taken to be gone."""

LAG_SEGMENTS = 1
"""A cache may show the list as it was so many segments ago. One that goes back further, which none
may (RFC 8216, 6.2.2), counts anew: it loops, or whoever writes it was started again."""

AGAIN_S = 1.0
POLL_SHARE = 0.5
"""A playlist that has not changed is asked again after half its target duration (RFC, 6.3.4)."""

Choose = Callable[[tuple[Variant, ...]], Variant]


def highest(variants: tuple[Variant, ...]) -> Variant:
    """Choose the rendition of the highest bandwidth."""
    return variants[-1]


@dataclass(slots=True)
class HlsListener:
    """One rendition of one HLS stream. `listen` yields for ever, or until the stream is over.

    What cannot be heard is yielded as `Unheard`, once for each time it happens (and each minute
    that it lasts), and listening goes on. A programme that was recorded is fetched no faster than
    `speed` times its duration.
    """

    fetching: Fetching
    url: str
    now_ms: Callable[[], int]
    choose: Choose = highest
    speed: float = 8.0
    _decoder: Decoder = field(default_factory=Decoder)
    _headers: dict[str, bytes] = field(default_factory=dict)
    _next: int = -1
    _first: int = 0
    _changed_s: float = 0.0
    _said_s: float = 0.0
    _follows: bool = False
    _form: tuple[int, int] = (0, 0)

    async def listen(self) -> AsyncGenerator[Heard | Unheard]:
        """Yield what is heard, segment by segment."""
        url = ""
        self._changed_s = _clock_s()
        while True:
            asked_s = _clock_s()
            try:
                url = url or await self._rendition()
                playlist = await self._read_media(url)
            except StreamUnheard as why:
                url = ""
                yield self._unheard(why)
                await asyncio.sleep(AGAIN_S)
                continue
            if missed := self._join(playlist):
                yield missed
            news = playlist.segments[self._next - playlist.first :]
            for segment in news:
                async for found in self._hear(segment, is_live=not playlist.is_over):
                    yield found
            if playlist.is_over:
                yield Unheard(Why.COMPLETE, self.now_ms(), "the playlist says that it is complete")
                return
            if stale := self._stale(playlist, has_news=bool(news)):
                yield stale
            wait_s = playlist.target_s * (1.0 if news else POLL_SHARE)
            await asyncio.sleep(max(0.1, wait_s - (_clock_s() - asked_s)))

    async def _rendition(self) -> str:
        """Return the address of the media playlist."""
        answer = await self.fetching.get(self.url, most_bytes=PLAYLIST_BYTES_MAX)
        playlist = _parse(answer)
        if isinstance(playlist, MediaPlaylist):
            return self.url
        return self.choose(playlist.variants).url

    async def _read_media(self, url: str) -> MediaPlaylist:
        answer = await self.fetching.get(url, most_bytes=PLAYLIST_BYTES_MAX)
        playlist = _parse(answer)
        if isinstance(playlist, MasterPlaylist):
            what = "a playlist of renditions where one of segments belongs"
            raise StreamUnheard(what, why=Why.MALFORMED)
        return playlist

    def _join(self, playlist: MediaPlaylist) -> Unheard | None:
        """Find the first segment not heard yet; return what left the list unheard."""
        listed = playlist.segments
        ends = playlist.first + len(listed)
        back = max(self._first - playlist.first, self._next - ends)
        self._first = playlist.first
        if self._next < 0 or back > LAG_SEGMENTS:  # joined, or numbered anew
            skipped = 0 if playlist.is_over else max(0, len(listed) - JOIN_SEGMENTS)
            self._next, self._follows = playlist.first + skipped, False
            self._decoder.restart()
        if self._next < playlist.first:
            missed = playlist.first - self._next
            self._next, self._follows = playlist.first, False
            detail = f"{missed} segments left the playlist before they could be fetched"
            return Unheard(Why.MISSED, self.now_ms(), detail)
        return None

    async def _hear(self, segment: Segment, *, is_live: bool) -> AsyncIterator[Heard | Unheard]:
        began_s = _clock_s()
        self._next = segment.number + 1
        try:
            pieces = await self._decode(segment)
        except StreamUnheard as why:
            self._follows = False
            yield self._unheard(why, segment)
            return
        for heard in pieces:
            yield heard
        self._follows = True
        if not is_live:
            length_s = sum(heard.duration_s for heard in pieces)
            await asyncio.sleep(max(0.0, length_s / self.speed - (_clock_s() - began_s)))

    async def _decode(self, segment: Segment) -> list[Heard]:
        """Return what a segment holds: one piece, or one for each form it changes to."""
        if segment.is_scrambled:
            raise StreamUnheard("the segment is encrypted", why=Why.SCRAMBLED)
        header = await self._header(segment.header_url)
        answer = await self.fetching.get(
            segment.url, most_bytes=SEGMENT_BYTES_MAX, part=segment.part
        )
        arrived_ms = self.now_ms()
        if is_scrambled(header or answer.body):  # also where the playlist names no key
            raise StreamUnheard("its samples are encrypted", why=Why.SCRAMBLED)
        if segment.breaks:
            self._decoder.restart()
        try:
            forms = await asyncio.to_thread(self._decoder.decode_forms, header + answer.body)
        except StreamUnheard as why:
            raise name_media(why, answer.media) from None
        follows = self._follows and not segment.breaks and not self._decoder.has_changed
        before, self._form = self._form, _form_of(forms[-1])
        follows = follows and before == _form_of(forms[0])
        pieces: list[Heard] = []
        made_ms: float | None = segment.begins_ms
        for samples, rate_hz in forms:
            piece = Heard(
                samples=samples,
                rate_hz=rate_hz,
                arrived_ms=arrived_ms,
                size_bytes=0 if pieces else len(answer.body),
                media_ms=None if made_ms is None else round(made_ms),
                follows=follows and not pieces,
            )
            pieces.append(piece)
            made_ms = None if made_ms is None else made_ms + 1_000 * piece.duration_s
        return pieces

    async def _header(self, url: str) -> bytes:
        if not url:
            return b""
        if url not in self._headers:
            answer = await self.fetching.get(url, most_bytes=SEGMENT_BYTES_MAX)
            self._headers = {url: answer.body}
        return self._headers[url]

    def _stale(self, playlist: MediaPlaylist, *, has_news: bool) -> Unheard | None:
        if has_news:
            self._changed_s = _clock_s()
            return None
        waited_s = _clock_s() - self._changed_s
        was_said = self._said_s > self._changed_s and _clock_s() - self._said_s < STALE_AGAIN_S
        if was_said or waited_s < STALE_TARGETS * playlist.target_s:
            return None
        self._said_s = _clock_s()
        return Unheard(Why.STALE, self.now_ms(), f"no new segment for {waited_s:.1f} s")

    def _unheard(self, why: StreamUnheard, segment: Segment | None = None) -> Unheard:
        where = f"segment {segment.number}: " if segment else ""
        return Unheard(Why(why.why), self.now_ms(), f"{where}{why.detail}"[:500])


def _parse(answer: Answer) -> MasterPlaylist | MediaPlaylist:
    try:
        return read_playlist(answer.body.decode("utf-8-sig"), answer.url)
    except BodyMalformed as why:
        wrong = f"the playlist: {why.detail}"
    except UnicodeDecodeError as why:
        wrong = f"the playlist is not UTF-8 (at byte {why.start})"
    raise name_media(StreamUnheard(wrong, why=Why.MALFORMED), answer.media)


def _form_of(found: tuple[Pcm, int]) -> tuple[int, int]:
    samples, rate_hz = found
    return rate_hz, samples.shape[1]


def _clock_s() -> float:
    return asyncio.get_running_loop().time()
