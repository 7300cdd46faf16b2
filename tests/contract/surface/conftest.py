"""The real engine on either database, with two tenants who know nothing of each other."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI

from auscult.engine import Engine
from auscult.kernel.alerts import Silence
from auscult.kernel.errors import ObjectMissing
from auscult.kernel.facts import Found
from auscult.kernel.matchers import Matcher
from auscult.kernel.oncall import Takeover
from auscult.kernel.words import TenantId
from auscult.runtime.clock import SystemClock
from auscult.runtime.settings import parse_settings
from auscult.signals.otlp.exports import Export
from auscult.surface.app import create_app
from tests.alerts import alert_body
from tests.calls import SCHEDULE
from tests.contract.store.conftest import database, postgres, server, template
from tests.contract.store.databases import Database
from tests.unit.signals.otlp.bodies import Call, trace_body, trace_id
from tests.unit.signals.wire import one_each, pack
from tests.unit.surface.fake_ladder import put_ladder
from tests.unit.surface.fake_story import a_finding, with_exhibits

__all__ = ["database", "postgres", "server", "template"]

OWNER, STRANGER = TenantId("acme"), TenantId("bolt")
SECRET = "only-acme-knows-this"
MEDIA = {"content-type": "application/x-protobuf", "content-encoding": "snappy"}
OTLP = {"content-type": "application/x-protobuf"}
OWNERS_TRACE = trace_id(1)
_SETTINGS = """
server: {{host: 0.0.0.0, loopback_tenant: null}}
store: {{url: {url!r}}}
data_dir: {data_dir}
tenants:
  acme:
    channels: {{console: {{use: console}}}}
    oncall:
      people: [{{name: ada, time_zone: UTC, contacts: console}}]
      schedules:
        - name: nights
          time_zone: UTC
          layers: [{{name: {secret}, people: ada, start: "2026-01-05T09:00"}}]
      policy: ""
    detectors: [{{use: threshold, name: {secret}, match: ['a="b"'], above: 9}}]
  bolt: {{}}
  platform: {{}}
"""


@dataclass(frozen=True)
class House:
    """A running engine, its app, one key per tenant and role, and what only the owner may see."""

    engine: Engine
    app: FastAPI
    keys: dict[tuple[str, str], str]
    incident: str
    slot: int
    exhibit: str
    silence: str
    override: str


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    text = _SETTINGS.format(url=database.url, data_dir=tmp_path / "data", secret=SECRET)
    engine = Engine(parse_settings(text), clock=SystemClock(), environ={})
    await engine.start()
    try:
        yield await furnish(engine)
    finally:
        await engine.stop()


async def furnish(engine: Engine) -> House:
    """Make keys, and give the owner an incident and a series that carry the secret."""
    keys: dict[tuple[str, str], str] = {}
    with engine.store.write() as work:
        for tenant in (OWNER, STRANGER, TenantId("platform")):
            for role in ("admin", "member", "writer"):
                key = keys[tenant, role] = engine.vault.new_api_key()
                hashed = engine.vault.hash_api_key(key)
                work.of(tenant).keys.add(hashed, f"{tenant}-{role}", role=role, now_ms=1)
        put_ladder(work, OWNER, SECRET)
    now_ms = engine.clock.now_ms()
    finding = with_exhibits(a_finding(OWNER, SECRET, at_ms=now_ms), SECRET.encode())
    incident = await engine.submit(Found(finding=finding))
    assert incident is not None
    body = pack(one_each([SECRET], now_ms, 1.0).version1())
    await engine.receive_write(OWNER, body, MEDIA["content-type"])
    spans = trace_body({"edge": [Call(name=SECRET)]})
    await engine.telemetry.receive_traces(OWNER, Export(spans, OTLP["content-type"], ""))
    exhibit = finding.evidence.exhibits[0].id
    await engine.alerts.receive(OWNER, alert_body(SECRET, service=SECRET))
    silence = await engine.alerts.silence(OWNER, a_silence(now_ms), by="ann")
    night = Takeover(
        schedule=SCHEDULE, person="ada", starts_ms=now_ms, ends_ms=now_ms + 3_600_000, reason=SECRET
    )
    override = (await engine.oncall.take_over(OWNER, night, by="ann")).id
    slot = await find_slot(engine)
    app = create_app(engine)
    return House(engine, app, keys, incident.id, slot, exhibit, silence, override)


def a_silence(now_ms: int) -> Silence:
    matcher = Matcher(name="service", op="=", value=SECRET)
    return Silence(
        id="", matchers=(matcher,), starts_ms=now_ms, ends_ms=now_ms + 3_600_000, updated_ms=now_ms
    )


async def find_slot(engine: Engine) -> int:
    """Return the slot of the owner's series as soon as it is there."""
    ends_s = time.monotonic() + 10
    while time.monotonic() < ends_s:
        try:
            rows = await engine.search_series(OWNER, (), after=-1, limit=10)
        except ObjectMissing:  # the detectors have not met the series yet
            rows = []
        if rows:
            return rows[0].slot
        await asyncio.sleep(0.05)
    pytest.fail("the owner's series did not appear")
