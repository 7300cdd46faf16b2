"""HLS playlists (RFC 8216, and EXT-X-GAP of its second edition). Pure.

Segment ``n`` is the programme's seconds 2n to 2n + 2, so numbers, times and file names follow from
each other, before and after a restart, live and on demand.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from soundstage.pace import SEGMENT_S

LONGEST = 24
"""Characters of a segment's name."""

LISTED = 6
"""Segments in a live playlist: twelve seconds, so that a listener may miss a few polls."""


def write_media(numbers: Sequence[int], *, epoch_ms: int, kbps: int, ended: bool = False) -> str:
    """Write the media playlist of segments ``numbers`` (ascending) of one rung.

    A number that is missing in between is listed as a gap, which keeps the media sequence numbers
    those of the segments; ``ended`` makes it a playlist on demand.
    """
    head = ["#EXTM3U", "#EXT-X-VERSION:8", f"#EXT-X-TARGETDURATION:{SEGMENT_S:.0f}"]
    head.append(f"#EXT-X-MEDIA-SEQUENCE:{numbers[0] if numbers else 0}")
    if ended:
        head.append("#EXT-X-PLAYLIST-TYPE:VOD")
    head.append('#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI="init.mp4"')
    there = set(numbers)
    for number in range(numbers[0], numbers[-1] + 1) if numbers else ():
        head.append(f"#EXT-X-PROGRAM-DATE-TIME:{write_time(epoch_ms + number * SEGMENT_S * 1_000)}")
        if number not in there:
            head.append("#EXT-X-GAP")
        head += [f"#EXTINF:{SEGMENT_S:.3f},", f"{number}-{kbps}.m4s"]
    return "\n".join([*head, *["#EXT-X-ENDLIST"] * ended]) + "\n"


def write_multivariant(ladder_kbps: Sequence[int]) -> str:
    """Write the playlist of playlists, best rung first."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:8", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for kbps in ladder_kbps:
        # Opus varies around its nominal rate by about a fifth.
        rates = f"BANDWIDTH={kbps * 1_200},AVERAGE-BANDWIDTH={kbps * 1_000}"
        lines += [f'#EXT-X-STREAM-INF:{rates},CODECS="opus"', f"{kbps}.m3u8"]
    return "\n".join(lines) + "\n"


def read_media(text: str) -> list[int]:
    """Return the numbers of the segments a media playlist offers, without its gaps."""
    numbers: list[int] = []
    gap = False
    for line in text.splitlines():
        if line == "#EXT-X-GAP":
            gap = True
        elif line.endswith(".m4s"):
            number = line.partition("-")[0]
            if not gap and number.isdecimal():
                numbers.append(int(number))
            gap = False
    return numbers


def write_time(at_ms: float) -> str:
    """Write Unix milliseconds as ISO 8601 in UTC, as ``EXT-X-PROGRAM-DATE-TIME`` wants it."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds")


def read_file_name(file: str) -> tuple[int | None, int]:
    """Read ``7-96.m4s`` as (7, 96); (None, 0) for anything that is no segment."""
    stem, _, suffix = file.partition(".")
    number, _, kbps = stem.partition("-")
    if suffix != "m4s" or len(stem) > LONGEST or not (number.isdecimal() and kbps.isdecimal()):
        return None, 0
    return int(number), int(kbps)
