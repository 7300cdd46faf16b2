"""The life of a group of alerts, from taken in to sent: by the engine's own steps, on a store."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auscult.engine.alerts.taking import take_in
from auscult.engine.alerts.telling import ring_groups
from auscult.engine.events.claims import take_up_all
from auscult.engine.events.outbox.deadletters import Replayed, replay
from auscult.engine.events.perform import perform
from auscult.engine.events.records import settle
from auscult.engine.events.steps import Rules
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.alerts import Alert, fingerprints
from auscult.kernel.effects import Outcome
from auscult.kernel.facts import Answered
from auscult.notification import CHANNELS, Channel
from auscult.notification.decide.alerts import Alerting
from auscult.runtime.outbound import open_http
from auscult.store.queue import Room
from tests.receiver import LOOPBACK
from tests.unit.engine.bench import ACME, Bench

HOUR_MS = 3_600_000
INTERVAL_MS = 10_000
REPEAT_MS = 4 * HOUR_MS
BASE_URL = "https://auscult.example"
SOURCE = "https://prometheus.example/graph?g0.expr=up"


def alerting() -> Alerting:
    """Return one receiver of everything, which tells one channel."""
    route = {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s"}
    receivers = [{"name": "team", "to": ["chat"]}]
    return Alerting.model_validate(
        {"route": route | {"group_interval": "10s"}, "receivers": receivers}
    )


@dataclass(slots=True)
class GroupLife:
    """One group of alerts `Disk`, told to one channel."""

    folder: Path
    use: str
    settings: dict[str, Any]
    outcomes: list[Outcome] = field(default_factory=list)
    bench: Bench = field(init=False)
    rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        self.bench = Bench(self.folder)
        self.rules = Rules(alerting=alerting(), base_url=BASE_URL)

    @property
    def channel(self) -> Channel:
        return CHANNELS.make(self.use, self.settings)

    @property
    def plans(self) -> Plans:
        plan = TenantPlan(ACME, rules=self.rules, channels={"chat": self.channel})
        return Plans({ACME: plan})

    async def fires(self, *instances: str, after_ms: int = INTERVAL_MS, **changed: Any) -> None:
        """Let alerts fire, and tell the group when it is looked at next."""
        await self._hear(instances, HOUR_MS * 24, after_ms, changed)

    async def ends(self, *instances: str, after_ms: int = INTERVAL_MS, **changed: Any) -> None:
        """Let alerts be over, and tell the group when it is looked at next."""
        await self._hear(instances, 0, after_ms, changed)

    async def story(self) -> None:
        """Fire, get worse, get better, end, and fire again."""
        await self.fires("a", after_ms=1)
        await self.fires("b")
        await self.ends("b")
        await self.ends("a")
        await self.fires("a", after_ms=60_000)

    async def wait(self, ms: int = INTERVAL_MS) -> None:
        """Let time pass, and tell what is due."""
        self.bench.clock.advance(ms=ms)
        self._ring()
        await self._send()

    def dead_letters(self) -> list[str]:
        with self.bench.store.read() as work:
            return [row.effect.key for row in work.of(ACME).effects.given_up(99)]

    async def replay_all(self) -> Replayed:
        now_ms = self.bench.clock.advance(ms=1)
        with self.bench.store.write() as work:
            done = replay(work, ACME, (), by="ann", now_ms=now_ms)
        await self.wait(1_000)
        return done

    async def _hear(
        self, instances: tuple[str, ...], ends_ms: int, after_ms: int, changed: dict[str, Any]
    ) -> None:
        now_ms = self.bench.clock.now_ms()
        given = [self._alert(one, now_ms, now_ms + ends_ms, **changed) for one in instances]
        with self.bench.store.write() as work:
            take_in(work.of(ACME), given, self.rules.alerting.paths, now_ms=now_ms)
        await self.wait(after_ms)

    def _alert(self, instance: str, now_ms: int, ends_ms: int, **changed: Any) -> Alert:
        labels = {"alertname": "Disk", "instance": instance, "severity": "critical"}
        pairs = tuple(sorted({**labels, **changed.get("labels", {})}.items()))
        return Alert(
            fingerprint=fingerprints([pairs])[0],
            labels=pairs,
            annotations=(("summary", f"disk full on {instance}"),),
            starts_ms=now_ms,
            ends_ms=ends_ms,
            updated_ms=now_ms,
            generator_url=changed.get("generator_url", SOURCE),
        )

    def _ring(self) -> None:
        with self.bench.store.write() as work:
            rows = work.of(ACME)
            ids = [one.id for one in rows.groups.page()]
            ring_groups(rows, ids, self.rules, now_ms=self.bench.clock.now_ms())

    async def _send(self) -> None:
        now_ms = self.bench.clock.now_ms()
        with self.bench.store.write() as work:
            claims = work.queue.claim(
                "effect", owner="me", now_ms=now_ms, room=Room(99, 99), lease_ms=1
            )
            effects = take_up_all(work, claims, now_ms)
        for effect in effects:
            async with open_http(LOOPBACK) as http:
                ended = await perform(effect, self.plans, http=http, clock=self.bench.clock)
            self.outcomes.append(ended)
            with self.bench.store.write() as work:
                settle(work, Answered(outcome=ended), self.plans, clock=self.bench.clock)
