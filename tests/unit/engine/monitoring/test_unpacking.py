"""A flood of reports of one tenant is refused by itself: the others find their own line."""

import asyncio
import threading

import pytest

from auscult.engine.monitoring import unpacking as module
from auscult.engine.monitoring.unpacking import IN_LINE_MAX, Unpacking
from auscult.kernel.errors import BodyMalformed, QueueFull
from auscult.kernel.sounds import Stream, Unheard, Why
from auscult.kernel.words import Subject, TenantId
from auscult.signals.vantage import pack_sound, unpack_sound
from tests.unit.engine.bench import ACME

BOLT, CARA = TenantId("bolt"), TenantId("cara")
STREAM = Stream("pop at edge", "pop", Subject(service="edge"))
REPORT = pack_sound(STREAM, Unheard(Why.SLOW, 0, ""), sent_ms=0)


async def test_one_tenants_flood_is_refused_and_nobody_elses_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = threading.Event()

    def slowly(body: bytes, *, now_ms: int) -> object:
        held.wait(10)
        return unpack_sound(body, now_ms=now_ms)

    monkeypatch.setattr(module, "unpack_sound", slowly)
    monkeypatch.setattr(module, "ALL_IN_LINE_MAX", IN_LINE_MAX + 1)
    unpacking = Unpacking()
    tenants = [*[ACME] * (IN_LINE_MAX + 3), BOLT, BOLT, CARA]
    asked = [asyncio.create_task(unpacking.unpack(tenant, REPORT, now_ms=0)) for tenant in tenants]
    await asyncio.sleep(0.05)
    held.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [isinstance(one, QueueFull) for one in answers]
    assert refused[: IN_LINE_MAX + 3] == [False] * IN_LINE_MAX + [True] * 3
    assert refused[-3:] == [False, True, False], "who has none in line is let in always"
    assert (await unpacking.unpack(ACME, REPORT, now_ms=0))[0] == STREAM, "the line has moved"
    unpacking.stop()


async def test_what_is_refused_stands_in_line_no_more() -> None:
    unpacking = Unpacking()
    for _ in range(2 * IN_LINE_MAX):
        with pytest.raises(BodyMalformed):
            await unpacking.unpack(ACME, b"{}", now_ms=0)
    unpacking.stop()
