"""Where the platform can be heard and what it tells: taps, the key it sends with, the probes."""

import asyncio
import contextlib
import socket
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from soundstage.audio.codec import OpusEncoder, decode
from soundstage.audio.format import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from soundstage.bearer import read_bearer
from soundstage.delivery.encoded_tap import EncodedTap
from soundstage.plan import Programme, make_plan
from soundstage.settings import Settings
from soundstage.show import config
from soundstage.show.config import Door
from soundstage.show.hearing import WHOLE_WAY, probes_of
from soundstage.tracing import Tracer
from soundstage.tracing.context import Context

EPOCH_MS = 1_700_000_000_000
PROGRAMME = Programme("acme", "x", "pop", seed=1, epoch_ms=EPOCH_MS)


def tone(seconds: int) -> Pcm:
    at = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    return np.repeat((0.3 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)[:, None], 2, axis=1)


def test_the_tap_behind_the_encoder_gives_what_was_encoded_since_somebody_came() -> None:
    encoder, tap, sound = OpusEncoder(), EncodedTap(PROGRAMME), tone(4)

    def encode(seq: int) -> None:
        chunk = sound[seq * SAMPLE_RATE : (seq + 1) * SAMPLE_RATE]
        tap.note(seq, encoder.encode(chunk))

    async def live() -> tuple[str, bytes]:
        app = web.Application()
        app.router.add_get("/tap/{tenant}/{programme}.ogg", tap.serve)
        async with TestClient(TestServer(app)) as client:
            encode(0)  # nobody is there
            answer = await client.get("/tap/acme/x.ogg")
            for seq in (1, 2, 3):
                encode(seq)
            body = b""
            with contextlib.suppress(TimeoutError):
                while True:
                    body += await asyncio.wait_for(answer.content.readany(), 0.5)
            begins_ms = answer.headers["X-Begins-Ms"]
            answer.close()
            async with asyncio.timeout(5):
                for seq in count(4):
                    tap.note(seq, encoder.encode(sound[:SAMPLE_RATE]))
                    await asyncio.sleep(0.02)
                    if not len(tap.fan):
                        break
            return begins_ms, body

    begins_ms, body = asyncio.run(live())
    assert int(begins_ms) == EPOCH_MS + 1_000
    heard = decode(body)  # an Ogg page of 100 ms waits for the next call
    assert 2.8 * SAMPLE_RATE <= len(heard) <= 3 * SAMPLE_RATE + 10 * FRAME_SAMPLES, (
        "the first second was before"
    )
    middle = heard[SAMPLE_RATE : 2 * SAMPLE_RATE, 0]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_the_key_is_read_once_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert read_bearer("") == {}
    assert read_bearer(str(file)) is None
    file.write_text("")
    assert read_bearer(str(file)) is None
    config.write_key(tmp_path, "ak_1")
    kept = tmp_path / config.KEY_FILE
    assert read_bearer(str(kept)) == {"Authorization": "Bearer ak_1"}
    assert kept.stat().st_mode & 0o077 == 0
    kept.write_bytes("schlüssel".encode())
    assert read_bearer(str(kept)) is None


def test_spans_wait_for_the_key_and_then_carry_it(tmp_path: Path) -> None:
    file, came = tmp_path / "key", asyncio.Queue[str]()

    async def take(request: web.Request) -> web.Response:
        came.put_nowait(request.headers.get("Authorization", ""))
        return web.Response()

    async def live() -> tuple[bool, str, int]:
        app = web.Application()
        app.router.add_post("/v1/traces", take)
        async with TestServer(app) as server:
            tracer = Tracer({}, endpoint=str(server.make_url("/")), share=1.0, key_file=str(file))
            with tracer.span("work", Context.of_segment("acme/x", 1, share=1.0)):
                pass
            task = asyncio.create_task(tracer.export())
            await asyncio.sleep(1.3)
            nothing_yet = came.empty()
            file.write_text("ak_2\n")
            async with asyncio.timeout(5):
                key = await came.get()
            task.cancel()
            return nothing_yet, key, tracer.dropped

    assert asyncio.run(live()) == (True, "Bearer ak_2", 0)


def test_a_door_holds_its_port_without_answering_on_it() -> None:
    first, second = Door.hold(), Door.hold()
    try:
        assert first.port != second.port
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", second.port), timeout=1)
        with pytest.raises(OSError, match="in use"), socket.socket() as rival:
            rival.bind(("127.0.0.1", second.port))
    finally:
        first.release()
        second.release()
    socket.create_server(("127.0.0.1", second.port)).close()


def test_a_port_that_old_connections_are_in_the_way_of_is_held_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # who closes first keeps the connection in TIME_WAIT
    monkeypatch.setattr(config, "FAVOURITE_PORT", port)
    first, second = Door.hold(), Door.hold()
    first.release()
    second.release()
    assert first.port == port
    assert second.port != port


def test_a_programme_on_the_whole_way_is_heard_behind_every_stage(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    probes = probes_of(plan)
    by_programme: dict[str, list[tuple[int, str]]] = {}
    for probe in probes:
        place = (probe["hop"], probe["service"])
        by_programme.setdefault(probe["programme"], []).append(place)
    assert by_programme.keys() == {programme.key for programme in plan.programmes}
    ways = list(by_programme.values())
    whole = ["source", "ingest", "enhance", "encode", "package", "edge"]
    assert ways[:WHOLE_WAY] == [list(enumerate(whole))] * WHOLE_WAY
    assert set(map(tuple, ways[WHOLE_WAY:])) <= {((5, "edge"),)}
    assert len({probe["stream"] for probe in probes}) == len(probes)


def test_the_show_tells_the_product_everything_it_can_hear(tmp_path: Path) -> None:
    settings = config.settings_towards(18_080, tmp_path)
    assert settings == Settings(
        traces_url="http://127.0.0.1:18080",
        traces_share=1.0,
        events_url="http://127.0.0.1:18080/api/v1/players/events",
        key_file=str(tmp_path / "auscult.key"),
    )
