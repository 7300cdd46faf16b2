"""Listening over real HTTP: what is heard is what is played, and what is not heard is said."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import web

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Heard, Unheard, Why
from auscult.signals.listening import Decoder, EndlessListener, Fetching, HlsListener, hls
from tests.integration.listening.station import SEGMENT_S, Station, on_air
from tests.unit.signals.listening.coded import sweep, whole


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def take(listening: AsyncGenerator[Heard | Unheard], count: int) -> list[Heard | Unheard]:
    """Take some, and stop listening."""
    found: list[Heard | Unheard] = []
    async with asyncio.timeout(20), aclosing(listening):
        async for one in listening:
            found.append(one)
            if len(found) >= count:
                break
    return found


async def follow(station: Station, count: int, path: str = "/live.m3u8") -> list[Heard | Unheard]:
    async with Fetching.of(station.url + path, timeout_s=1) as fetching:
        listener = HlsListener(fetching, station.url + path, now_ms)
        return await take(listener.listen(), count)


def heard_of(found: list[Heard | Unheard]) -> list[Heard]:
    return [one for one in found if isinstance(one, Heard)]


def whys(found: list[Heard | Unheard]) -> list[Why]:
    return [one.why for one in found if isinstance(one, Unheard)]


async def test_a_live_stream_is_heard_without_a_gap_and_at_its_own_pace() -> None:
    async with on_air() as station:
        began_s = time.monotonic()
        found = await follow(station, 7)
        took_s = time.monotonic() - began_s
    heard = heard_of(found)
    assert len(heard) == 7
    assert [one.follows for one in heard] == [False, *[True] * 6]
    first = int(station.asked[0].strip("/").removesuffix(".ogg"))
    once = Decoder()
    played = np.concatenate([once.decode(station.bodies[first + i])[0] for i in range(7)])
    joined = np.concatenate([one.samples for one in heard])
    assert np.abs(joined - played).max() < 1e-6
    assert len(set(station.asked)) == len(station.asked), "nothing is fetched twice"
    assert took_s > 3 * SEGMENT_S
    assert {one.size_bytes for one in heard} <= {len(body) for body in station.bodies}


async def test_a_recording_is_heard_from_its_first_segment_to_its_end() -> None:
    async with on_air() as station:
        station.is_over = True
        async with Fetching.of(station.url) as fetching:
            listener = HlsListener(fetching, f"{station.url}/live.m3u8", now_ms, speed=50)
            found = [one async for one in listener.listen()]
    assert len(heard_of(found)) == len(station.bodies)
    assert whys(found) == [Why.COMPLETE]


async def test_a_broken_segment_is_said_and_the_next_is_heard() -> None:
    async with on_air() as station:
        first = station.newest() + 1
        station.broken = {first: b"no audio at all", first + 1: 404}
        found = await follow(station, 8)
    assert whys(found) == [Why.MALFORMED, Why.REFUSED]
    said = [one for one in found if isinstance(one, Unheard)]
    assert f"segment {first}: " in said[0].detail
    assert "404" in said[1].detail
    after = heard_of(found[found.index(said[1]) :])
    assert [one.follows for one in after][:2] == [False, True]


async def test_a_segment_that_changes_its_channels_is_heard_in_pieces() -> None:
    async with on_air() as station:
        both = [whole(sweep(1, channels=n), codec="aac", container="adts") for n in (2, 1)]
        station.tags = "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T10:00:00Z"
        station.bodies = [b"".join(both)]
        found = await follow(station, 4)
    heard = heard_of(found)
    assert [one.samples.shape[1] for one in heard] == [2, 1, 2, 1]
    assert [one.follows for one in heard] == [False] * 4
    assert [one.size_bytes for one in heard] == [len(station.bodies[0]), 0] * 2
    assert heard[0].media_ms is not None
    assert heard[1].media_ms == heard[0].media_ms + round(1_000 * heard[0].duration_s)


async def test_a_playlist_that_stands_still_is_said_once() -> None:
    async with on_air() as station:
        station.stands_still_at = station.newest()
        async with Fetching.of(station.url) as fetching:
            listener = HlsListener(fetching, f"{station.url}/live.m3u8", now_ms)
            listening = listener.listen()
            found = await take_open(listening, 4)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(listening), 1.5)
    assert whys(found) == [Why.STALE]


async def test_a_playlist_that_goes_on_standing_still_is_said_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hls, "STALE_AGAIN_S", 0.5)
    async with on_air() as station:
        station.stands_still_at = station.newest()
        async with Fetching.of(station.url) as fetching:
            listener = HlsListener(fetching, f"{station.url}/live.m3u8", now_ms)
            found = await take_open(listener.listen(), 6)
    assert whys(found) == [Why.STALE] * 3


async def test_a_playlist_that_never_changes_is_heard_once() -> None:
    async with on_air() as station:
        station.stands_still_at = station.newest()
        async with Fetching.of(station.url) as fetching:
            listener = HlsListener(fetching, f"{station.url}/live.m3u8", now_ms)
            await take_open(listener.listen(), 4)
        assert len(set(station.asked)) == len(station.asked)


async def test_a_playlist_that_loops_is_heard_again_each_time() -> None:
    """Six segments in a window of four, and from the beginning: back by two."""
    async with on_air() as station:
        station.loops_after = 6
        found = await follow(station, 12)
    heard = heard_of(found)
    anew = [number for number, one in enumerate(heard) if not one.follows]
    assert not whys(found)
    assert len(heard) == 12
    assert 2 <= len(anew) <= 5, "each time around it begins anew, and only then"
    assert {station.asked.count(f"/{number}.ogg") for number in (3, 4, 5)} - {0, 1}


async def test_a_cache_that_is_one_segment_late_breaks_nothing() -> None:
    async with on_air() as station:
        station.lags_now_and_then = True
        found = await follow(station, 6)
        assert len(set(station.asked)) == len(station.asked), "nothing is fetched twice"
    assert [one.follows for one in heard_of(found)] == [False, *[True] * 5]


async def test_segments_that_left_unheard_are_said() -> None:
    async with on_air() as station, Fetching.of(station.url) as fetching:
        listening = HlsListener(fetching, f"{station.url}/live.m3u8", now_ms).listen()
        await take_open(listening, 3)
        await asyncio.sleep(8 * SEGMENT_S)
        found = await take_open(listening, 2)
    assert whys(found) == [Why.MISSED]
    assert "segments left" in str(found[0])
    assert [one.follows for one in heard_of(found)] == [False]


async def take_open(listening: AsyncGenerator[Heard | Unheard], count: int) -> list[Any]:
    """Take some without ending the listening."""
    return [await asyncio.wait_for(anext(listening), 10) for _ in range(count)]


async def test_what_is_encrypted_is_not_guessed_at() -> None:
    async with on_air() as station:
        station.tags = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key"'
        found = await follow(station, 2)
        assert station.asked == []
    assert set(whys(found)) == {Why.SCRAMBLED}


async def test_what_is_encrypted_is_said_also_where_the_playlist_names_no_key() -> None:
    clear = whole(sweep(1), codec="aac", container="mp4")
    at = clear.index(b"mp4a", clear.index(b"stsd"))
    scrambled = clear[:at] + b"enca" + clear[at + 4 :]

    async def header(_request: web.Request) -> web.Response:
        return web.Response(body=scrambled)

    async with on_air(header=header) as station:
        station.bodies = [scrambled]
        found = await follow(station, 1)
        station.tags = '#EXT-X-MAP:URI="/header"'
        found += await follow(station, 1)
    assert whys(found) == [Why.SCRAMBLED] * 2


async def test_when_a_segment_was_made_is_taken_from_the_playlist() -> None:
    async with on_air() as station:
        station.tags = "#EXT-X-PROGRAM-DATE-TIME:2026-11-26T10:00:00Z"
        heard = heard_of(await follow(station, 2))
    assert heard[1].media_ms is not None
    assert heard[0].media_ms is not None
    assert heard[1].media_ms - heard[0].media_ms == SEGMENT_S * 1_000


async def test_an_endless_stream_is_heard_as_it_comes_and_asked_again_when_it_ends() -> None:
    async with on_air() as station:
        url = f"{station.url}/stream.ogg"
        async with Fetching.of(url) as fetching:
            listener = EndlessListener(fetching, url, now_ms, again_s=0.05)
            found = await take(listener.listen(), 16)
    ended = whys(found).index(Why.ENDED)
    before = heard_of(found)[: [isinstance(o, Unheard) for o in found].index(True)]
    assert ended == 0
    assert 5.5 < sum(one.duration_s for one in before) < 6.5
    assert [one.follows for one in before] == [False, *[True] * (len(before) - 1)]
    assert not heard_of(found)[len(before)].follows, "a new connection begins anew"
    assert sum(one.size_bytes for one in before) > 50_000
    assert not [t for t in threading.enumerate() if t.name == "ear"]


async def endless_noise(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    with suppress(ConnectionError):
        while True:
            await answer.write(b"\x00\xff" * 8_192)
            await asyncio.sleep(0.01)
    return answer


async def slow(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    with suppress(ConnectionError):
        while True:
            await answer.write(b"#")
            await asyncio.sleep(0.2)
    return answer


async def metadata(_request: web.Request) -> web.Response:
    raise web.HTTPFound("http://169.254.169.254/latest/meta-data")


async def round_and_round(request: web.Request) -> web.Response:
    raise web.HTTPFound(request.url)


async def moved(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/live.m3u8")


@pytest.mark.parametrize(
    ("path", "why", "says"),
    [
        ("none.m3u8", Why.REFUSED, "404"),
        ("noise", Why.TOO_LARGE, "more than"),
        ("slow", Why.SLOW, "within 1 s"),
        ("metadata", Why.REFUSED, "never asked"),
        ("round", Why.REFUSED, "redirects"),
        ("1.ogg", Why.MALFORMED, "UTF-8"),
    ],
)
async def test_a_playlist_that_cannot_be_had_is_said(path: str, why: Why, says: str) -> None:
    places = {"noise": endless_noise, "slow": slow, "metadata": metadata, "round": round_and_round}
    async with on_air(**places) as station:
        found = await follow(station, 1, f"/{path}")
    assert whys(found) == [why]
    assert says in str(found[0])


async def test_a_redirect_is_followed() -> None:
    async with on_air(moved=moved) as station:
        assert len(heard_of(await follow(station, 2, "/moved"))) == 2


async def test_an_endless_body_that_is_no_audio_is_given_up() -> None:
    async with on_air(noise=endless_noise) as station:
        url = f"{station.url}/noise"
        async with Fetching.of(url) as fetching:
            found = await take(EndlessListener(fetching, url, now_ms).listen(), 1)
    assert whys(found) == [Why.MALFORMED]


async def test_nobody_there_is_said() -> None:
    async with Fetching.of("http://127.0.0.1:9/x") as fetching:
        found = await take(HlsListener(fetching, "http://127.0.0.1:9/x", now_ms).listen(), 1)
    assert whys(found) == [Why.UNREACHABLE]
    assert isinstance(found[0], Unheard)
    assert found[0].detail == "nothing listens at 127.0.0.1:9"


async def test_a_page_where_sound_belongs_is_named() -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>Please log in</html>" * 99, content_type="text/html")

    async with on_air(page=page) as station:
        url = f"{station.url}/page"
        async with Fetching.of(url) as fetching:
            said = await take(EndlessListener(fetching, url, now_ms).listen(), 1)
        said += await follow(station, 1, "/page")
        station.tags = '#EXT-X-MAP:URI="/page"'
        said += await follow(station, 1)
    assert whys(said) == [Why.MALFORMED] * 3
    endless, playlist, segment = (one.detail for one in said if isinstance(one, Unheard))
    assert endless == (
        "it cannot be decoded: Invalid data found when processing input"
        " (the server calls it text/html)"
    )
    assert playlist.endswith("(the server calls it text/html)")
    assert "it cannot be decoded" in segment


async def test_a_public_stream_leads_nobody_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(_self: object, host: str, port: int, _family: object) -> list[Any]:
        address = "10.0.0.7" if host == "inside.example" else "1.1.1.1"
        return [{"hostname": host, "host": address, "port": port, "family": 2}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    async with Fetching.of("http://1.1.1.1/live.m3u8") as fetching:
        for url in ("http://inside.example/x", "http://127.0.0.1/x", "http://[::1]/", "file:///x"):
            with pytest.raises(StreamUnheard) as refused:
                await fetching.get(url, most_bytes=9)
            assert refused.value.why == Why.REFUSED
    with pytest.raises(StreamUnheard, match="no host"):
        async with Fetching.of("nonsense"):
            pass


async def test_a_name_that_leads_nowhere_at_first_is_heard_when_it_leads_inside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual, is_up = socket.getaddrinfo, False

    def look_up(host: Any, *more: Any, **named: Any) -> Any:
        if host != "radio.internal":
            return usual(host, *more, **named)
        if not is_up:
            raise socket.gaierror(socket.EAI_AGAIN, "name resolution is not up yet")
        return usual("127.0.0.1", *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with on_air() as station:
        url = station.url.replace("127.0.0.1", "radio.internal") + "/live.m3u8"
        async with Fetching.of(url, timeout_s=1) as fetching:
            listening = HlsListener(fetching, url, now_ms).listen()
            before = await take_open(listening, 1)
            is_up = True
            after = await take_open(listening, 3)
    assert whys(before) == [Why.UNREACHABLE]
    assert len(heard_of(after)) == 3
