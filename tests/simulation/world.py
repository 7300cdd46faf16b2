"""A small world in which auscult's event path lives, is killed at named points, and lives again.

Everything is the product's own but the clock, the receivers and death: one seed says what happens
and when, so a failure is replayed by its seed.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from auscult.engine.alerts.ringing import Ringer
from auscult.engine.alerts.taking import take_in
from auscult.engine.events.claims import LEASE_MS, take_up
from auscult.engine.events.outbox.hands import FRESH_MS
from auscult.engine.events.outbox.muted import put_off_muted, was_to_come
from auscult.engine.events.perform import perform
from auscult.engine.events.records import settle
from auscult.engine.events.settled import Settled
from auscult.engine.events.steps import Rules
from auscult.engine.wiring import Plans, TenantPlan
from auscult.incidents import looked_at
from auscult.kernel.alerts import Alert, Silence, fingerprints
from auscult.kernel.effects import Effect
from auscult.kernel.errors import StateConflict
from auscult.kernel.facts import (
    Acknowledged,
    Answered,
    Escalated,
    Fact,
    Found,
    Rang,
    Reassigned,
    Released,
    Resolved,
    Silenced,
    Timer,
)
from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.incidents import ChangeKind, Incident
from auscult.kernel.matchers import parse_matcher
from auscult.kernel.times import DAY_MS, MINUTE_MS
from auscult.kernel.words import Severity, Subject, TenantId
from auscult.notification.decide import Route
from auscult.runtime.clock import FakeClock
from auscult.store import Claim, IncidentFilter, Store, Work
from auscult.store.queue import Room
from auscult.store.turns import Lease
from tests.simulation.people import ALERTING, NAMES, ONCALL, PHONES, PLACES, Judge
from tests.simulation.receivers import Receiver, Wire

T = TypeVar("T")
TENANTS = (TenantId("acme"), TenantId("birch"))
SERVICES = ("ingest", "encode", "edge")
OWNER = "the only one"
ROOM = Room(free=4, each=2)


class Killed(BaseException):
    """The process is gone: nothing after this line of it runs."""


@dataclass(slots=True)
class World:
    """One seeded history: `live` until killed, again and again, then `settle_down` and look."""

    folder: Path
    seed: int
    death: float = 0.02
    rng: random.Random = field(init=False)
    clock: FakeClock = field(init=False, default_factory=FakeClock)
    store: Store = field(init=False)
    plans: Plans = field(init=False)
    receivers: dict[str, Receiver] = field(init=False)
    accepted: list[Fact] = field(init=False, default_factory=list)
    firing: set[tuple[TenantId, str]] = field(init=False, default_factory=set)
    deaths: Counter[str] = field(init=False, default_factory=Counter)
    leased: list[Effect] = field(init=False, default_factory=list)
    """Claimed in the commit that wished for it, and not attempted yet."""
    unanswered: str = ""
    """The message that arrived, and of which the store does not know yet."""
    at_risk: Counter[str] = field(init=False, default_factory=Counter)
    """By key, the deaths between a message's arrival and the answer to its outcome."""
    mortal: bool = True
    judge: Judge = field(init=False, default_factory=Judge)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.receivers = {"keyed": Receiver(takes_keys=True), "mail": Receiver(takes_keys=False)}
        route = Route(to=("keyed", "mail"), on=(ChangeKind.OPENED, ChangeKind.RESOLVED))
        rules = Rules(routes=(route,), oncall=ONCALL, alerting=ALERTING)
        for name in (*PHONES, "hook"):
            self.receivers[name] = Receiver(takes_keys=True)
        channels = {name: Wire(to=name) for name in self.receivers}
        self.plans = Plans({t: TenantPlan(t, rules=rules, channels=channels) for t in TENANTS})
        self.store = Store.open(f"sqlite:///{self.folder}/{self.seed}.db")
        self.store.migrate()
        with self.store.write() as work:
            for tenant in TENANTS:
                work.directory.add_tenant(tenant, tenant, self.clock.now_ms())

    def point(self, name: str) -> None:
        """Die here, perhaps."""
        if self.mortal and self.rng.random() < self.death:
            self.deaths[name] += 1
            raise Killed(name)

    def commit(self, job: Callable[[Work], T]) -> T:
        """Do a job in a transaction; a death inside takes all of it back."""
        with self.store.write() as work:
            self.point("before the job")
            result = job(work)
            self.point("before commit")
        self.point("after commit, before the answer")
        return result

    def submit(self, fact: Fact) -> None:
        """Hand a fact in; it counts as accepted once somebody was told so."""
        self.judge.expect(fact)
        try:
            self.commit(lambda work: settle(work, fact, self.plans, clock=self.clock))
        except StateConflict:
            return
        self.accepted.append(fact)
        self.judge.take(fact, self.clock.now_ms())

    async def live(self, turns: int) -> bool:
        """Live for some turns from a fresh start; False when killed."""
        try:
            self.leased.clear()
            self.commit(lambda work: work.queue.release(OWNER))
            for _ in range(turns):
                await self.turn()
        except Killed:
            if self.unanswered:
                self.at_risk[self.unanswered] += 1
            self.unanswered = ""
            return False
        return True

    async def turn(self) -> None:
        """Let one thing happen."""
        self.clock.advance(ms=self.rng.randrange(50, 3_000))
        await self.rng.choice(
            [
                *[self.find, self.find, self.decide, self.send, self.send, self.send],
                *[self.ring, self.ring_groups, self.post, self.post, self.hush],
            ]
        )()

    async def find(self) -> None:
        """A detector says that something begins, or is over."""
        service = self.rng.choice(SERVICES)
        self.submit(Found(finding=self.finding(service, self.rng.choice(list(Phase)))))

    async def decide(self) -> None:
        """A person acknowledges or resolves an incident."""
        tenant = self.rng.choice(TENANTS)
        with self.store.read() as work:
            open_ones = work.of(tenant).incidents.recent(50)
        if open_ones:
            told: dict[str, Any] = {
                "tenant": tenant,
                "incident": self.rng.choice(open_ones).id,
                "by": self.rng.choice(["ana", "bob"]),
            }
            kind = self.rng.choice(
                [Acknowledged, Acknowledged, Released, Resolved, Escalated, Silenced, Reassigned]
            )
            if kind is Silenced:
                told["for_ms"] = MINUTE_MS
            if kind is Reassigned:
                told["to"] = "person:bob"
            self.submit(kind(**told))

    async def post(self) -> None:
        """A Prometheus says that something fires, or is over."""
        fires = self.rng.random() < 0.6
        self.alert(self.rng.choice(TENANTS), self.rng.choice(NAMES), fires=fires)

    def alert(self, tenant: TenantId, name: str, place: str = "", *, fires: bool) -> None:
        """Hand an alert in; it counts as accepted once somebody was told so."""
        place = place or self.rng.choice(PLACES)
        now_ms = self.clock.advance(ms=1)
        labels = (("alertname", name), ("place", place))
        alert = Alert(
            fingerprint=fingerprints([labels])[0],
            labels=labels,
            annotations=(),
            starts_ms=now_ms,
            ends_ms=now_ms + DAY_MS if fires else now_ms,
            updated_ms=now_ms,
        )
        if not fires:
            self.judge.expect_end(tenant, name, place)

        lease = Lease(OWNER, now_ms + LEASE_MS, most=self.rng.randrange(3))

        def take(work: Work) -> Settled:
            rows, paths = work.of(tenant), ALERTING.paths
            groups = take_in(rows, [alert], paths, now_ms=now_ms)
            return Ringer(self.plans, self.clock).ring_at_once(work, tenant, groups, lease=lease)

        self.leased += self.commit(take).leased
        if fires:
            self.judge.fire(tenant, name, place, at_ms=now_ms)

    async def hush(self) -> None:
        """A person silences an alert for a while."""
        tenant, name = self.rng.choice(TENANTS), self.rng.choice(NAMES)
        now_ms = self.clock.advance(ms=1)
        silence = Silence(
            id=f"s{now_ms}",
            matchers=(parse_matcher(f'alertname="{name}"'),),
            starts_ms=now_ms,
            ends_ms=now_ms + 20_000,
            updated_ms=now_ms,
        )
        self.commit(lambda work: work.of(tenant).silences.put(silence))
        self.judge.silence(tenant, name, from_ms=now_ms, to_ms=silence.ends_ms)

    async def send(self) -> None:
        """The worker claims what is due, attempts it, and writes down how it went."""
        while self.leased:
            effect, now_ms = self.leased.pop(0), self.clock.now_ms()
            if now_ms <= effect.due_ms + FRESH_MS:
                await self.attempt(effect)
            else:
                self.commit(partial(_give_back, effect=effect, now_ms=now_ms))
        claims = self.commit(
            lambda work: work.queue.claim(
                "effect", owner=OWNER, now_ms=self.clock.now_ms(), room=ROOM, lease_ms=LEASE_MS
            )
        )
        for claim in claims:
            taken = self.commit(partial(take_up, claim=claim, now_ms=self.clock.now_ms()))
            if taken is not None and not self.is_muted(taken):
                await self.attempt(taken)

    def is_muted(self, effect: Effect) -> bool:
        """Put a page off that was to come later, where it is muted now."""
        if not was_to_come(effect):
            return False
        job = partial(put_off_muted, pages=[effect], plans=self.plans, now_ms=self.clock.now_ms())
        return bool(self.commit(job))

    async def attempt(self, effect: Effect) -> None:
        """Attempt one message, and write down how it went."""
        http: Any = self
        outcome = await perform(effect, self.plans, http=http, clock=self.clock)
        self.point("before the outcome")
        self.submit(Answered(outcome=outcome))
        self.unanswered = ""

    async def ring(self) -> None:
        """Due timers ring."""
        claims = self.commit(
            lambda work: work.queue.claim(
                "timer", owner=OWNER, now_ms=self.clock.now_ms(), room=ROOM, lease_ms=LEASE_MS
            )
        )
        for claim in claims:
            timer = self.commit(partial(_timer_of, claim=claim))
            if timer is not None:
                self.submit(Rang(timer=timer, still_firing=self.still_fires(timer)))

    async def ring_groups(self) -> None:
        """Due groups of alerts ring."""
        claims = self.commit(
            lambda work: work.queue.claim(
                "group", owner=OWNER, now_ms=self.clock.now_ms(), room=ROOM, lease_ms=LEASE_MS
            )
        )
        for claim in claims:
            lease = Lease(OWNER, self.clock.now_ms() + LEASE_MS, most=self.rng.randrange(3))
            ringer = Ringer(self.plans, self.clock)
            job = partial(ringer.ring, tenant=claim.tenant, ids=[claim.key], lease=lease)
            self.leased += self.commit(job).leased

    def still_fires(self, timer: Timer) -> bool | None:
        """Say what the detectors say to a timer that asks them."""
        asked = looked_at(timer)
        return None if asked is None else (timer.tenant, asked) in self.firing

    async def settle_down(self) -> None:
        """End everything without further deaths: nothing may be left waiting."""
        self.mortal = False
        self.commit(lambda work: work.queue.release(OWNER))
        for tenant in TENANTS:
            for service in SERVICES:
                over = self.finding(service, Phase.CLEARED, tenant)
                self.submit(Found(finding=over))
        self.clock.advance(s=30)  # every silence is over
        for fires in (False, True, False):
            if fires:
                self.judge.told.clear()
            for tenant in TENANTS:
                for name in NAMES:
                    for place in PLACES:
                        self.alert(tenant, name, place, fires=fires and name != "Down")
            await self.come_to_rest(10)
        await self.come_to_rest(40)

    async def come_to_rest(self, turns: int) -> None:
        """Let time go on until nothing is left to do."""
        for _ in range(turns):
            self.clock.advance(s=310 if turns > 10 else 6)
            for _ in range(6):
                await self.ring()
                await self.ring_groups()
                await self.send()

    def finding(self, service: str, phase: Phase, tenant: TenantId | None = None) -> Finding:
        """Return a finding that no other has the time of."""
        tenant = tenant or self.rng.choice(TENANTS)
        held = self.firing.add if phase is Phase.FIRING else self.firing.discard
        held((tenant, f"fp-{service}"))
        return Finding(
            tenant=tenant,
            fingerprint=f"fp-{service}",
            subject=Subject(service=service),
            signal="latency",
            seen_by="scorer",
            at_ms=self.clock.advance(ms=1),
            phase=phase,
            score=6.0,
            severity=Severity.WARNING,
            evidence=Evidence(sentence=f"{service} is slow"),
        )

    def withdrawn(self, incident: Incident) -> frozenset[str]:
        """Return the keys of an incident's messages that were not sent any more, by its record."""
        with self.store.read() as work:
            rows = work.of(incident.tenant).audit.of(incident.id, 1_000)
        return frozenset(str(row.detail["key"]) for row in rows if row.action == "effect.withdrawn")

    def is_told(self, incident: Incident, channel: str) -> bool:
        """Say whether a channel was paged, or else was told nothing, because it was over by then.

        What reached nobody while it went on is told to nobody after it.
        """
        page, heard = f"{incident.id}:opened:1:{channel}", self.receivers[channel].effects
        is_silent = not any(key.startswith(f"{incident.id}:") for key in heard)
        return heard[page] > 0 or (is_silent and page in self.withdrawn(incident))

    def incidents(self, tenant: TenantId) -> list[Incident]:
        """Return every incident of a tenant."""
        with self.store.read() as work:
            page = work.of(tenant).incidents.page(IncidentFilter(limit=500))
        return list(page.incidents)


def _timer_of(work: Work, claim: Claim) -> Timer | None:
    return work.of(claim.tenant).timers.get(claim.key)


def _give_back(work: Work, effect: Effect, now_ms: int) -> None:
    work.of(effect.tenant).effects.put_off(effect.key, now_ms)


def live_and_die(folder: Path, seed: int, *, deaths: int) -> World:
    """Return a world that was killed at least so often, and then let come to rest."""
    world = World(folder, seed)

    async def history() -> None:
        while world.deaths.total() < deaths:
            await world.live(turns=400)
        await world.settle_down()

    asyncio.run(history())
    return world
