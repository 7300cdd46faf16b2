"""The product's pages, really served: engine and server in a thread, on a free loopback port."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from auscult.engine import Engine
from auscult.kernel.facts import Found
from auscult.kernel.incidents import Incident
from auscult.kernel.oncall import Takeover
from auscult.kernel.words import TenantId
from auscult.runtime.clock import SystemClock
from auscult.runtime.settings import parse_settings
from auscult.signals.otlp.exports import Export
from auscult.surface.app import create_app
from auscult.surface.server import Server, listen, make_server
from tests.unit.signals.otlp.bodies import Call, trace_body, trace_id
from tests.unit.surface.fake_ladder import put_ladder
from tests.unit.surface.fake_story import a_finding

T = TypeVar("T")
TENANT = TenantId("acme")
TRACE = trace_id(7).hex()
CALLS = {
    "edge": [Call(7, 1, name="GET /segment", lasts_ms=100)],
    "encode": [Call(7, 2, 1, name="x" * 120, start_ms=20, lasts_ms=70, failed=True, says="late")],
}
"""A trace with a slow and failed span, and a name without any place to break."""

LONG_NAME = "Wilhelmina-" + "o" * 60
"""Somebody whose name has hardly a place to break."""

WAIT_S = 20.0


def a_takeover(now_ms: int) -> Takeover:
    return Takeover(
        schedule="nights", person=LONG_NAME, starts_ms=now_ms, ends_ms=now_ms + 3_600_000
    )


class Living:
    """A running product that a test may stop and start again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(WAIT_S), "the product did not start"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self.server.stop)
        assert self._thread is not None
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive(), "the product did not stop"

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    def find(self, name: str, **changed: Any) -> Incident:
        """Report a finding as a detector would, and return its incident."""
        now_ms = self.engine.clock.now_ms()
        finding = a_finding(TENANT, name, **({"at_ms": now_ms} | changed))
        incident = self.do(self.engine.submit(Found(finding=finding)))
        assert incident is not None
        return incident

    def status_of(self, incident: Incident) -> str:
        found = self.do(self.engine.read(lambda work: work.of(TENANT).incidents.get(incident.id)))
        assert found is not None
        return str(found.status)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._live(ready))
        self._loop.close()

    async def _live(self, ready: threading.Event) -> None:
        text = f"""
server: {{host: 127.0.0.1, loopback_tenant: acme}}
store: {{url: "sqlite:///{self.folder}/auscult.db"}}
data_dir: {self.folder}/data
tenants:
  acme:
    channels: {{console: {{use: console}}}}
    oncall:
      people: [{{name: {LONG_NAME}, time_zone: UTC, contacts: console}}]
      schedules:
        - name: nights
          time_zone: Europe/Berlin
          gaps_allowed: true
          layers:
            - name: week
              people: {LONG_NAME}
              start: 2026-01-05T09:00
              hours: [{{start: "20:00", end: "06:00"}}]
      policy: ""
"""
        self.engine = Engine(parse_settings(text), clock=SystemClock(), environ={})
        await self.engine.start()
        spans = Export(trace_body(CALLS), "application/x-protobuf", "")
        await self.engine.telemetry.receive_traces(TENANT, spans)
        with self.engine.store.write() as work:
            put_ladder(work, TENANT, "title-" + "x" * 90)
        await self.engine.oncall.take_over(TENANT, a_takeover(self.engine.clock.now_ms()), by="ann")
        with listen("127.0.0.1", self.port) as door:
            self.port = door.getsockname()[1]
            self.server: Server = make_server(
                create_app(self.engine), close_streams=self.engine.hub.close
            )
            self.server.on_ready = ready.set
            await self.server.serve(sockets=[door])
        await self.engine.stop()
