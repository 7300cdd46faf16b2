"""How sound is handed out: playlists, segments on one time line, episodes, streams, the log."""

import asyncio
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from soundstage.audio.codec import OpusEncoder, decode
from soundstage.audio.fmp4 import pack_init, pack_segment
from soundstage.audio.format import SAMPLE_RATE
from soundstage.audio.ogg import OggStream
from soundstage.audio.synth import STYLES, Synth
from soundstage.delivery.access_log import AccessLog, describe
from soundstage.delivery.accounts import is_right, password_of
from soundstage.delivery.fan import DEEPEST, Fan
from soundstage.delivery.playlist import (
    read_file_name,
    read_media,
    write_media,
    write_multivariant,
    write_time,
)
from soundstage.delivery.recording import (
    EPISODE_SEGMENTS,
    KEPT_SEGMENTS,
    Recordings,
    group_episodes,
)
from soundstage.delivery.tap import Tap, write_wav_head
from soundstage.plan import Programme
from soundstage.stages.frame import Answered
from soundstage.stages.ring import pack_rungs

EPOCH_MS = 1_700_000_000_123


def packets(seqs: range) -> list[bytes]:
    synth, encoder = Synth(STYLES["pop"], 2), OpusEncoder()
    return [packet for seq in seqs for packet in encoder.encode(synth.render(seq))]


def test_a_live_playlist_lists_segments_with_their_time_and_says_what_is_missing() -> None:
    lines = write_media([3, 4, 7], epoch_ms=EPOCH_MS, kbps=96).splitlines()
    assert lines[:2] == ["#EXTM3U", "#EXT-X-VERSION:8"]
    assert "#EXT-X-TARGETDURATION:2" in lines
    assert "#EXT-X-MEDIA-SEQUENCE:3" in lines
    assert '#EXT-X-MAP:URI="init.mp4"' in lines
    assert lines.count("#EXT-X-GAP") == 2  # numbers and sequence numbers stay the same thing
    assert f"#EXT-X-PROGRAM-DATE-TIME:{write_time(EPOCH_MS + 14_000)}" in lines
    assert lines[-2:] == ["#EXTINF:2.000,", "7-96.m4s"]
    assert read_media("\n".join(lines)) == [3, 4, 7]
    assert write_time(EPOCH_MS) == "2023-11-14T22:13:20.123+00:00"


def test_a_playlist_on_demand_ends_and_an_empty_one_is_one() -> None:
    assert write_media([0], epoch_ms=0, kbps=48, ended=True).endswith("#EXT-X-ENDLIST\n")
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in write_media([0], epoch_ms=0, kbps=48, ended=True)
    assert "ENDLIST" not in write_media([0], epoch_ms=0, kbps=48)
    assert read_media(write_media([], epoch_ms=0, kbps=48)) == []


def test_the_multivariant_playlist_names_every_rung_best_first() -> None:
    lines = write_multivariant((96, 48)).splitlines()
    assert [line for line in lines if line[0] != "#"] == ["96.m3u8", "48.m3u8"]
    assert 'BANDWIDTH=115200,AVERAGE-BANDWIDTH=96000,CODECS="opus"' in lines[3]


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("7-96.m4s", (7, 96)),
        ("7-x.m4s", (None, 0)),
        ("7.m4s", (None, 0)),
        ("-7-96.m4s", (None, 0)),
        ("init.mp4", (None, 0)),
        ("9" * 5_000 + "-96.m4s", (None, 0)),
    ],
)
def test_only_segments_have_a_number_and_a_rung(file: str, read: tuple[int | None, int]) -> None:
    assert read_file_name(file) == read


def test_segments_of_one_programme_stand_on_one_time_line() -> None:
    first, second = packets(range(2)), packets(range(2, 4))
    segment = pack_segment(second, number=1, begin=2 * SAMPLE_RATE)
    at = segment.index(b"tfdt") + 8
    assert struct.unpack_from(">Q", segment, at)[0] == 2 * SAMPLE_RATE
    assert struct.unpack_from(">I", segment, segment.index(b"mfhd") + 8)[0] == 1
    joined = pack_init() + pack_segment(first, number=0, begin=0) + segment
    assert len(decode(joined)) == pytest.approx(4 * SAMPLE_RATE, abs=700)
    sound = np.concatenate([Synth(STYLES["pop"], 2).render(seq) for seq in range(2)])
    heard = decode(pack_init() + pack_segment(first, number=0, begin=0))
    level = float(np.sqrt(np.mean(heard**2)) / np.sqrt(np.mean(sound**2)))
    assert level == pytest.approx(1.0, abs=0.1)


def test_a_stream_can_be_joined_at_any_piece_and_a_gap_keeps_its_place() -> None:
    stream = OggStream()
    parts = [stream.feed(packets(range(n, n + 1)), begin=n * SAMPLE_RATE) for n in (5, 6, 9)]
    assert all(part[:4] == b"OggS" for part in parts)
    last_page = parts[2].rindex(b"OggS")
    granule = int.from_bytes(parts[2][last_page + 6 : last_page + 14], "little")
    assert 9.8 * SAMPLE_RATE < granule <= 10 * SAMPLE_RATE + 312  # and what the decoder skips
    assert len(decode(stream.head + parts[1])) > 0.8 * SAMPLE_RATE


def test_recordings_are_kept_for_a_while_and_closed_episodes_are_offered(tmp_path: Path) -> None:
    touched: list[int] = []

    async def touch() -> None:
        touched.append(1)

    async def live() -> None:
        recordings = Recordings(tmp_path, touch_disk=touch)
        last = KEPT_SEGMENTS + EPISODE_SEGMENTS + 5
        for number in range(last):
            if number != EPISODE_SEGMENTS * 3 + 7:
                await recordings.write("acme/x", number, pack_rungs({96: b"hi", 48: b"lo"}))
        assert len(recordings.numbers("acme/x")) == KEPT_SEGMENTS - 1
        assert sorted(recordings.episodes("acme/x")) == [2, 3, 4]
        assert len(recordings.episodes("acme/x")[3]) == EPISODE_SEGMENTS - 1
        assert await recordings.read("acme/x", last - 1) == {96: b"hi", 48: b"lo"}
        assert await recordings.read("acme/x", 0) == {}

    asyncio.run(live())
    assert len(touched) >= KEPT_SEGMENTS


def test_an_episode_is_closed_by_the_next_one() -> None:
    assert group_episodes([]) == {}
    assert group_episodes(list(range(EPISODE_SEGMENTS))) == {}
    numbers = list(range(EPISODE_SEGMENTS + 1))
    assert group_episodes(numbers) == {0: numbers[:-1]}
    assert group_episodes(numbers[5:]) == {0: numbers[5:-1]}  # the platform came on air late
    late = list(range(1, KEPT_SEGMENTS + 1))
    assert 0 not in group_episodes(late)  # it is being forgotten


def test_who_is_too_slow_is_let_go_and_the_others_are_served() -> None:
    async def live() -> None:
        fan, sent = Fan(), []

        class Slow:
            async def write(self, _piece: bytes) -> None:
                await asyncio.sleep(0.2)

        class Quick:
            async def write(self, piece: bytes) -> None:
                sent.append(piece)

        pours = [
            asyncio.create_task(fan.pour(client, first=b"head", most_bytes=10**9))  # type: ignore[arg-type]
            for client in (Slow(), Quick())
        ]
        await asyncio.sleep(0.01)
        for _ in range(DEEPEST + 4):
            fan.send(b"x")
            await asyncio.sleep(0)
        assert len(fan) == 1
        assert sent[0] == b"head"
        for pour in pours:
            pour.cancel()
        await asyncio.gather(*pours, return_exceptions=True)
        assert len(fan) == 0

    asyncio.run(live())


def test_the_tap_is_wave_of_the_length_asked_for() -> None:
    programme = Programme("acme", "x", "pop", seed=1, epoch_ms=EPOCH_MS)

    async def live() -> None:
        tap = Tap(programme)
        chunk = np.arange(SAMPLE_RATE * 2, dtype="<i2").tobytes()
        tap.note(4, chunk)
        app = web.Application()
        app.router.add_get("/tap/{tenant}/{programme}.wav", tap.serve)
        async with TestClient(TestServer(app)) as client:
            answer = await client.get("/tap/acme/x.wav?seconds=1")
            body = await answer.read()
            assert answer.headers["X-Begins-Ms"] == str(EPOCH_MS + 4_000)
            assert body == write_wav_head(len(chunk)) + chunk
            assert len(decode(body)) == SAMPLE_RATE
            assert (await client.get("/tap/acme/x.wav?seconds=9999")).status == 400
            asyncio.get_running_loop().call_later(0.3, tap.note, 6, chunk)
            body = await (await client.get("/tap/acme/x.wav?seconds=3")).read()
            assert body[44:] == chunk + bytes(len(chunk)) + chunk  # the fifth never came

    asyncio.run(live())


def test_a_tap_that_is_early_waits_for_the_first_sample_to_know_its_time() -> None:
    programme = Programme("acme", "x", "pop", seed=1, epoch_ms=EPOCH_MS)

    async def live() -> None:
        tap = Tap(programme)
        app = web.Application()
        app.router.add_get("/tap/{tenant}/{programme}.wav", tap.serve)
        async with TestClient(TestServer(app)) as client:
            asyncio.get_running_loop().call_later(0.25, tap.note, 9, bytes(SAMPLE_RATE * 4))
            answer = await client.get("/tap/acme/x.wav?seconds=1")
            assert answer.headers["X-Begins-Ms"] == str(EPOCH_MS + 9_000)
            await answer.read()

    asyncio.run(live())


def log_line(path: Path) -> AccessLog:
    log = AccessLog(path, edge="edge", most_bytes=2_000)
    for number in range(30):
        request = make_mocked_request("GET", f"/live/acme/x/{number}.m3u8?CMCD=bl%3D100")
        log.write(request, Answered(200, 10, 0.001))
    return log


def test_the_access_log_is_json_lines_and_rotates_by_size(tmp_path: Path) -> None:
    log_line(tmp_path / "log" / "access.ndjson").close()
    files = sorted(path.name for path in (tmp_path / "log").iterdir())
    assert files == ["access.ndjson", "access.ndjson.1", "access.ndjson.2"]
    assert all((tmp_path / "log" / name).stat().st_size < 2_500 for name in files)
    row = json.loads((tmp_path / "log" / "access.ndjson.1").read_text().splitlines()[0])
    assert row["request_uri"] == row["uri"] + "?" + row["args"]
    assert (row["args"], row["status"], row["body_bytes_sent"]) == ("CMCD=bl%3D100", 200, 10)


def test_a_line_carries_what_the_client_sent_but_not_without_end() -> None:
    headers = {"CMCD-Session": 'sid="a"', "X-Forwarded-For": "192.0.2.7, 10.0.0.1"}
    request = make_mocked_request("GET", "/x?" + "a" * 5_000, headers=headers)
    row = describe(request, Answered(404, 0, 0.25), edge="edge-2")
    assert row["remote_addr"] == "192.0.2.7"
    assert row["cmcd_session"] == 'sid="a"'
    assert len(row["args"]) == 2_000
    assert (row["service"], row["status"], row["request_time"]) == ("edge-2", 404, 0.25)


def test_only_the_right_password_of_a_known_account_is_right() -> None:
    secret = password_of("acme", "listener-7")
    assert is_right("acme", "listener-7", secret)
    assert not is_right("birch", "listener-7", secret)
    assert not is_right("acme", "listener-8", secret)
    for user in ("listener-500", "admin-7", "listener-", "listener-\u0667", "listener-" + "9" * 99):
        assert not is_right("acme", user, password_of("acme", user))
