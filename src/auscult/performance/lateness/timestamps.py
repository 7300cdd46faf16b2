"""What the segments' own timestamps say: EXT-X-PROGRAM-DATE-TIME of HLS (RFC 8216, 4.3.2.6).

They are the packager's word, not the sound's: they say when the packager believes the first sample
was captured, and are off by whatever happened before it. Beside a lock they tell which stage lies.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import BodyMalformed, BodyTooLarge, InputError

Doubles = NDArray[np.float64]

PLAYLIST_MAX_CHARACTERS = 1 << 20
SEGMENT_MAX_S = 3_600.0

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_LENGTH = re.compile(r"\d{1,7}(?:\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SegmentTimes:
    """The n segments of a media playlist, in its order.

    uri: n names. begin_s: float64 (n,), capture time of the first sample, Unix seconds; NaN where
    no timestamp reaches (none given, or only beyond a discontinuity). length_s: float64 (n,).
    """

    uri: tuple[str, ...]
    begin_s: Doubles
    length_s: Doubles


def read_program_times(playlist: str) -> SegmentTimes:
    """Return the timestamps of a media playlist; those between two tags follow from the lengths.

    Before the first tag they are counted backwards (RFC 8216, 6.3.3), never over a discontinuity. A
    time without a zone is taken as UTC. Raises `BodyTooLarge` above 1 Mi characters and
    `BodyMalformed`, with the line, for what is no media playlist.
    """
    if len(playlist) > PLAYLIST_MAX_CHARACTERS:
        raise BodyTooLarge(f"a playlist of {len(playlist)} characters")
    lines = playlist.splitlines()
    if not lines or lines[0].strip() != "#EXTM3U":
        raise BodyMalformed("a playlist begins with #EXTM3U", position=1)
    uris, tagged, lengths, spans = list[str](), list[float](), list[float](), list[int]()
    length_s, time_s, span = None, np.nan, 0
    for number, line in enumerate(map(str.strip, lines[1:]), start=2):
        if line.startswith("#EXTINF:"):
            length_s = _length_s(line, number)
        elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            time_s = _unix_s(line.partition(":")[2], number)
        elif line == "#EXT-X-DISCONTINUITY":
            span += 1
        elif line and not line.startswith("#"):
            if length_s is None:
                raise BodyMalformed("a segment without #EXTINF", position=number)
            uris.append(line)
            tagged.append(time_s)
            lengths.append(length_s)
            spans.append(span)
            length_s, time_s = None, np.nan
    lengths_s = np.array(lengths, dtype=np.float64)
    return SegmentTimes(tuple(uris), _fill(np.array(tagged), lengths_s, spans), lengths_s)


def lateness_of(times: SegmentTimes, seen_at_s: Doubles) -> Doubles:
    """Return how long after its capture each segment could be had, float64 (n,), in seconds.

    seen_at_s: float64 (n,), when each was first seen at this place, Unix seconds; NaN where it was
    not. Counted from the capture of its last sample, for no segment can be had before that. NaN
    where either is unknown. Raises `InputError` for another number of times.
    """
    if seen_at_s.shape != times.begin_s.shape:
        raise InputError(f"{seen_at_s.size} times for {times.begin_s.size} segments")
    late: Doubles = seen_at_s - (times.begin_s + times.length_s)
    return late


def _fill(tagged: Doubles, length_s: Doubles, spans: list[int]) -> Doubles:
    """Return the times with the gaps counted from the tag before, else from the one after."""
    filled = np.full(tagged.size, np.nan)
    span = np.array(spans)
    before = np.cumsum(length_s) - length_s
    for one in np.unique(span):
        rows = np.flatnonzero(span == one)
        known = rows[np.isfinite(tagged[rows])]
        if known.size == 0:
            continue
        anchor = known[np.maximum(np.searchsorted(known, rows, side="right") - 1, 0)]
        filled[rows] = tagged[anchor] + before[rows] - before[anchor]
    return filled


def _length_s(line: str, number: int) -> float:
    text = line.removeprefix("#EXTINF:").partition(",")[0].strip()
    if not _LENGTH.fullmatch(text) or float(text) > SEGMENT_MAX_S:
        raise BodyMalformed(f"a length of {text[:40]!r}", position=number)
    return float(text)


def _unix_s(text: str, number: int) -> float:
    refused = BodyMalformed(f"a time of {text[:40]!r}", position=number)
    if (found := _TIME.fullmatch(text.strip())) is None:
        raise refused
    day, clock, fraction, zone = found.groups()
    try:
        whole = int(np.datetime64(f"{day}T{clock}", "s").astype(np.int64))
    except ValueError:  # a thirteenth month
        raise refused from None
    return whole + float(f"0.{fraction or 0}") - _zone_s(zone or "Z")


def _zone_s(zone: str) -> int:
    if zone == "Z":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds
