"""An engine in memory: the surface's border (`surface/facade.py`) with nothing behind it.

Incidents change by the real `incidents.advance`; everything else is a list.
"""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import Any, TypeVar

from auscult.engine.events.outbox.deadletters import Replayed
from auscult.engine.wiring import Plans
from auscult.incidents.lifecycle import advance
from auscult.kernel.errors import CredentialMissing, EnvelopeBroken, ObjectMissing
from auscult.kernel.facts import Asked, Fact, Found
from auscult.kernel.findings import Finding
from auscult.kernel.incidents import Incident
from auscult.kernel.matchers import Matcher, matches_all
from auscult.kernel.runs import Run
from auscult.kernel.words import TenantId
from auscult.notification.messages.samples import sample_incident
from auscult.notification.messages.templates import Preview, Templates, preview
from auscult.runtime.metrics import Metrics
from auscult.runtime.settings import (
    LimitSettings,
    ServerSettings,
    Settings,
    TenantSettings,
)
from auscult.runtime.settings.effective import SettingChange
from auscult.signals.columns.intake import Accepted
from auscult.store import Credential, IncidentFilter
from auscult.store.rows.exhibits import Listed, Shown
from tests.unit.surface.fake_alerts import FakeAlerts
from tests.unit.surface.fake_oncall import FakeOnCall, takeover_rows
from tests.unit.surface.fake_series import FakeDecoded, FakeReceived, FakeSeries
from tests.unit.surface.fake_telemetry import FakeTelemetry

T = TypeVar("T")
START_MS = 1_795_489_960_000


class Ticking:
    """A clock that a test moves; `live` adds real time to it."""

    def __init__(self, at_ms: int = START_MS, *, live: bool = False) -> None:
        self.at_ms = at_ms
        self.live = live

    def now_ms(self) -> int:
        if self.live:
            import time

            return int(time.time() * 1000)
        return self.at_ms

    def monotonic_s(self) -> float:
        return self.now_ms() / 1000


@dataclass(slots=True)
class AuditRow:
    seq: int
    at_ms: int
    actor: str
    action: str
    about: str
    detail: dict[str, Any]
    hash: str = "00"


class Rows:
    """One tenant's rows, with the reading methods of the store."""

    def __init__(self, tenant: TenantId) -> None:
        self.tenant = tenant
        self.by_id: dict[str, Incident] = {}
        self.found: dict[str, list[Finding]] = {}
        self.run_list: list[Run] = []
        self.sent: list[Any] = []
        self.rows: list[AuditRow] = []
        self.taken: list[Any] = []
        self.takeovers = takeover_rows(self.taken)
        self.incidents = SimpleNamespace(
            get=self.by_id.get,
            written=self._written,
            page=self._page,
            written_page=self._written_page,
            counts=self._counts,
        )
        self.findings = SimpleNamespace(
            of=lambda key, limit: self.found.get(key, [])[:limit],
            written_of=lambda key, limit: [
                one.model_dump_json() for one in self.found.get(key, [])[:limit]
            ],
        )
        self.exhibits = SimpleNamespace(of=self._exhibits_of, get=self._exhibit)
        self.runs = SimpleNamespace(
            of=self._runs_of,
            written_of=lambda key: [run.model_dump_json() for run in self._runs_of(key)],
        )
        self.effects = SimpleNamespace(
            of=lambda key: [row for row in self.sent if row.effect.incident == key]
        )
        self.audit = SimpleNamespace(
            of=lambda about, limit: [row for row in self.rows if row.about == about][:limit],
            page=self._page_audit,
            verify=lambda: len(self.rows),
        )

    def note(self, at_ms: int, *, actor: str, action: str, about: str, sentence: str) -> None:
        seq = len(self.rows) + 1
        self.rows.append(AuditRow(seq, at_ms, actor, action, about, {"sentence": sentence}))

    def _exhibits_of(self, key: str) -> list[Listed]:
        return [
            Listed(one.id, finding.at_ms, finding.signal, one.title, one.media_type)
            for finding in self.found.get(key, [])
            for one in finding.evidence.exhibits
        ]

    def _exhibit(self, key: str, exhibit_id: str) -> tuple[str, bytes] | None:
        shown = [one for finding in self.found.get(key, []) for one in finding.evidence.exhibits]
        found = [(one.media_type, one.body) for one in shown if one.id == exhibit_id]
        return Shown(*found[0]) if found else None

    def _page(self, wanted: IncidentFilter) -> Any:
        found = [
            incident
            for incident in self.by_id.values()
            if (
                wanted.state in {"all", incident.status}
                or (wanted.state == "unresolved" and not incident.is_over)
            )
            and wanted.severity in {"", incident.severity}
            and (not wanted.service or any(s.service == wanted.service for s in incident.subjects))
            and wanted.text.lower() in incident.headline.lower()
        ]
        found.sort(key=lambda one: (one.rank, -one.opened_ms, one.id))
        start, end = int(wanted.cursor or 0), int(wanted.cursor or 0) + wanted.limit
        following = str(end) if end < len(found) else None
        return SimpleNamespace(incidents=found[start:end], next=following)

    def _written_page(self, wanted: IncidentFilter) -> Any:
        page = self._page(wanted)
        texts = [incident.model_dump_json() for incident in page.incidents]
        return SimpleNamespace(texts=texts, next=page.next)

    def _written(self, incident_id: str) -> str | None:
        incident = self.by_id.get(incident_id)
        return None if incident is None else incident.model_dump_json()

    def _runs_of(self, incident_id: str) -> list[Run]:
        return [run for run in self.run_list if run.incident == incident_id]

    def _counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for incident in self.by_id.values():
            counts[incident.status] = counts.get(incident.status, 0) + 1
        return counts

    def _page_audit(self, *, cursor: int | None, limit: int) -> Any:
        rows = [row for row in self.rows if cursor is None or row.seq > cursor]
        more = len(rows) > limit
        return SimpleNamespace(rows=rows[:limit], next=str(rows[limit - 1].seq) if more else None)


class FakeVault:
    """Seals by writing the purpose beside the text; a change of either is noticed."""

    def hash_api_key(self, key: str) -> str:
        return f"hash of {key}"

    def seal(self, plaintext: bytes, *, about: str) -> str:
        body = json.dumps([about, plaintext.decode()]).encode()
        return base64.urlsafe_b64encode(body).decode() + "." + str(sum(body))

    def unseal(self, envelope: str, *, about: str) -> bytes:
        text, _, check = envelope.partition(".")
        try:
            body = base64.b64decode(text, altchars=b"-_", validate=True)
            sealed_about, plain = json.loads(body)
        except ValueError:
            raise EnvelopeBroken("not an envelope") from None
        if str(sum(body)) != check or sealed_about != about:
            raise EnvelopeBroken("changed")
        return str(plain).encode()


class FakeHub:
    """Every subscriber gets what is published while it listens, and what it missed."""

    def __init__(self) -> None:
        self.frames: list[tuple[TenantId, bytes]] = []
        self.closed = False

    def publish(self, tenant: TenantId, event: str, data: dict[str, Any]) -> None:
        number = len(self.frames) + 1
        self.frames.append(
            (tenant, f"id: {number}\nevent: {event}\ndata: {json.dumps(data)}\n\n".encode())
        )

    async def subscribe(self, tenant: TenantId, last_event_id: str = "") -> AsyncIterator[bytes]:
        seen = int(last_event_id) if last_event_id.isdecimal() else len(self.frames)
        yield b'retry: 1000\nevent: hello\ndata: {"reason":"hello"}\n\n'
        while not self.closed:
            for owner, frame in self.frames[seen:]:
                if owner == tenant:
                    yield frame
            seen = len(self.frames)
            await asyncio.sleep(0.02)

    def close(self) -> None:
        self.closed = True


class FakeEngine:
    """The facade, in memory."""

    def __init__(
        self, *, host: str = "0.0.0.0", loopback_tenant: TenantId | None = None, live: bool = False
    ) -> None:
        self.clock = Ticking(live=live)
        self.vault = FakeVault()
        self.hub = FakeHub()
        self.metrics = Metrics()
        self.plans = Plans({})
        self.telemetry = FakeTelemetry()
        self.alerts = FakeAlerts(START_MS)
        self.oncall = FakeOnCall(self)
        self.settings = Settings(
            server=ServerSettings(host=host, loopback_tenant=loopback_tenant),
            limits=LimitSettings(body_bytes=1_000_000, live_clients=3),
            tenants={TenantId(name): TenantSettings() for name in ("acme", "bolt")},
        )
        self.keys: dict[str, Credential] = {}
        self.tenants: dict[TenantId, Rows] = {}
        self.series: list[FakeSeries] = []
        self.written: list[tuple[TenantId, bytes, str]] = []
        self.heard: list[tuple[str, str, Any]] = []
        self.stands: dict[TenantId, dict[str, Any]] = {}
        self.failure: Exception | None = None
        self.ready: dict[str, Any] = {"ready": True, "store": "ok"}
        self.names = count(1)
        self.accepted = Accepted(accepted=3, stale=1)
        self.decoded = FakeDecoded()

    def of(self, tenant: TenantId) -> Rows:
        return self.tenants.setdefault(tenant, Rows(tenant))

    def add_key(self, key: str, tenant: str, role: str = "member") -> None:
        self.keys[key] = Credential(TenantId(tenant), f"key-{tenant}-{role}", role)

    async def submit(self, fact: Fact) -> Incident | None:
        if self.failure:
            raise self.failure
        rows = self.of(fact.tenant)
        now_ms = self.clock.now_ms()
        incident = None
        if isinstance(fact, Asked):
            incident = rows.by_id.get(fact.incident)
        if isinstance(fact, Found):
            key = fact.finding.fingerprint
            open_ones = (one for one in rows.by_id.values() if not one.is_over)
            incident = next((one for one in open_ones if one.key == key), None)
        done = advance(incident, fact, now_ms=now_ms, new_id=f"01J{next(self.names):023d}")
        if done.incident is None:
            return None
        rows.by_id[done.incident.id] = done.incident
        if isinstance(fact, Found):
            rows.found.setdefault(done.incident.id, []).append(fact.finding)
        for change in done.changes:
            rows.note(
                change.at_ms,
                actor=change.actor,
                action=f"incident.{change.kind}",
                about=change.incident,
                sentence=change.sentence,
            )
        self.hub.publish(fact.tenant, "incident", {"id": done.incident.id})
        return done.incident

    async def read(self, fn: Callable[[Any], T]) -> T:
        if self.failure:
            raise self.failure
        return fn(SimpleNamespace(of=self.of))

    async def read_answer(
        self, tenant: TenantId, question: Hashable, fn: Callable[[Any], bytes]
    ) -> bytes:
        return await self.read(fn)

    async def receive_write(self, tenant: TenantId, body: bytes, content_type: str) -> Any:
        if self.failure:
            raise self.failure
        self.written.append((tenant, body, content_type))
        return FakeReceived(self.accepted, self.decoded)

    async def receive_sound(self, tenant: TenantId, body: bytes) -> None:
        if self.failure:
            raise self.failure
        self.written.append((tenant, body, "sound"))

    async def hear(self, tenant: str, channel: str, request: Any) -> int:
        if self.failure:
            raise self.failure
        self.heard.append((tenant, channel, request))
        return 1

    async def replay(self, tenant: TenantId, keys: Collection[str], *, by: str) -> Replayed:
        if self.failure:
            raise self.failure
        return Replayed(list(keys), [])

    async def standing(self, tenant: TenantId) -> dict[str, Any]:
        return self.stands.get(tenant, {})

    def preview(self, tenant: TenantId, incident: Incident | None = None) -> Sequence[Preview]:
        shown = incident if incident is not None else sample_incident(tenant)
        return preview(Templates(title="By {{ tenant }}: {{ headline }}"), ("chat",), shown)

    def coverage(self, tenant: TenantId) -> dict[str, Any]:
        mine = [one for one in self.series if one.tenant == tenant]
        states = Counter(one.state for one in mine)
        return {
            "watched": states["watched"],
            "learning": states["learning"],
            "abnormal": states["abnormal"],
            "silent": states["silent"],
            "muted": states["muted"],
            "capped": 0,
            "sources": [
                {
                    "name": f"{tenant}-targets",
                    "use": "scrape",
                    "healthy": bool(mine),
                    "last_sample_ms": self.clock.now_ms() - 900 if mine else None,
                    "error": "" if mine else "connection refused",
                },
            ],
        }

    def readiness(self) -> dict[str, Any]:
        return self.ready

    async def reload(self, by: str) -> list[SettingChange]:
        if self.failure:
            raise self.failure
        return [
            SettingChange("tenants.acme.false_pages_per_week", 2, 3),
            SettingChange("tenants.bolt.false_pages_per_week", 2, 4),
        ]

    async def authenticate(self, key: str) -> Credential:
        if key not in self.keys:
            raise CredentialMissing("unknown key")
        return self.keys[key]

    async def recall(self, key_hash: str) -> Credential:
        return await self.authenticate(key_hash.removeprefix("hash of "))

    async def search_series(
        self, tenant: TenantId, matchers: tuple[Matcher, ...], *, after: int, limit: int
    ) -> Sequence[FakeSeries]:
        return [
            one
            for one in self.series
            if one.tenant == tenant and one.slot > after and matches_all(matchers, one.labels)
        ][:limit]

    async def read_series(self, tenant: TenantId, slot: int) -> FakeSeries:
        for one in self.series:
            if one.slot == slot and one.tenant == tenant:
                return one
        raise ObjectMissing("no such series")
