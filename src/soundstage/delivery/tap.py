"""A tap: a programme's sound at one place of the platform, as WAV, for those who compare.

Ingest has one at its entrance (the source) and one at its exit, enhance one at its exit: so a
listener at every tap hears behind which stage a fault of the sound begins.
"""

import asyncio
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from soundstage.audio.format import CHANNELS, SAMPLE_RATE
from soundstage.delivery.fan import Fan, refuse_crowd
from soundstage.pace import CHUNK_MS
from soundstage.plan import Programme
from soundstage.stages.notes import SENT_BYTES

if TYPE_CHECKING:
    from soundstage.stages.frame import Frame

UNKNOWN = 0xFFFFFFFF
"""Length of what has no end: readers of WAV take it for "until the end of the file"."""

FRAME_BYTES = 2 * CHANNELS
MOST_S = 600
MOST_MISSED = 8
PATIENCE_S = 5


class Tap:
    """The newest chunk of one programme, and everybody who taps it."""

    def __init__(self, programme: Programme) -> None:
        """Tap a programme; nothing has come yet."""
        self._programme = programme
        self.fan = Fan()
        self._seq, self._newest = -1, b""

    def note(self, seq: int, body: bytes) -> None:
        """Take chunk ``seq`` as 16-bit PCM; one that never came is silence, to keep the time."""
        missed = min(MOST_MISSED, seq - self._seq - 1) if self._newest else 0
        for _ in range(missed):
            self.fan.send(bytes(len(body)))
        self._seq, self._newest = seq, body
        self.fan.send(body)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer with WAV: endless, or of ``?seconds=N`` (at most 600)."""
        refuse_crowd(self.fan)
        seconds = request.query.get("seconds", "0")
        if len(seconds) > len(str(MOST_S)) or not seconds.isdecimal() or int(seconds) > MOST_S:
            raise web.HTTPBadRequest(text=f"seconds: 1 to {MOST_S}, or none for an endless tap")
        for _ in range(PATIENCE_S * 10):
            if self._newest:
                break
            await asyncio.sleep(0.1)  # the time of the first sample is known when it is there
        else:
            raise web.HTTPServiceUnavailable(text="nothing has come here yet")
        length = int(seconds) * SAMPLE_RATE * FRAME_BYTES or UNKNOWN
        begins_ms = self._programme.epoch_ms + self._seq * CHUNK_MS
        response = web.StreamResponse(headers={"X-Begins-Ms": str(begins_ms)})
        response.content_type = "audio/wav"
        await response.prepare(request)
        head = write_wav_head(length)
        most = length + len(head) if length != UNKNOWN else 2**62
        first = head + self._newest
        request[SENT_BYTES] = await self.fan.pour(response, first=first, most_bytes=most)
        return response


class Serves(Protocol):
    """A tap of any form."""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one who taps."""


def offer_taps(frame: "Frame", path: str, taps: Mapping[str, Serves]) -> None:
    """Serve the taps (by ``tenant/programme``) of this process's share at ``path``."""

    async def serve(request: web.Request) -> web.StreamResponse:
        key = f"{request.match_info['tenant']}/{request.match_info['programme']}"
        if key not in {programme.key for programme in frame.plan.share_of(frame.place)}:
            raise web.HTTPNotFound(text="no such programme here")
        return await taps[key].serve(request)

    frame.route(path, serve)


def write_wav_head(length: int) -> bytes:
    """Write the 44 bytes before ``length`` bytes of 16-bit PCM (RIFF WAVE, format 1)."""
    riff = UNKNOWN if length == UNKNOWN else 36 + length
    rate_bytes = SAMPLE_RATE * FRAME_BYTES
    form = struct.pack("<HHIIHH", 1, CHANNELS, SAMPLE_RATE, rate_bytes, FRAME_BYTES, 16)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", riff, b"WAVE", b"fmt ", len(form))
        + form
        + struct.pack("<4sI", b"data", length)
    )
