"""HLS playlists (RFC 8216, and RFC 8216bis for what it added), as far as a listener needs them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from auscult.kernel.errors import BodyMalformed

SEGMENTS_MAX = 10_000
VARIANTS_MAX = 200
LINE_CHARS_MAX = 8_192
DIGITS_MAX = 20
DURATION_MAX_S = 86_400.0
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)')
_PLAIN_KEY = "NONE"


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of media. `begins_ms` is Unix milliseconds, where the playlist says it."""

    number: int
    url: str
    duration_s: float
    begins_ms: int | None = None
    header_url: str = ""
    """The initialisation section that belongs before it (EXT-X-MAP)."""

    part: tuple[int, int] | None = None
    """First byte and number of bytes, where the segment is a part of its resource."""

    breaks: bool = False
    """Whether the encoding starts anew here (EXT-X-DISCONTINUITY)."""

    is_scrambled: bool = False
    """Whether it is encrypted: without the key nobody can hear it."""


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """The segments of one rendition, oldest first."""

    target_s: float
    first: int
    segments: tuple[Segment, ...]
    is_over: bool


@dataclass(frozen=True, slots=True)
class Variant:
    """One rendition that a master playlist offers; `bandwidth_bps` is its peak."""

    url: str
    bandwidth_bps: int
    codecs: str = ""
    name: str = ""

    @property
    def called(self) -> str:
        """What it is called by whoever made it, else its bandwidth in kbit/s: `96k`."""
        return self.name or (f"{round(self.bandwidth_bps / 1_000)}k" if self.bandwidth_bps else "")


@dataclass(frozen=True, slots=True)
class MasterPlaylist:
    """The renditions of one programme, the lowest bandwidth first."""

    variants: tuple[Variant, ...]


def choose_rendition(variants: tuple[Variant, ...], wanted: str | int) -> Variant:
    """Return the `highest`, the `lowest`, or the one nearest to so many kbit/s."""
    if wanted in {"highest", "lowest"}:
        return variants[-1 if wanted == "highest" else 0]
    return min(variants, key=lambda one: abs(one.bandwidth_bps - 1_000 * int(wanted)))


def read_playlist(text: str, url: str) -> MasterPlaylist | MediaPlaylist:
    """Read a playlist fetched from `url`; raises `BodyMalformed` with the line."""
    lines = list(_lines(text))
    if not lines or lines[0][1] != "#EXTM3U":
        raise BodyMalformed("a playlist begins with #EXTM3U", position=1)
    if any(line.startswith("#EXT-X-STREAM-INF") for _, line in lines):
        return MasterPlaylist(_read_variants(lines, url))
    return _Reader(url).read(lines)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > LINE_CHARS_MAX:
            raise BodyMalformed(f"a line of more than {LINE_CHARS_MAX} characters", position=number)
        if stripped := line.strip():
            yield number, stripped


def _read_variants(lines: list[tuple[int, str]], url: str) -> tuple[Variant, ...]:
    found: list[Variant] = []
    given: dict[str, str] | None = None
    for number, line in lines:
        if line.startswith("#EXT-X-STREAM-INF:"):
            given = _attributes(line)
        elif line.startswith("#EXT-X-MEDIA:"):
            named = _attributes(line)
            if named.get("TYPE") == "AUDIO" and named.get("URI"):
                variant = Variant(_join(url, named["URI"], number), 0, name=named.get("NAME", ""))
                found.append(variant)
        elif not line.startswith("#") and given is not None:
            bandwidth = _whole(given.get("BANDWIDTH", "0"), number)
            codecs, name = given.get("CODECS", ""), given.get("NAME", "")
            found.append(Variant(_join(url, line, number), bandwidth, codecs, name))
            given = None
    if not 0 < len(found) <= VARIANTS_MAX:
        raise BodyMalformed(f"{len(found)} renditions; 1 to {VARIANTS_MAX} can be read")
    return tuple(sorted(found, key=lambda one: one.bandwidth_bps))


@dataclass(slots=True)
class _Reader:
    """What the tags have said so far, for the segments that follow."""

    url: str
    target_s: float = 0.0
    first: int = 0
    header_url: str = ""
    scrambled: bool = False
    duration_s: float | None = None
    begins_ms: int | None = None
    part: tuple[int, int] | None = None
    breaks: bool = False
    is_over: bool = False
    _ends: dict[str, int] = field(default_factory=dict)
    _segments: list[Segment] = field(default_factory=list)

    def read(self, lines: list[tuple[int, str]]) -> MediaPlaylist:
        for number, line in lines:
            if line.startswith("#"):
                self._take_tag(line, number)
            elif self.duration_s is not None:
                self._take_segment(line, number)
        if not self.target_s:
            raise BodyMalformed("a media playlist needs #EXT-X-TARGETDURATION")
        return MediaPlaylist(self.target_s, self.first, tuple(self._segments), self.is_over)

    def _take_tag(self, line: str, number: int) -> None:
        tag, _, rest = line.partition(":")
        if tag == "#EXTINF":
            self.duration_s = _seconds(rest.split(",", 1)[0], number)
        elif tag == "#EXT-X-TARGETDURATION":
            self.target_s = _seconds(rest, number)
        elif tag == "#EXT-X-MEDIA-SEQUENCE":
            self.first = _whole(rest, number)
        elif tag == "#EXT-X-MAP":
            self.header_url = _join(self.url, _attributes(line).get("URI", ""), number)
        elif tag == "#EXT-X-KEY":
            self.scrambled = _attributes(line).get("METHOD", _PLAIN_KEY) != _PLAIN_KEY
        elif tag == "#EXT-X-PROGRAM-DATE-TIME":
            self.begins_ms = _moment(rest, number)
        elif tag == "#EXT-X-BYTERANGE":
            size, _, begin = rest.partition("@")
            self.part = (_whole(begin, number) if begin else -1, _whole(size, number))
        elif tag == "#EXT-X-DISCONTINUITY":
            self.breaks = True
        elif tag == "#EXT-X-ENDLIST":
            self.is_over = True

    def _take_segment(self, line: str, number: int) -> None:
        if len(self._segments) >= SEGMENTS_MAX:
            raise BodyMalformed(f"more than {SEGMENTS_MAX} segments", position=number)
        assert self.duration_s is not None
        url = _join(self.url, line, number)
        segment = Segment(
            self.first + len(self._segments),
            url,
            self.duration_s,
            self.begins_ms,
            self.header_url,
            self._placed(url),
            self.breaks,
            self.scrambled,
        )
        self._segments.append(segment)
        if self.begins_ms is not None:  # said once, it goes on counting (RFC 8216, 4.3.2.6)
            self.begins_ms += round(self.duration_s * 1_000)
        self.duration_s, self.part, self.breaks = None, None, False

    def _placed(self, url: str) -> tuple[int, int] | None:
        if self.part is None:
            return None
        begin, size = self.part
        begin = self._ends.get(url, 0) if begin < 0 else begin
        self._ends[url] = begin + size
        return begin, size


def _attributes(line: str) -> dict[str, str]:
    listed = line.partition(":")[2]
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(listed)}


def _join(base: str, reference: str, number: int) -> str:
    """Return the address a playlist names: HTTP only, whatever it would like us to open."""
    try:
        joined = urljoin(base, reference)
        scheme = urlsplit(joined).scheme
    except ValueError:
        raise BodyMalformed("an address that cannot be read", position=number) from None
    if not reference or scheme not in {"http", "https"}:
        raise BodyMalformed(f"an address of scheme {scheme[:20]!r}", position=number)
    return joined


def _whole(text: str, number: int) -> int:
    if not text.strip().isdecimal() or len(text) > DIGITS_MAX:
        raise BodyMalformed(f"{text[:40]!r} is not a whole number", position=number)
    return int(text)


def _seconds(text: str, number: int) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= DURATION_MAX_S:
        raise BodyMalformed(f"{text[:40]!r} is no duration in seconds", position=number)
    return seconds


def _moment(text: str, number: int) -> int:
    try:
        return round(datetime.fromisoformat(text.strip()).timestamp() * 1_000)
    except (ValueError, OverflowError):
        raise BodyMalformed(f"{text[:40]!r} is no date and time", position=number) from None
