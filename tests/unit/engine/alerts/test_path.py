"""Silences are set and ended through the one writer, and there is an end to how many there are."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from auscult.engine.alerts.path import SILENCES_MAX, AlertPath
from auscult.kernel.alerts import Silence
from auscult.kernel.errors import ObjectMissing, StateConflict
from auscult.kernel.matchers import Matcher
from auscult.store import Work
from tests.unit.engine.bench import ACME, Bench

HOUR_MS = 3_600_000


def path_of(bench: Bench) -> AlertPath:
    async def write(job: Callable[[Work], Any]) -> Any:
        with bench.store.write() as work:
            return job(work)

    events: Any = SimpleNamespace(write=write)
    settings: Any = SimpleNamespace(monitoring_enabled=True)
    return AlertPath(events, bench.plans, settings=settings, clock=bench.clock)


def silence(bench: Bench, silence_id: str = "", *, for_ms: int = HOUR_MS) -> Silence:
    now_ms = bench.clock.now_ms()
    matcher = Matcher(name="service", op="=", value="edge")
    return Silence(
        id=silence_id,
        matchers=(matcher,),
        starts_ms=now_ms,
        ends_ms=now_ms + for_ms,
        updated_ms=now_ms,
    )


async def test_one_silence_too_many_is_refused_until_one_ends(bench: Bench) -> None:
    path = path_of(bench)
    with bench.store.write() as work:
        for number in range(SILENCES_MAX - 1):
            work.of(ACME).silences.put(silence(bench, f"S{number}"))
    last = await path.silence(ACME, silence(bench), by="ana")
    with pytest.raises(StateConflict, match=f"{SILENCES_MAX} silences"):
        await path.silence(ACME, silence(bench), by="ana")
    longer = silence(bench, last, for_ms=2 * HOUR_MS)
    assert await path.silence(ACME, longer, by="ana") == last, "one that is there may change"
    await path.expire(ACME, "S0", by="ana")
    bench.clock.advance(ms=1)
    assert await path.silence(ACME, silence(bench), by="ana") != last
    with bench.store.read() as work:
        assert len(work.of(ACME).silences.ending_after(bench.clock.now_ms())) == SILENCES_MAX


async def test_what_mutes_an_incident_stands_on_its_timeline(bench: Bench) -> None:
    path = path_of(bench)
    await path.silence(ACME, silence(bench), by="ana", incident="i1")
    await path.silence(ACME, silence(bench), by="bob")
    with bench.store.read() as work:
        (row,) = work.of(ACME).audit.of("i1")
    assert (row.actor, row.action) == ("ana", "incident.silenced")
    assert row.detail["sentence"].startswith(
        'Muted by ana until 2026-01-01 01:00 UTC: service="edge"'
    )


async def test_a_silence_that_is_not_there_is_neither_changed_nor_ended(bench: Bench) -> None:
    path = path_of(bench)
    with pytest.raises(ObjectMissing):
        await path.silence(ACME, silence(bench, "S9"), by="ana")
    with pytest.raises(ObjectMissing):
        await path.expire(ACME, "S9", by="ana")
