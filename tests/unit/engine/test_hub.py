"""Live push: nobody misses what they may see, and nobody sees what they may not."""

import asyncio
from collections.abc import AsyncIterator

from auscult.engine.hub import RING_FRAMES, Hub
from auscult.kernel.words import TenantId

ACME, BIRCH = TenantId("acme"), TenantId("birch")


async def take(stream: AsyncIterator[bytes], until: bytes) -> bytes:
    """Read a stream until some text has come; a second is long enough."""
    seen = b""
    async with asyncio.timeout(3):
        while until not in seen:
            seen += await anext(stream)
    return seen


async def test_a_client_sees_its_tenants_events_only() -> None:
    hub = Hub(boot="b1")
    stream = hub.subscribe(ACME)
    assert b"event: hello" in await anext(stream)
    hub.publish(BIRCH, "incident", {"id": "secret"})
    hub.publish(ACME, "incident", {"id": "mine"})
    seen = await take(stream, b"mine")
    assert b"secret" not in seen
    assert b"id: b1-2\nevent: incident\n" in seen


async def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    hub = Hub(boot="b1")
    for number in range(3):
        hub.publish(ACME, "incident", {"id": f"i{number}"})
    stream = hub.subscribe(ACME, "b1-1")
    seen = await take(stream, b"i2")
    assert b'"i1"' in seen
    assert b'"i0"' not in seen


async def test_a_cursor_of_another_start_or_beyond_the_ring_is_told_to_load_afresh() -> None:
    hub = Hub(boot="b2")
    assert b"event: resync" in await anext(hub.subscribe(ACME, "b1-7"))
    assert b"event: resync" in await anext(hub.subscribe(ACME, "garbage"))
    hub.publish(ACME, "incident", {"id": "first"})
    stream = hub.subscribe(ACME, "b2-1")
    await anext(stream)
    for number in range(RING_FRAMES + 10):
        hub.publish(ACME, "incident", {"id": str(number)})
    assert b"event: resync" in await anext(stream)


async def test_closing_ends_every_stream() -> None:
    hub = Hub(boot="b1")
    stream = hub.subscribe(ACME)
    await anext(stream)
    hub.close()
    async with asyncio.timeout(1):
        assert [frame async for frame in stream] == []
    assert hub.clients == 0
