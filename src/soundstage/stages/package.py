"""Package: two chunks of Opus become one Ogg segment, listed in a live playlist.

The playlist is in the form of RFC 8216 (HLS media playlist). Segment ``n`` holds the chunks
``2n`` and ``2n + 1``, so a restarted stage goes on with the right numbers.
"""

from aiohttp import web

from soundstage.audio.ogg import pack_ogg
from soundstage.pace import CHUNKS_PER_SEGMENT, SEGMENT_S
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.line import Lines, Work
from soundstage.stages.ring import Ring, unpack_packets

LISTED = 6


def set_up(frame: Frame) -> None:
    """Pack segments and serve them with their playlist."""
    lines = Lines(frame, seqs_per_item=CHUNKS_PER_SEGMENT)
    lines.pull(make_packer)

    async def playlist(request: web.Request) -> web.Response:
        ring = _ring(lines, request)
        return web.Response(text=write_playlist(ring), content_type="application/x-mpegurl")

    async def segment(request: web.Request) -> web.Response:
        number = request.match_info["number"]
        body = _ring(lines, request).get(int(number)) if number.isdecimal() else None
        if body is None:
            raise web.HTTPNotFound(text="no such segment")
        lines.count_bytes(request.match_info["tenant"], len(body))
        return web.Response(body=body, content_type="audio/ogg")

    frame.route("/live/{tenant}/{programme}/playlist.m3u8", playlist)
    frame.route("/live/{tenant}/{programme}/{number}.ogg", segment)


def make_packer(_programme: Programme) -> Work:
    """Return the work that turns pairs of chunks into segments; half a pair is dropped."""
    held: dict[int, list[bytes]] = {}

    def work(seq: int, payload: bytes) -> list[tuple[int, bytes]]:
        if seq % CHUNKS_PER_SEGMENT == 0:
            held.clear()
            held[seq] = unpack_packets(payload)
            return []
        first = held.pop(seq - 1, None)
        if first is None:
            return []
        return [(seq // CHUNKS_PER_SEGMENT, pack_ogg(first + unpack_packets(payload)))]

    return work


def write_playlist(ring: Ring) -> str:
    """Write the live playlist of the newest segments (RFC 8216 §4.3)."""
    numbers = [number for number, _ in ring.after(-1, limit=LISTED)]
    head = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{SEGMENT_S:.0f}"]
    head.append(f"#EXT-X-MEDIA-SEQUENCE:{numbers[0] if numbers else 0}")
    for before, number in zip([None, *numbers], numbers, strict=False):
        gap = before is not None and number != before + 1
        head += ["#EXT-X-DISCONTINUITY"] * gap
        head += [f"#EXTINF:{SEGMENT_S:.3f},", f"{number}.ogg"]
    return "\n".join(head) + "\n"


def _ring(lines: Lines, request: web.Request) -> Ring:
    key = f"{request.match_info['tenant']}/{request.match_info['programme']}"
    if key not in lines.rings:
        raise web.HTTPNotFound(text="no such programme")
    return lines.rings[key]
