"""A tap behind an encoder: a programme's Opus packets as endless Ogg, for those who compare."""

from aiohttp import web

from soundstage.audio.format import CHUNK_SAMPLES
from soundstage.audio.ogg import OggStream
from soundstage.delivery.fan import Fan, refuse_crowd
from soundstage.pace import CHUNK_MS
from soundstage.plan import Programme
from soundstage.stages.notes import SENT_BYTES

ENDLESS = 2**62


class EncodedTap:
    """The packets of one programme as they leave the encoder; wrapped only while somebody taps."""

    def __init__(self, programme: Programme) -> None:
        """Tap a programme; nobody listens yet."""
        self._programme = programme
        self.fan = Fan()
        self._seq = -1
        self._stream: OggStream | None = None

    def note(self, seq: int, packets: list[bytes]) -> None:
        """Take the packets of chunk ``seq``; a chunk that never came is a gap in the granules."""
        self._seq = seq
        if self._stream is not None:
            self.fan.send(self._stream.feed(packets, begin=seq * CHUNK_SAMPLES))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one who taps, from the next chunk on; the head says when that began."""
        refuse_crowd(self.fan)
        begins_ms = self._programme.epoch_ms + (self._seq + 1) * CHUNK_MS
        response = web.StreamResponse(headers={"X-Begins-Ms": str(begins_ms)})
        response.content_type = "audio/ogg"
        await response.prepare(request)
        self._stream = self._stream or OggStream()
        head = self._stream.head
        try:
            request[SENT_BYTES] = await self.fan.pour(response, first=head, most_bytes=ENDLESS)
        finally:
            if not len(self.fan):
                self._stream = None
        return response
