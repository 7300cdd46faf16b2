"""Many timers due in one minute among many that are open: how late each is rung.

`python -m tests.benchmarks timers [--due N] [--open N]`

The event path as it runs (SQLite, synchronous=FULL), with the real clock: a timer counts as rung
when the commit that takes it is durable, and what it asked for with it. The timers name incidents
that are over, as most of them do when they ring; those that are not due stay in the queue.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass, field

import numpy as np

from auscult.engine.events.claims import Claims
from auscult.engine.events.courier import Courier
from auscult.engine.events.desk import Desk
from auscult.engine.events.dispatch import Dispatch
from auscult.engine.events.settled import Settled
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.facts import Fact, Rang, Timer
from auscult.kernel.words import TenantId
from auscult.runtime.clock import SystemClock
from auscult.runtime.metrics import Metrics
from auscult.store import Store
from tests.benchmarks.report import report, run_alone

TENANTS = tuple(TenantId(f"t{number}") for number in range(10))
MINUTE_MS, FAR_MS = 60_000, 86_400_000
LEAD_MS = 3_000
PATIENCE_S = 120.0


@dataclass(slots=True)
class Lateness:
    """How late each timer was rung, in milliseconds."""

    clock: SystemClock
    late_ms: list[int] = field(default_factory=list)

    def note(self, timer: Timer) -> None:
        self.late_ms.append(self.clock.now_ms() - timer.due_ms)


class TimedDesk(Desk):
    """A desk that notes when what a timer asked for is durable."""

    lateness: Lateness

    async def submit(self, fact: Fact) -> Settled:
        settled = await super().submit(fact)
        if isinstance(fact, Rang):
            self.lateness.note(fact.timer)
        return settled


def fill(store: Store, *, due: int, waiting: int, from_ms: int) -> None:
    """Set timers: some spread over the minute that begins then, the others for tomorrow."""
    with store.write() as work:
        for tenant in TENANTS:
            work.directory.add_tenant(tenant, tenant, from_ms)
        for number in range(due + waiting):
            tenant = TENANTS[number % len(TENANTS)]
            at_ms = from_ms + number * MINUTE_MS // due if number < due else from_ms + FAR_MS
            about = f"I{number}"
            key = f"{about}:escalate"
            timer = Timer(key=key, tenant=tenant, name="escalate", about=about, due_ms=at_ms)
            work.of(tenant).timers.set(timer)


async def ring(store: Store, clock: SystemClock, *, due: int) -> Lateness:
    """Ring what is due; return how late."""
    plans = Plans({tenant: TenantPlan(tenant) for tenant in TENANTS})
    metrics = Metrics()
    desk = TimedDesk(store, plans, clock=clock, metrics=metrics)
    desk.lateness = Lateness(clock)
    courier = Courier(desk, metrics=metrics)
    claims = Claims(desk, clock=clock, owner="benchmark")
    dispatch = Dispatch(claims, courier, plans, clock=clock, metrics=metrics)
    desk.start()
    running = [asyncio.ensure_future(one) for one in (courier.run(), dispatch.run_timers())]
    async with asyncio.timeout(PATIENCE_S):
        while len(desk.lateness.late_ms) < due:
            await asyncio.sleep(0.1)
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    await desk.stop()
    return desk.lateness


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--due", type=int, default=10_000)
    parser.add_argument("--open", type=int, default=100_000)
    given = parser.parse_known_args(sys.argv[1:])[0]
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/timers.db")
        store.migrate()
        filling_ms = (given.due + given.open) // 10  # a good guess: the first are not due before
        from_ms = clock.now_ms() + LEAD_MS + filling_ms
        fill(store, due=given.due, waiting=given.open - given.due, from_ms=from_ms)
        print(f"  filled {from_ms - clock.now_ms()} ms before the first is due")
        late_ms = asyncio.run(ring(store, clock, due=given.due)).late_ms
        store.close()
    p50, p99 = (float(np.quantile(late_ms, share)) for share in (0.5, 0.99))
    print(f"  {given.due} of {given.open}: p50 {p50:.0f} ms, p99 {p99:.0f} ms late")
    report("timers.late_p99", p99 / 1_000, unit="s", floor=5, goal=1)


if __name__ == "__main__":
    run_alone(main)
