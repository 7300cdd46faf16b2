"""The source tap: a programme's sound as it entered the platform, as WAV, for those who compare."""

import asyncio
import struct

from aiohttp import web

from soundstage.audio.format import CHANNELS, SAMPLE_RATE
from soundstage.delivery.fan import Fan, refuse_crowd
from soundstage.pace import CHUNK_MS
from soundstage.plan import Programme
from soundstage.stages.notes import SENT_BYTES

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
            raise web.HTTPServiceUnavailable(text="nothing has come from the source yet")
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
