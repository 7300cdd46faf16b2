"""Package: two chunks of Opus become one fMP4 segment, kept on disk and listed in playlists.

Segment ``n`` holds the chunks ``2n`` and ``2n + 1``, so a restarted stage goes on with the right
numbers. What was on air is offered on demand in closed episodes.
"""

from collections.abc import Collection, Mapping

from aiohttp import web

from soundstage.audio.fmp4 import pack_init, pack_segment
from soundstage.audio.format import CHUNK_SAMPLES
from soundstage.delivery.playlist import (
    LISTED,
    LONGEST,
    read_file_name,
    write_media,
    write_multivariant,
)
from soundstage.delivery.recording import Recordings
from soundstage.pace import CHUNK_MS, CHUNKS_PER_SEGMENT
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.line import Lines, Work
from soundstage.stages.ring import Ring, pack_rungs, unpack_packets, unpack_rungs

PLAYLIST, SEGMENT = "application/vnd.apple.mpegurl", "audio/mp4"


class Package:
    """The routes of the packager: live, on demand, and the packets of the endless stream."""

    def __init__(self, frame: Frame) -> None:
        """Pack what comes and serve it."""
        self._frame = frame
        self._epochs_ms = {p.key: p.epoch_ms for p in frame.plan.programmes}
        self._packets = {p.key: Ring(period_s=CHUNK_MS / 1_000) for p in frame.plan.programmes}
        self._recordings = Recordings(frame.state, touch_disk=frame.inside.touch_disk)
        self._lines = Lines(frame, seqs_per_item=CHUNKS_PER_SEGMENT, store=self._recordings.write)
        self._lines.offer(self._packets)
        self._lines.pull(lambda programme: make_packer(programme, self._packets[programme.key]))
        frame.route("/live/{tenant}/{programme}/{file}", self._live)
        frame.route("/vod/{tenant}/{programme}/episodes.json", self._episodes)
        frame.route("/vod/{tenant}/{programme}/{episode}/{file}", self._on_demand)

    async def _live(self, request: web.Request) -> web.Response:
        key, file = self._key(request), request.match_info["file"]
        ring, (number, kbps) = self._lines.rings[key], read_file_name(file)
        if number is not None:
            body = ring.get(number)
            return self._segment(request, unpack_rungs(body) if body else {}, kbps)
        held = [chunk for chunk in ring.after(-1, limit=LISTED) if chunk.seq > ring.newest - LISTED]
        rungs = {chunk.seq: unpack_rungs(chunk.payload).keys() for chunk in held}
        return self._listing(key, file, rungs, ladder=self._frame.plan.settings.ladder_kbps)

    async def _on_demand(self, request: web.Request) -> web.Response:
        key, file, episode = self._key(request), request.match_info["file"], _episode(request)
        number, kbps = read_file_name(file)
        if number is not None:
            return self._segment(request, await self._recordings.read(key, number), kbps)
        numbers = self._recordings.episodes(key).get(episode)
        if numbers is None:
            raise web.HTTPNotFound(text="no such episode")
        # An episode offers what it was encoded at from beginning to end, whatever is so today.
        ends = [await self._recordings.read(key, at) for at in (numbers[0], numbers[-1])]
        ladder = tuple(kbps for kbps in ends[0] if kbps in ends[1])
        rungs = {number: ends[0].keys() for number in numbers}
        return self._listing(key, file, rungs, ladder=ladder, ended=True)

    async def _episodes(self, request: web.Request) -> web.Response:
        return web.json_response(sorted(self._recordings.episodes(self._key(request))))

    def _listing(
        self,
        key: str,
        file: str,
        rungs: Mapping[int, Collection[int]],
        *,
        ladder: tuple[int, ...],
        ended: bool = False,
    ) -> web.Response:
        """List the segments that have the rung; ``rungs`` says which ones each number has."""
        if file == "init.mp4":
            return web.Response(body=pack_init(), content_type=SEGMENT)
        if file == "master.m3u8" and ladder:
            return web.Response(text=write_multivariant(ladder), content_type=PLAYLIST)
        offered = {*ladder, *(kbps for held in rungs.values() for kbps in held)}
        named = {f"{kbps}.m3u8": kbps for kbps in offered}
        kbps = ladder[0] if file == "playlist.m3u8" and ladder else named.get(file)
        if kbps is None:
            raise web.HTTPNotFound(text="no such playlist")
        numbers = [number for number, held in rungs.items() if kbps in held]
        text = write_media(numbers, epoch_ms=self._epochs_ms[key], kbps=kbps, ended=ended)
        return web.Response(text=text, content_type=PLAYLIST)

    def _segment(self, request: web.Request, rungs: Mapping[int, bytes], kbps: int) -> web.Response:
        body = rungs.get(kbps)
        if body is None:
            raise web.HTTPNotFound(text="no such segment")
        self._lines.count_bytes(request.match_info["tenant"], len(body))
        return web.Response(body=body, content_type=SEGMENT)

    def _key(self, request: web.Request) -> str:
        key = f"{request.match_info['tenant']}/{request.match_info['programme']}"
        if key not in self._epochs_ms:
            raise web.HTTPNotFound(text="no such programme")
        return key


def set_up(frame: Frame) -> None:
    """Pack segments and serve them with their playlists."""
    Package(frame)


def make_packer(_programme: Programme, packets: Ring) -> Work:
    """Return the work that turns pairs of chunks into segments; half a pair is dropped.

    Every chunk also goes to ``packets``, for those who want no segments.
    """
    held: dict[int, dict[int, bytes]] = {}

    def work(seq: int, payload: bytes) -> list[tuple[int, bytes]]:
        packets.add(seq, payload)
        rungs = unpack_rungs(payload)
        if seq % CHUNKS_PER_SEGMENT == 0:
            held.clear()
            held[seq] = rungs
            return []
        first = held.pop(seq - 1, None)
        if first is None or first.keys() != rungs.keys():
            return []
        number, begin = seq // CHUNKS_PER_SEGMENT, (seq - 1) * CHUNK_SAMPLES
        bodies = {
            kbps: pack_segment(
                unpack_packets(first[kbps]) + unpack_packets(second), number=number, begin=begin
            )
            for kbps, second in rungs.items()
        }
        return [(number, pack_rungs(bodies))]

    return work


def _episode(request: web.Request) -> int:
    text = request.match_info["episode"]
    if len(text) > LONGEST or not text.isdecimal():
        raise web.HTTPNotFound(text="no such episode")
    return int(text)
