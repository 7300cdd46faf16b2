"""Each way of listening gives the programme to an ordinary player; what is told of it is true."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import av
import numpy as np
import pytest

from soundstage.audio.codec import decode
from soundstage.audio.format import SAMPLE_RATE, Pcm
from soundstage.audio.synth import STYLES, Synth
from soundstage.delivery.accounts import password_of
from soundstage.delivery.recording import EPISODE_SEGMENTS
from soundstage.sabotage.injection import aim
from tests.integration.soundstage.platform import Living, until


@pytest.mark.parametrize(
    "way",
    ["live/acme/charts/playlist.m3u8", "live/acme/charts/master.m3u8", "stream/acme/charts.ogg"],
)
def test_an_ordinary_player_plays_it_on_one_clock(living: Living, way: str) -> None:
    until(lambda: len(living.segments("acme/charts")) >= 3, within_s=20, what="three segments")
    programme = next(p for p in living.plan.programmes if p.key == "acme/charts")
    frames = first_s = 0.0
    with av.open(f"{living.plan.process('edge').url}/{way}", timeout=10) as container:
        for frame in container.decode(audio=0):
            assert (frame.rate, frame.layout.name) == (SAMPLE_RATE, "stereo")
            first_s = first_s or float(frame.time or 0.0)
            frames += frame.samples
            if frames > 3 * SAMPLE_RATE:
                break
    # The time stamps are those of the programme: they say how far behind live it is heard.
    assert 0 < programme.live_s() - first_s < 25


def test_the_stream_goes_on_without_a_seam(living: Living) -> None:
    url = living.plan.process("edge").url + "/stream/birch/talk.ogg"
    began_s, got = time.monotonic(), b""
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert answer.headers["icy-name"] == "birch/talk"
        while time.monotonic() - began_s < 4:
            got += answer.read1(65_536)
    assert len(decode(got)) > 4 * SAMPLE_RATE


def test_the_tap_gives_the_source_exactly(living: Living) -> None:
    url = living.plan.process("ingest").url + "/tap/coral/calm.wav?seconds=2"
    with urllib.request.urlopen(url, timeout=10) as answer:
        begins_ms, body = int(answer.headers["X-Begins-Ms"]), answer.read()
    programme = next(p for p in living.plan.programmes if p.key == "coral/calm")
    seq = (begins_ms - programme.epoch_ms) // 1_000
    synth = Synth(STYLES[programme.source], programme.seed)
    source = np.concatenate([synth.render(seq), synth.render(seq + 1)])
    assert np.abs(decode(body) - source).max() < 1e-3


def tapped(living: Living, stage: str, path: str) -> tuple[int, Pcm]:
    """When the first sample was on air, and two to three seconds of sound, from a tap."""
    got = b""
    with urllib.request.urlopen(living.plan.process(stage).url + path, timeout=10) as answer:
        began_s = time.monotonic()
        while time.monotonic() - began_s < 3.2:
            got += answer.read1(1 << 20)
        return int(answer.headers["X-Begins-Ms"]), decode(got)


def test_a_fault_of_the_sound_shows_from_the_tap_of_its_stage_on(living: Living) -> None:
    places = [
        ("ingest", "/tap/coral/club.wav"),
        ("ingest", "/output/coral/club.wav"),
        ("enhance", "/tap/coral/club.wav"),
        ("encode", "/tap/coral/club.ogg"),
    ]
    with aim(
        living.state, "lost_channel", target="enhance", parameters={"programme": "coral/club"}
    ):
        time.sleep(2.5)
        with ThreadPoolExecutor() as pool:
            heard = list(pool.map(lambda place: tapped(living, *place), places))
    # Programmes are on air from their epoch on, whichever tap tells of them.
    epoch_ms = next(p for p in living.plan.programmes if p.key == "coral/club").epoch_ms
    assert all((begins_ms - epoch_ms) % 1_000 == 0 for begins_ms, _ in heard)
    loud = [np.sqrt((sound[SAMPLE_RATE:] ** 2).mean(axis=0)) for _, sound in heard]
    quiet = [min(levels) < 0.05 * max(levels) for levels in loud]
    assert quiet == [False, False, True, True], loud


def test_what_was_on_air_is_there_on_demand(living: Living) -> None:
    def episodes() -> list[int]:
        body = living.get("edge", "/vod/acme/charts/episodes.json")[1]
        return list(json.loads(body)) if body else []

    until(episodes, within_s=90, what="a closed episode")
    path = f"/vod/acme/charts/{episodes()[-1]}"
    text = living.get("edge", f"{path}/playlist.m3u8")[1].decode()
    assert text.endswith("#EXT-X-ENDLIST\n")
    count = text.count("#EXTINF")
    assert 0 < count <= EPISODE_SEGMENTS
    with av.open(f"{living.plan.process('edge').url}{path}/playlist.m3u8") as container:
        frames = sum(frame.samples for frame in container.decode(audio=0))
    assert frames == pytest.approx(count * 2 * SAMPLE_RATE, rel=0.1)
    assert living.get("edge", "/vod/acme/charts/99999/playlist.m3u8")[0] == 404


def test_the_access_log_holds_the_cmcd_of_the_players(living: Living) -> None:
    def carriers() -> Counter[str]:
        rows = [row for row in living.edge_log() if row["uri"].endswith(".m4s")]
        query = sum(row["args"].startswith("CMCD=") and "sid%3D%22" in row["args"] for row in rows)
        headers = sum("sid=" in row.get("cmcd_session", "") for row in rows)
        return Counter(query=query, headers=headers)

    until(lambda: min(carriers().values()) > 0, within_s=20, what="both carriers")
    players = [row for row in living.edge_log() if row["args"].startswith("CMCD=")]
    row = next(row for row in players if row["uri"].endswith(".m4s"))
    assert row["status"] == 200
    assert row["body_bytes_sent"] > 5_000
    assert row["cache"] in {"hit", "miss"}
    assert row["http_user_agent"].startswith("Soundstage/")
    assert not row["remote_addr"].startswith("127.")


def test_players_tell_of_their_start(living: Living) -> None:
    def started() -> list[dict[str, object]]:
        return [event for event in living.collector.events() if event["event"] == "startup"]

    until(lambda: len(started()) >= 10, within_s=20, what="ten starts")
    one = started()[0]
    assert 0 < int(str(one["lasted_ms"])) < 60_000
    assert {"programme", "session", "device", "region", "app_version", "edge"} <= set(one)
    sent = living.value("listeners-acme", "soundstage_player_events_total", outcome="sent")
    assert sent > 0


def test_a_segment_is_one_trace_through_all_stages(living: Living) -> None:
    wanted = {"ingest", "enhance", "encode", "package"}

    def whole() -> list[tuple[str, Any]]:
        traces: dict[bytes, list[tuple[str, Any]]] = {}
        for service, span in living.collector.spans():
            traces.setdefault(span.trace_id, []).append((service, span))
        found = [t for t in traces.values() if {service for service, _ in t} == wanted]
        return next((t for t in found if has_all_parents(t)), [])

    def has_all_parents(trace: list[tuple[str, Any]]) -> bool:
        """Spans of several segments may share one; stages tell theirs when they like."""
        known = {span.span_id for _, span in trace}
        return all(span.parent_span_id in known for service, span in trace if service != "ingest")

    until(whole, within_s=20, what="a whole trace")
    spans = whole()
    services = {span.span_id: service for service, span in spans}
    parents = {(services.get(span.parent_span_id, ""), service) for service, span in spans}
    assert parents == {
        ("", "ingest"),
        ("ingest", "enhance"),
        ("enhance", "encode"),
        ("encode", "package"),
    }
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for _, span in spans)


def test_a_request_is_one_trace_from_the_player_to_the_packager(living: Living) -> None:
    client, server = 3, 2

    def whole() -> bool:
        spans = living.collector.spans()
        services = {span.span_id: service for service, span in spans}
        chain = {
            (services.get(span.parent_span_id, ""), service, span.kind) for service, span in spans
        }
        links = {("", "listeners", client), ("listeners", "edge", server)}
        return links | {("edge", "edge", client), ("edge", "package", server)} <= chain

    until(whole, within_s=20, what="a whole trace of a request")
    assert whole()


def test_listeners_sign_in_and_strangers_cannot(living: Living) -> None:
    def sign_in(password: str) -> int:
        wish = json.dumps({"user": "listener-3", "password": password}).encode()
        request = urllib.request.Request(
            living.plan.process("edge").url + "/login/acme",
            wish,
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    assert sign_in(password_of("acme", "listener-3")) == 200
    assert sign_in("summer") == 401
    assert living.value("edge", "soundstage_requests_total", route="/login/{tenant}", code="401")
    assert any(row["status"] == 200 for row in living.edge_log() if row["uri"].startswith("/login"))
