"""The desk: one writer, many facts in a commit, each answered for itself and after it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from auscult.engine.events.desk import GROUP_MAX, Desk
from auscult.engine.events.settled import Settled
from auscult.kernel.errors import (
    ObjectMissing,
    QueueFull,
    StateConflict,
    StoreRaced,
    StoreUnavailable,
)
from auscult.kernel.facts import Acknowledged, Resolved
from auscult.store import Store, Work
from tests.unit.engine.bench import ACME, Bench, found


@pytest.fixture
async def desk(bench: Bench) -> AsyncIterator[Desk]:
    made = Desk(bench.store, bench.plans, clock=bench.clock, metrics=bench.metrics)
    made.start()
    yield made
    await made.stop()


@contextmanager
def held(desk: Desk) -> Iterator[None]:
    """Keep the writer busy, so that what comes meanwhile forms a group."""
    go, begun = threading.Event(), threading.Event()

    def wait(_work: Work) -> None:
        begun.set()
        go.wait(5)

    task = asyncio.ensure_future(desk.write(wait))
    del task
    yield
    threading.Timer(0.05, go.set).start()


async def test_an_answer_comes_after_the_commit(desk: Desk, bench: Bench) -> None:
    settled = await desk.submit(found())
    assert settled.incident is not None
    with bench.store.read() as work:
        assert work.of(ACME).incidents.get(settled.incident.id) == settled.incident
        assert work.of(ACME).audit.verify() > 0


async def test_no_answer_is_given_when_the_commit_fails(
    desk: Desk, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Store.write

    @contextmanager
    def broken(self: Store) -> Iterator[Work]:
        with real(self) as work:
            yield work
            raise StoreUnavailable("at the commit itself")

    monkeypatch.setattr(Store, "write", broken)
    with pytest.raises(StoreUnavailable):
        await desk.submit(found())
    assert desk.has_failed
    monkeypatch.undo()
    with bench.store.read() as work:
        assert work.of(ACME).incidents.recent(10) == []


async def test_a_commit_that_another_replica_was_in_the_way_of_is_done_again(
    desk: Desk, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, races = Store.write, [StoreRaced("deadlock detected")] * 2

    @contextmanager
    def raced(self: Store) -> Iterator[Work]:
        with real(self) as work:
            yield work
            if races:
                raise races.pop()

    monkeypatch.setattr(Store, "write", raced)
    assert (await desk.submit(found())).incident is not None
    races += [StoreRaced("deadlock detected")] * 9
    with pytest.raises(StoreRaced):
        await desk.submit(found("edge"))
    assert not desk.has_failed, "the store takes writes"
    with bench.store.read() as work:
        (only,) = work.of(ACME).incidents.recent(10)
    assert only.findings_count == 1


async def test_what_waits_during_a_commit_shares_the_next_one(desk: Desk, bench: Bench) -> None:
    commits: list[int] = []
    desk.on_commit = lambda settled: commits.append(len(settled))
    with held(desk):
        await asyncio.sleep(0.05)
        facts = [asyncio.ensure_future(desk.submit(found(f"s{n}"))) for n in range(20)]
        await asyncio.sleep(0)
    settled = await asyncio.gather(*facts)
    assert [size for size in commits if size] == [20], "twenty facts in one commit"
    assert bench.count("auscult_commit_seconds_count") == 2
    assert len({one.incident.key for one in settled if one.incident}) >= 1


async def test_a_group_is_bounded(desk: Desk, bench: Bench) -> None:
    done: list[int] = []
    with held(desk):
        await asyncio.sleep(0.05)
        jobs = [asyncio.ensure_future(desk.write(lambda _w: done.append(1))) for _ in range(300)]
        await asyncio.sleep(0)
    await asyncio.gather(*jobs)
    assert len(done) == 300
    assert bench.count("auscult_commit_seconds_count") == 1 + 2, f"300 > {GROUP_MAX}"


async def test_one_bad_fact_refuses_only_itself(desk: Desk, bench: Bench) -> None:
    first = (await desk.submit(found())).incident
    assert first is not None
    await desk.submit(Resolved(tenant=ACME, incident=first.id, by="ana"))
    with held(desk):
        await asyncio.sleep(0.05)
        facts: list[Any] = [
            found("a"),
            Acknowledged(tenant=ACME, incident="nowhere", by="ana"),
            found("b"),
            Acknowledged(tenant=ACME, incident=first.id, by="ana"),
            found("c"),
        ]
        asked = [asyncio.ensure_future(desk.submit(fact)) for fact in facts]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    kinds = [type(answer) for answer in answers]
    assert kinds == [Settled, ObjectMissing, Settled, StateConflict, Settled]
    with bench.store.read() as work:
        open_ones = work.of(ACME).incidents.recent(10)
        signals = {signal.fingerprint for one in open_ones for signal in one.signals}
    assert signals == {"fp-a", "fp-b", "fp-c"}, "what was told accepted is there, once"
    assert sum(one.findings_count for one in open_ones) == 3


async def test_an_error_nobody_foresaw_goes_to_whoever_handed_the_job_in(desk: Desk) -> None:
    def broken(_work: Work) -> None:
        raise ZeroDivisionError("a mistake")

    with pytest.raises(ZeroDivisionError):
        await desk.write(broken)
    assert await desk.write(lambda _work: "it goes on") == "it goes on"


async def test_more_than_may_wait_are_refused(bench: Bench) -> None:
    desk = Desk(bench.store, bench.plans, clock=bench.clock, metrics=bench.metrics, waiting_max=3)
    desk.start()
    with held(desk):
        await asyncio.sleep(0.05)
        taken = [asyncio.ensure_future(desk.write(lambda _work: 1)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull) as refused:
            await desk.submit(found())
    assert refused.value.retry_after_s > 0
    assert await asyncio.gather(*taken) == [1, 1, 1]
    await desk.stop()


async def test_a_stopping_writer_commits_what_waits_and_refuses_what_comes(bench: Bench) -> None:
    desk = Desk(bench.store, bench.plans, clock=bench.clock, metrics=bench.metrics)
    with pytest.raises(StoreUnavailable):
        await desk.submit(found())
    desk.start()
    with held(desk):
        await asyncio.sleep(0.05)
        waiting = asyncio.ensure_future(desk.submit(found("last")))
        await asyncio.sleep(0)
        stopping = asyncio.ensure_future(desk.stop())
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(desk.submit(found("too late")), 2)
    await asyncio.wait_for(stopping, 5)
    assert (await waiting).incident is not None
    with pytest.raises(StoreUnavailable):
        await desk.submit(found())
