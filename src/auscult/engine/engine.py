"""The engine: everything that runs, started in order and stopped gracefully."""

import asyncio
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import aiohttp

from auscult.engine.access import Access
from auscult.engine.alerts.path import AlertPath
from auscult.engine.answers import Answers
from auscult.engine.codec.automatic.watch import ACTOR, LadderWatch, Ties
from auscult.engine.codec.record import Desk
from auscult.engine.events.orphans import read_firing, release_orphans
from auscult.engine.events.outbox.deadletters import Replayed, replay
from auscult.engine.events.path import EventPath
from auscult.engine.events.senses import Senses
from auscult.engine.gauges import keep_gauges
from auscult.engine.hub import Hub
from auscult.engine.inbound import Inbound, Request
from auscult.engine.monitoring.path import Monitoring
from auscult.engine.oncall import OnCallPath
from auscult.engine.reloading import record, refuse_fixed
from auscult.engine.samples.path import SamplePath
from auscult.engine.samples.reading import SeriesRow, SeriesWindow
from auscult.engine.telemetry.own import tell_own_spans
from auscult.engine.telemetry.path import Telemetry
from auscult.engine.watchdog import Watchdog
from auscult.engine.wiring import Plans, read_secret, wire
from auscult.incidents import after_effects, still_firing
from auscult.kernel.errors import AuscultError, QueueFull, SettingError
from auscult.kernel.facts import Fact
from auscult.kernel.incidents import ChangeKind, Incident
from auscult.kernel.matchers import Matcher
from auscult.kernel.words import PLATFORM, TenantId
from auscult.runtime.clock import Clock, SystemClock
from auscult.runtime.ids import new_id
from auscult.runtime.logging import logger
from auscult.runtime.metrics import Metrics
from auscult.runtime.outbound import Guard, open_http
from auscult.runtime.settings import Settings, diff, load_settings, process_environment
from auscult.runtime.tracing import configure_tracing, end_tracing
from auscult.store import Store
from auscult.vault import AUDIT_SEALS, Vault
from auscult.vault.references import resolve_secret

if TYPE_CHECKING:
    from auscult.engine.events.settled import Settled
    from auscult.engine.samples.scoring import Received
    from auscult.notification.messages.templates import Preview
    from auscult.runtime.settings import SettingChange
    from auscult.store import Credential, Work

T = TypeVar("T")
READERS = 4
LET_GO_S = 5.0

log = logger("engine")


class Engine:
    """The running product. The surface holds one; nothing above it knows a thread or a queue."""

    _http: aiohttp.ClientSession | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _is_ready = False

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        environ: Mapping[str, str],
        config: Path | None = None,
    ) -> None:
        """Make every part and check every setting; `start` runs it. Secrets come from `environ`.

        Raises `SettingError` with file, line and column, `StoreUnavailable`, `VaultError`.
        """
        self.settings = settings
        self.clock = clock
        self._environ = environ
        self.metrics = Metrics()
        self.hub = Hub(boot=new_id(clock))
        self.vault = Vault.open(settings.data_dir, environ.get("AUSCULT_MASTER_KEY"))
        self.store = Store.open(
            resolve_secret(settings.store.url, environ=environ),
            audit_key=self.vault.derive(AUDIT_SEALS),
        )
        self.store.migrate()
        self.samples = SamplePath(settings, clock=clock, metrics=self.metrics)
        self.telemetry = Telemetry(
            self.samples,
            settings,
            clock=clock,
            metrics=self.metrics,
            pseudonym=self.vault.pseudonym,
        )
        self.monitoring = Monitoring(
            self.samples,
            self.telemetry,
            clock=clock,
            metrics=self.metrics,
            folder=settings.data_dir / "snapshots",
        )
        self.plans = self._wire(settings)
        self.events = EventPath(
            self.store, self.plans, settings=settings, clock=clock, metrics=self.metrics
        )
        self.alerts = AlertPath(self.events, self.plans, settings=settings, clock=clock)
        self.oncall = OnCallPath(
            self.events, self.plans, read=self.read, clock=clock, metrics=self.metrics
        )
        self._inbound = Inbound(self.events, self.plans, clock)
        self.ladders = LadderWatch(
            Desk(self.events.write, self.vault, clock.now_ms, ACTOR),
            self.plans,
            clock=clock,
            scratch=settings.data_dir / "codec",
        )
        self._config = config
        self._answers = Answers(clock)
        self._senses = Senses(self.samples.scoring, self.samples.feeding, self.monitoring)
        self._access = Access(self.vault, clock=clock)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._tasks: list[asyncio.Task[None]] = []
        self._reloading = asyncio.Lock()

    @classmethod
    def open(cls, config: Path) -> Self:
        """Make an engine from a settings file; raises `SettingError`, `StoreUnavailable`."""
        environ = process_environment()
        settings = load_settings(config, environ)
        return cls(settings, clock=SystemClock(), environ=environ, config=config)

    async def start(self) -> None:
        """Run: first what must not lose anything, then what brings samples."""
        self._loop = asyncio.get_running_loop()
        tracing = self.settings.tracing
        configure_tracing(
            enabled=tracing.enabled,
            spans_kept=tracing.spans_kept,
            otlp_endpoint=tracing.otlp_endpoint,
        )
        self._http = open_http(Guard(self.settings.outbound.allow))
        await self.oncall.recall()
        self.events.desk.on_commit = self._committed
        await self.events.start(self._http, is_paging=self.settings.monitoring_enabled)
        await self.events.write(lambda work: self._admit_tenants(work, self.settings))
        if self.settings.monitoring_enabled:
            if self.settings.ai_anomaly_detection:
                told = partial(read_firing, self.read)
                await self.monitoring.start(self.plans, self.events.report, told=told)
            await self.samples.start(self.plans, self.events.report)
            self.telemetry.start()
            if tracing.enabled and PLATFORM in self.settings.tenants:
                self._tasks.append(asyncio.create_task(tell_own_spans(self.telemetry)))
            self.events.sense(self._senses)
            chores = (self._release_orphans(), self.oncall.run(self._http))
            self._tasks += map(asyncio.create_task, chores)
            self.ladders.start(
                Ties(
                    read=self.read,
                    reading=self.samples.reading,
                    is_acting=lambda: self.settings.auto_remediation,
                    report=self.events.report,
                )
            )
        watchdog = Watchdog(
            lambda: self.settings.watchdog, environ=self._environ, metrics=self.metrics
        )
        beats = watchdog.run(self._http, lambda: self.events.health)
        for chore in (keep_gauges(self), self.alerts.keep_house(), beats):
            self._tasks.append(asyncio.create_task(chore))
        self._is_ready = True
        log.info("auscult runs", tenants=len(self.settings.tenants))

    async def stop(self) -> None:
        """Stop taking in, deliver what was found, end everything; nothing accepted is lost."""
        self._is_ready = False
        self.hub.close()
        for task in self._tasks:
            task.cancel()
        await self.ladders.stop()
        self.telemetry.stop()
        await self.monitoring.stop()
        await self.samples.stop()
        await self.events.stop()
        if self._http is not None:
            await self._http.close()
        await asyncio.to_thread(self._readers.shutdown)
        self.store.close()
        await asyncio.to_thread(end_tracing)
        log.info("auscult has stopped")

    async def submit(self, fact: Fact) -> Incident | None:
        """Make a fact durable; returns the incident as it is now.

        Raises `QueueFull`, `StoreUnavailable`, `ObjectMissing`, `StateConflict`.
        """
        return (await self.events.submit(fact)).incident

    async def read(self, fn: "Callable[[Work], T]") -> T:
        """Run a reading of the store in a reader thread; raises `StoreUnavailable`."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, fn)

    async def read_answer(
        self, tenant: TenantId, question: Hashable, fn: "Callable[[Work], bytes]"
    ) -> bytes:
        """Return what `fn` reads about a tenant's incidents, from memory until one changes.

        Raises `StoreUnavailable`, and what `fn` raises.
        """
        known = self._answers.find(tenant, question)
        if known is not None:
            return known
        change = self._answers.change_of(tenant)
        answer = await self.read(fn)
        self._answers.keep(tenant, question, answer=answer, change=change)
        return answer

    async def receive_write(self, tenant: TenantId, body: bytes, content_type: str) -> "Received":
        """Take a remote_write body; raises `BodyMalformed`, `BodyTooLarge`, `QueueFull`."""
        if not self.settings.monitoring_enabled:
            raise QueueFull("monitoring is switched off (MONITORING_ENABLED)", retry_after_s=60)
        return await self.samples.receive_write(tenant, body, content_type)

    async def receive_sound(self, tenant: TenantId, body: bytes) -> None:
        """Take what an agent heard; raises `BodyMalformed`, `BodyTooLarge`, `QueueFull`."""
        if not self.monitoring.is_listening:
            raise QueueFull("monitoring is switched off", retry_after_s=60)
        await self.monitoring.receive(tenant, body)

    async def hear(self, tenant: str, channel: str, request: Request) -> int:
        """Take what a channel's receiver sends; return how many things it asked for.

        Raises `ObjectMissing`, `CredentialStale`, `BodyMalformed`, `QueueFull`, `StoreUnavailable`.
        """
        return await self._inbound.take(tenant, channel, request)

    async def replay(self, tenant: TenantId, keys: Collection[str], *, by: str) -> Replayed:
        """Send messages again that were given up, all without keys; returns which those are."""
        now_ms = self.clock.now_ms()
        job = partial(replay, tenant=tenant, keys=keys, by=by, now_ms=now_ms)
        return await self.events.write(job)

    async def standing(self, tenant: TenantId) -> dict[str, Any]:
        """Return how a tenant's stages and programmes stand by its monitors, as plain values."""
        return await self.monitoring.standing(tenant)

    def preview(self, tenant: TenantId, incident: Incident | None = None) -> "list[Preview]":
        """Return what each channel of a tenant is told of an incident, or of a sample."""
        return self.plans.of(tenant).preview(incident)

    async def authenticate(self, key: str) -> "Credential":
        """Return whose API key this is; raises `CredentialMissing`, `StoreUnavailable`."""
        credential = await self._access.check(key, self.read)
        self.plans.of(credential.tenant)
        return credential

    async def recall(self, key_hash: str) -> "Credential":
        """Return whose key has this hash, as `authenticate` does for the key itself."""
        credential = await self._access.recall(key_hash, self.read)
        self.plans.of(credential.tenant)
        return credential

    async def search_series(
        self, tenant: TenantId, matchers: tuple[Matcher, ...], *, after: int, limit: int
    ) -> Sequence[SeriesRow]:
        """Return at most `limit` matching series whose slot is greater than `after`, by slot."""
        return await asyncio.to_thread(
            self.samples.reading.search, tenant, matchers, after=after, limit=limit
        )

    async def read_series(self, tenant: TenantId, slot: int) -> SeriesWindow:
        """Return one series' window; raises `ObjectMissing`, also for another tenant's slot."""
        return await asyncio.to_thread(self.samples.reading.window, tenant, slot)

    def coverage(self, tenant: TenantId) -> dict[str, Any]:
        """Return how many series are in which state, and how each source fares."""
        seen = self.samples.reading.coverage(tenant)
        agents = self.monitoring.agents.healths(tenant, now_ms=self.clock.now_ms())
        seen["sources"] += [{"use": "agent", **one.model_dump(mode="json")} for one in agents]
        return seen

    def readiness(self) -> dict[str, Any]:
        """Return `ready` and a word for each part that it depends on."""
        health = self.events.health
        broken = self.samples.scoring.broken_passes
        return {
            "ready": self._is_ready and health.store,
            "store": "takes writes" if health.store else "does not take writes",
            "effects_overdue": health.effects_overdue,
            "timers_overdue": health.timers_overdue,
            "scoring": "on" if not broken else f"{broken} passes broke",
            "monitoring": "on" if self.settings.monitoring_enabled else "off",
        }

    async def reload(self, by: str) -> "list[SettingChange]":
        """Take the settings file anew, all or nothing; returns what changed.

        Raises `SettingError` where the file is wrong, and then leaves everything as it was.
        """
        async with self._reloading:
            try:
                changes = await self._reload(by)
            except AuscultError as why:
                self.metrics.settings_reloads.labels(result=why.code).inc()
                raise
        self.metrics.settings_reloads.labels(result="done").inc()
        return changes

    async def _reload(self, by: str) -> "list[SettingChange]":
        if self._config is None:
            raise SettingError("there is no settings file to read anew")
        settings = await asyncio.to_thread(load_settings, self._config, self._environ)
        changes = diff(self.settings, settings)
        refuse_fixed(changes)
        plans = await asyncio.to_thread(self._wire, settings)
        at_ms = self.clock.now_ms()
        await self.events.write(lambda work: self._admit_tenants(work, settings))
        await self.events.write(lambda work: record(work, settings, changes, by=by, at_ms=at_ms))
        await self._let_go(plans)
        self.settings = settings
        self.oncall.dress(plans)
        self.plans.replace(plans)
        if settings.monitoring_enabled:
            self.samples.configure(self.plans)
            self.monitoring.configure(self.plans)
            await self.samples.feeding.follow(self.plans)
        return changes

    async def _let_go(self, plans: Plans) -> None:
        """End what is open of tenants that are gone while there are still rules to end it by."""
        gone = {one.tenant for one in self.plans.all()} - {one.tenant for one in plans.all()}
        if gone:
            self.events.report(await self.monitoring.leave(gone))
            await self.events.courier.drained(timeout_s=LET_GO_S)

    def _wire(self, settings: Settings) -> Plans:
        server = settings.server
        scheme = "https" if server.tls_certificate else "http"
        return wire(
            settings,
            secrets=lambda tenant, name: read_secret(
                name, tenant, store=self.store, vault=self.vault, environ=self._environ
            ),
            neighbours=self.samples.scoring.neighbours,
            base_url=server.public_url or f"{scheme}://{server.host}:{server.port}",
        )

    async def _release_orphans(self) -> None:
        await release_orphans(
            self.read,
            self.plans,
            self._senses.firing,
            courier=self.events.courier,
            clock=self.clock,
        )

    def _admit_tenants(self, work: "Work", settings: Settings) -> None:
        known = set(work.directory.tenants())
        for tenant in settings.tenants.keys() - known:
            work.directory.add_tenant(tenant, tenant, self.clock.now_ms())

    def _read(self, fn: "Callable[[Work], T]") -> T:
        with self.store.read() as work:
            return fn(work)

    def _committed(self, settled: "list[Settled]") -> None:
        """Called by the writer thread after each commit."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, settled)

    def _tell(self, settled: "list[Settled]") -> None:
        self.events.wake(settled)
        for one in settled:
            self._answers.end(one.tenant)
            if one.incident is not None and (one.changes or one.runs):
                kinds = [change.kind.value for change in one.changes]
                data = {"id": one.incident.id, "status": one.incident.status, "changes": kinds}
                self.hub.publish(one.tenant, "incident", data)
            if one.incident is not None and one.changes:
                self._pass_on(one.incident, {change.kind for change in one.changes})

    def _pass_on(self, incident: Incident, changes: set[ChangeKind]) -> None:
        """Let those who watch know what was decided about what they still hold to be wrong."""
        if ChangeKind.SETTLED in changes:
            left = after_effects(incident)
            self.samples.scoring.accept(signal.fingerprint for signal in left)
        if ChangeKind.RESOLVED in changes:
            left = still_firing(incident)
            self.monitoring.end(incident.tenant, [signal.fingerprint for signal in left])
