"""Live streams: who may hold how many, and that none outlives the credential that opened it."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi import FastAPI

from auscult.kernel.errors import QueueFull
from auscult.kernel.words import TenantId
from auscult.surface.api.events import Seats
from auscult.surface.app import create_app
from tests.unit.surface.client import Answer, ask
from tests.unit.surface.fake_engine import FakeEngine

ACME, BOLT = TenantId("acme"), TenantId("bolt")
WAIT_S = 10


def listen(app: FastAPI, tenant: str) -> asyncio.Task[Answer]:
    return asyncio.create_task(ask(app, "/api/v1/events", key=f"{tenant}-member", stays=True))


async def until_taken(app: FastAPI, tenant: TenantId, wanted: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while app.state.seats.taken(tenant) < wanted:
            await asyncio.sleep(0.01)


async def test_one_tenant_cannot_take_every_stream(engine: FakeEngine) -> None:
    limits = engine.settings.limits.model_copy(update={"live_clients": 16})
    engine.settings = engine.settings.model_copy(update={"limits": limits})
    app = create_app(engine)
    listening = [listen(app, "acme") for _ in range(4)]
    await until_taken(app, ACME, 4)
    full = await ask(app, "/api/v1/events", key="acme-member", stays=True)
    assert (full.status, full.code) == (503, "capacity.queue_full")
    assert full.headers["retry-after"] == "30"
    other = listen(app, "bolt")
    await until_taken(app, BOLT, 1)
    engine.hub.close()
    answers = await asyncio.wait_for(asyncio.gather(other, *listening), WAIT_S)
    assert [one.status for one in answers] == [200] * 5
    assert app.state.seats.taken(ACME) == app.state.seats.taken(BOLT) == 0


@pytest.mark.parametrize(("limit", "share"), [(200, 50), (16, 4), (8, 3), (4, 3), (2, 2)])
def test_a_tenants_share_is_a_quarter_but_a_few_at_least(limit: int, share: int) -> None:
    seats = Seats(limit)
    with ExitStack() as held:
        for _ in range(share):
            held.enter_context(seats.take(ACME))
        with pytest.raises(QueueFull):
            held.enter_context(seats.take(ACME))
    with seats.take(ACME):
        assert seats.taken(ACME) == 1


def test_all_tenants_together_stay_below_the_limit() -> None:
    seats = Seats(4)
    with ExitStack() as held:
        for tenant in (ACME, ACME, ACME, BOLT):
            held.enter_context(seats.take(tenant))
        with pytest.raises(QueueFull):
            held.enter_context(seats.take(BOLT))


async def test_a_stream_ends_with_the_key_that_opened_it(engine: FakeEngine, app: FastAPI) -> None:
    listening = listen(app, "acme")
    await until_taken(app, ACME, 1)
    del engine.keys["acme-member"]
    engine.hub.publish(ACME, "incident", {"id": "1"})
    answer = await asyncio.wait_for(listening, WAIT_S)
    assert answer.status == 200
    assert b"event: hello" in answer.body


async def test_the_audit_chain_is_checked_by_admins_one_at_a_time(
    engine: FakeEngine, app: FastAPI
) -> None:
    path = "/api/v1/audit/verify"
    assert (await ask(app, path, key="acme-member")).status == 403
    begun, may_end = asyncio.Event(), asyncio.Event()
    read = engine.read

    async def slow_read(fn: Callable[[Any], Any]) -> Any:
        begun.set()
        await may_end.wait()
        return await read(fn)

    engine.read = slow_read  # type: ignore[method-assign]
    first = asyncio.create_task(ask(app, path, key="acme-admin"))
    await begun.wait()
    second = await ask(app, path, key="acme-admin")
    assert (second.status, second.code) == (409, "store.conflict")
    others = asyncio.create_task(ask(app, path, key="bolt-admin"))
    may_end.set()
    assert (await first).status == (await others).status == 200
    assert (await ask(app, path, key="acme-admin")).status == 200
