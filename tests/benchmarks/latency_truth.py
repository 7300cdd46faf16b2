"""How late the sound of a platform is, by what it says itself, and by nothing of auscult's.

A listener has sample n of a programme at the time t; the source made it at t0; the latency is
t - t0. Both are known here without the tap that is compared with, and without a search:

- t0 is the source's: sample n was made n / rate after the programme's epoch. Soundstage's is in its
  plan; chunk n of a programme is rendered from its number alone, and covers the seconds n to n + 1
  (`soundstage.stages.ingest`).
- t of a segment is when its server says, in its access log, that it had answered auscult; t of an
  endless stream is when the bytes of a page came to a connection of this benchmark's own.
- Which samples these were the segment's number and the page's granule position say; but a stamp is
  not the sound. The enhancer gives out its input 10 ms later and Opus 6.5 ms, under the stamps of
  what they were given (a granule position counts the 6.5 ms once more), and a listener hears that.
  So the sound is laid beside the programme rendered anew, and what it lies behind its stamps is
  added: 16.5 ms in segments, 23 ms in pages.

Of sound that comes at once what was made last has waited least. A delivery latency is that of what
waited least since the probe before: of the newest sound, at the time it came.
"""

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from soundstage.audio.format import CHUNK_SAMPLES, SAMPLE_RATE
from soundstage.pace import SEGMENT_S
from soundstage.plan import Programme
from soundstage.stages.ingest import open_sound

SLACK_S = 0.25
"""Two who were answered at once note it so far apart at most; the next chunk is a second away."""
APART_MAX_S = 5.0
"""Between two figures further apart there was one that is not known, and no truth to hold it to."""
LAID_S, ROUND_S = 4.0, 1.0
PAGE_HEAD = 27
ENOUGH_BYTES = 120_000
"""Ten seconds at 96 kbit/s."""

Mono = NDArray[np.float32]
Made = Callable[[int, int], Mono]
"""Gives the samples of a programme from the first number to before the second."""


@dataclass
class Truth:
    """One stream: when sound came, and until when in the programme it was made, by its stamps.

    behind_s: how far the sound lies behind its stamps; None until it was laid beside the programme.
    in_parts: whether a chunk that comes at once is handed on in parts, as an endless stream's is.
    """

    epoch_ms: float
    made: Made
    in_parts: bool = False
    behind_s: float | None = None
    _came: list[tuple[float, float]] = field(default_factory=list)

    def note(self, at_s: float, stamp_s: float) -> None:
        """Sound stamped up to `stamp_s` of the programme came at `at_s`, Unix seconds."""
        self._came.append((at_s, at_s - self.epoch_ms / 1e3 - stamp_s))

    def between(self, before_s: float, until_s: float) -> tuple[float, float] | None:
        """Return the least and the most that the latency between two probes can be called.

        It is that of what waited least of all that came in between. Where chunks are handed on in
        parts and a probe comes between two, the end of that chunk belongs to the next probe: both
        are right then. None where it is not known.
        """
        if self.behind_s is None or until_s - before_s > APART_MAX_S:
            return None
        sides = (SLACK_S, -SLACK_S) if self.in_parts else (SLACK_S,)
        late = [
            min(known)
            for slack_s in sides
            if (known := self._within(before_s + slack_s, until_s + slack_s))
        ]
        return (min(late) + self.behind_s, max(late) + self.behind_s) if late else None

    def _within(self, after_s: float, until_s: float) -> list[float]:
        return [late for at_s, late in self._came if after_s < at_s <= until_s]


def made_by(programme: Programme) -> Made:
    """Return what gives the sound of a programme of soundstage's, rendered anew."""
    source = open_sound(programme)

    def made(first: int, until: int) -> Mono:
        chunks = range(first // CHUNK_SAMPLES, -(-until // CHUNK_SAMPLES))
        sound = np.concatenate([source.render(seq).mean(axis=1) for seq in chunks])
        begin = first - chunks.start * CHUNK_SAMPLES
        return sound[begin : begin + until - first]

    return made


def lay(sound: Mono, stamp_s: float, made: Made) -> float:
    """Return how far `sound`, float32 (n,), lies behind its stamp in its programme, in seconds.

    stamp_s: of the programme, where the stamp says that its first sample is.
    """
    first = max(0, round((stamp_s - ROUND_S) * SAMPLE_RATE))
    until = round((stamp_s + ROUND_S) * SAMPLE_RATE) + len(sound)
    likeness = fftconvolve(np.diff(made(first, until)), np.diff(sound)[::-1], mode="valid")
    return stamp_s - (first + int(likeness.argmax())) / SAMPLE_RATE


def read_served(log: Path, truths: dict[str, Truth], *, agent: str) -> None:
    """Take from an edge's access log when it had answered `agent` with each segment."""
    for line in log.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        _, _, key = row["uri"].partition("/live/")
        key, _, name = key.rpartition("/")
        if key in truths and name.endswith(".m4s") and row.get("http_user_agent") == agent:
            ended_s = (int(name.partition("-")[0]) + 1) * SEGMENT_S
            truths[key].note(row["msec"], ended_s)


def read_pages(url: str, truth: Truth) -> None:
    """Listen to an endless Ogg stream until its server ends it, and note every page as it comes."""
    body, at = bytearray(), 0
    with urllib.request.urlopen(url, timeout=30) as answer:
        while part := answer.read1(1 << 16):
            came_s = time.time()
            body += part
            granule = 0
            while (length := _page_length(body, at)) is not None:
                granule = max(
                    granule, int.from_bytes(body[at + 6 : at + 14], "little", signed=True)
                )
                at += length
            if granule:
                truth.note(came_s, granule / SAMPLE_RATE)
            if granule and truth.behind_s is None and at > ENOUGH_BYTES:
                truth.behind_s = _lay_pages(bytes(body[:at]), granule, truth.made)
            if truth.behind_s is not None:
                del body[:at]
                at = 0


def _page_length(body: bytearray, at: int) -> int | None:
    """Return the length of the Ogg page (RFC 3533) at `at`; None where not all of it is there."""
    if len(body) < at + PAGE_HEAD:
        return None
    ends = at + PAGE_HEAD + body[at + PAGE_HEAD - 1]
    length = ends - at + sum(body[at + PAGE_HEAD : ends])
    return length if len(body) >= max(ends, at + length) else None


def _lay_pages(body: bytes, granule: int, made: Made) -> float:
    """Lay the end of these pages, which is stamped `granule`, beside the programme."""
    with av.open(BytesIO(body), "r") as container:
        frames = [frame.to_ndarray().mean(axis=0) for frame in container.decode(audio=0)]
    sound = np.concatenate(frames)[-round(LAID_S * SAMPLE_RATE) :].astype(np.float32)
    return lay(sound, (granule - sound.size) / SAMPLE_RATE, made)
