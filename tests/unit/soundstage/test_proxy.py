"""The fault-injecting proxy: it delays, narrows, swallows and tears, and else changes nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from soundstage.errors import BadSetting
from soundstage.outside.links import Links, read_impairment
from soundstage.outside.proxy import MOST_CONNECTIONS, Impairment, Proxy

BODY = bytes(range(256)) * 200


async def serve(_request: web.Request) -> web.Response:
    return web.Response(body=BODY)


def through(
    impairment: Impairment, ask: Callable[[aiohttp.ClientSession, str], Awaitable[None]]
) -> None:
    """Let ``ask`` talk to a server through a proxy."""

    async def live() -> None:
        app = web.Application()
        app.router.add_get("/", serve)
        async with TestServer(app) as server:
            proxy = Proxy(server.port or 0, impairment)
            url = f"http://127.0.0.1:{await proxy.open()}/"
            try:
                async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session:
                    await ask(session, url)
            finally:
                await proxy.close()

    asyncio.run(live())


async def fetch(session: aiohttp.ClientSession, url: str) -> tuple[bytes, float]:
    began_s = time.monotonic()
    async with session.get(url) as answer:
        return await answer.read(), time.monotonic() - began_s


def test_a_link_without_impairment_changes_nothing() -> None:
    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        for _ in range(3):
            assert (await fetch(session, url))[0] == BODY

    through(Impairment(), ask)


def test_delay_holds_the_answer_back_whole() -> None:
    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        body, took_s = await fetch(session, url)
        assert body == BODY
        assert 0.2 <= took_s < 0.8  # once, though the body is many pieces

    through(Impairment(delay_ms=200, jitter_ms=20), ask)


def test_throttle_takes_the_time_the_rate_needs() -> None:
    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        body, took_s = await fetch(session, url)
        assert body == BODY
        assert took_s >= len(BODY) * 8 / 1_000 / 1_600

    through(Impairment(rate_kbps=1_600), ask)


def test_a_share_of_the_answers_never_ends() -> None:
    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        assert (await fetch(session, url))[0] == BODY
        with pytest.raises(TimeoutError):
            await fetch(session, url)
        assert (await fetch(session, url))[0] == BODY

    through(Impairment(drop_share=0.5), ask)


def test_a_share_of_the_connections_is_reset() -> None:
    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        assert (await fetch(session, url))[0] == BODY
        with pytest.raises(aiohttp.ClientError):
            await fetch(session, url)

    through(Impairment(reset_share=0.5), ask)


def test_a_dead_target_ends_the_connection_and_not_the_proxy() -> None:
    async def live() -> None:
        proxy = Proxy(1, Impairment())
        port = await proxy.open()
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await reader.read() == b""
            writer.close()
        await proxy.close()

    asyncio.run(live())


def test_there_is_a_limit_to_connections() -> None:
    async def live() -> None:
        async with TestServer(web.Application()) as server:
            proxy = Proxy(server.port or 0, Impairment())
            port = await proxy.open()
            pairs = [
                await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS)
            ]
            await asyncio.sleep(0.05)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await reader.read() == b""
            for one in (writer, *(pair[1] for pair in pairs)):
                one.close()
            await proxy.close()

    asyncio.run(live())


def test_links_are_opened_and_closed_by_request_and_end_by_themselves() -> None:
    async def live() -> None:
        app = web.Application()
        Links(app.router)
        app.router.add_get("/", serve)
        async with TestClient(TestServer(app)) as client:
            wish = {"to_port": client.port, "impairment": {"delay_ms": 1}, "seconds": 0.2}
            port = (await (await client.post("/links", json=wish)).json())["port"]
            async with aiohttp.ClientSession() as session:
                assert (await fetch(session, f"http://127.0.0.1:{port}/"))[0] == BODY
            await asyncio.sleep(0.3)
            assert (await (await client.delete("/links/1")).json()) == {"links": []}
            assert (await client.post("/links", data="{}")).status == 415
            bad = await client.post("/links", json=wish | {"impairment": {"flood": 1}})
            assert bad.status == 400
            assert "drop_share" in await bad.text()

    asyncio.run(live())


def test_an_impossible_impairment_is_refused() -> None:
    for wrong in ({"delay_ms": -1.0}, {"drop_share": 1.5}, {"rate_kbps": -8.0}, {"x": 1.0}):
        with pytest.raises(BadSetting):
            read_impairment(wrong)
