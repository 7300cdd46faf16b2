"""The monitors in the running product: real spans, sounds and player events; one story for each.

One platform tells one process of itself, in real time: it is known for two minutes, then a store
becomes slow and the sound comes late at the edge. (How plays fare is known after ten minutes only:
that is for campaigns.)
"""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from auscult.kernel.sounds import Heard, Stream
from auscult.kernel.words import Subject
from auscult.signals.vantage import SOUND_MEDIA, pack_sound
from tests.benchmarks.audio_material import RATE_HZ, UNIT_SEEDS, make_track
from tests.product import Product
from tests.unit.signals.otlp.bodies import AT_NS, MS, Call, trace_body

pytestmark = pytest.mark.timeout(300)

KNOWN_S, BROKEN_S = 135.0, 45.0
SPANS = {"content-type": "application/x-protobuf"}
TEXT = {"content-type": "application/json"}
SOUND = {"content-type": SOUND_MEDIA}
TAPS = {
    service: Stream(f"pop at {service}", "acme/pop", Subject(service=service), hop, vantage="here")
    for service, hop in (("ingest", 0), ("edge", 4))
}


@dataclass(slots=True)
class Platform:
    """What a small platform tells of itself; `is_broken` makes it slow and late."""

    product: Product
    key: str
    is_broken: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    refused: list[tuple[str, int, Any]] = field(default_factory=list)

    def send(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        status, said = self.product.ask(path, self.key, body=body, headers=headers)
        if status not in {200, 202, 204}:
            self.refused.append((path, status, said))

    def serve(self) -> None:
        """Eight requests a second: the edge asks package, which asks store."""
        chance = np.random.default_rng(1)
        while not self.is_over.wait(0.5):
            calls: dict[str, list[Call]] = {"edge": [], "package": [], "store": []}
            for _ in range(4):
                self._request(calls, chance)
            self.send("/v1/traces", trace_body(calls), SPANS)

    def _request(self, calls: dict[str, list[Call]], chance: np.random.Generator) -> None:
        trace, edge, ask, package, call, store = (next(self.ids) for _ in range(6))
        own = dict(zip(calls, 20 * chance.lognormal(0, 0.3, 3), strict=True))
        own["store"] += 400.0 * self.is_broken.is_set()
        inner, client = own["package"] + own["store"] + 4, Span.SPAN_KIND_CLIENT
        at = time.time() * 1e3 - AT_NS / MS - inner - own["edge"] - 50

        def span(number: int, parent: int, name: str, **more: Any) -> Call:
            return Call(trace, number, parent, name, **more)

        lasts = own["edge"] + inner + 4
        calls["edge"].append(span(edge, 0, "GET /live", start_ms=at, lasts_ms=lasts))
        calls["edge"].append(
            span(ask, edge, "ask", kind=client, start_ms=at + 5, lasts_ms=inner + 4)
        )
        calls["package"].append(span(package, ask, "segment", start_ms=at + 7, lasts_ms=inner))
        calls["package"].append(
            span(call, package, "get", kind=client, start_ms=at + 9, lasts_ms=own["store"] + 2)
        )
        calls["store"].append(span(store, call, "read", start_ms=at + 10, lasts_ms=own["store"]))

    def play(self) -> None:
        """A second of sound a second at both taps; once broken, four seconds later at the edge."""
        music = make_track("pop", UNIT_SEEDS + 77, round(KNOWN_S + BROKEN_S) + 10)
        sent = {"ingest": 0, "edge": 0}
        began_s = time.monotonic()
        while not self.is_over.wait(0.1):
            passed_s = time.monotonic() - began_s
            late_s = {"ingest": 0.0, "edge": 5.0 if self.is_broken.is_set() else 1.0}
            for service, tap in TAPS.items():
                while sent[service] + 1 <= passed_s - late_s[service]:
                    begin = sent[service]
                    part = music[begin * RATE_HZ : (begin + 1) * RATE_HZ]
                    now_ms = time.time_ns() // 1_000_000
                    heard = Heard(part, RATE_HZ, now_ms, size_bytes=16_000, follows=begin > 0)
                    self.send("/api/v1/sounds", pack_sound(tap, heard, sent_ms=now_ms), SOUND)
                    sent[service] = begin + 1

    def listen(self) -> None:
        """A play begins every half second."""
        for number in itertools.count():
            if self.is_over.wait(0.5):
                return
            edge = ("fra1", "ams1")[number % 2]
            said = {"session": f"s{number}", "listener": f"l{number}", "edge": edge}
            said["programme"] = "acme/pop"
            events = [{"event": "startup", "lasted_ms": 800, **said}]
            self.send("/api/v1/players/events", json.dumps({"events": events}).encode(), TEXT)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Product(tmp_path_factory.mktemp("monitors"), {"acme": {}, "bolt": {}}) as product:
        platform = Platform(product, product.key("acme"))
        works: tuple[Callable[[], None], ...] = (platform.serve, platform.play, platform.listen)
        threads = [threading.Thread(target=work, daemon=True) for work in works]
        for thread in threads:
            thread.start()
        time.sleep(KNOWN_S)
        yield platform
        platform.is_over.set()
        for thread in threads:
            thread.join(timeout=30)
        assert not platform.refused, platform.refused[:3]


def signals_by(platform: Platform, monitor: str) -> list[dict[str, Any]]:
    """Return the signals of all incidents that a monitor saw."""
    _, page = platform.product.ask("/api/v1/incidents", platform.key)
    found = []
    for row in page["incidents"]:
        _, whole = platform.product.ask(f"/api/v1/incidents/{row['id']}", platform.key)
        found += [one for one in whole["incident"]["signals"] if one["seen_by"] == monitor]
    return found


def test_each_monitor_tells_of_what_it_is_for(platform: Platform) -> None:
    assert not signals_by(platform, "pipeline")
    known = {one["fingerprint"] for one in signals_by(platform, "latency")}  # a busy machine stalls
    check_standing(platform)
    platform.is_broken.set()
    until_s = time.monotonic() + BROKEN_S
    wanted = {"pipeline": "store", "latency": "edge"}
    while wanted and time.monotonic() < until_s:
        time.sleep(1)
        for monitor, service in list(wanted.items()):
            seen = signals_by(platform, monitor)
            fresh = [one for one in seen if one["fingerprint"] not in known]
            if any(one["subject"]["service"] == service for one in fresh):
                del wanted[monitor]
    assert not wanted, {name: signals_by(platform, name) for name in ("pipeline", "latency")}


def check_standing(platform: Platform) -> None:
    """How things stand is told before anything is wrong, and to nobody else."""
    status, told = platform.product.ask("/api/v1/performance", platform.key)
    assert status == 200
    stages = {one["service"]: one for one in told["monitors"]["pipeline"]["services"]}
    assert stages["store"]["rate_per_s"] == pytest.approx(8, rel=0.3)
    assert stages["store"]["self_time_p50_s"] == pytest.approx(0.02, rel=0.5)
    assert stages["edge"]["calls"] == ["package"]
    (programme,) = told["monitors"]["latency"]
    edge = programme["lateness"]["taps"][-1]
    assert edge["delivery_s"] == pytest.approx(1.0, abs=0.3)
    assert programme["experience"]["score"] > 80
    assert programme["experience"]["plays"] > 100
    _, page = platform.product.ask("/performance", platform.key)
    assert "acme/pop" in page
    assert "package" in page
    stranger = platform.product.key("bolt")
    _, theirs = platform.product.ask("/api/v1/performance", stranger)
    assert "pop" not in json.dumps(theirs)
    assert "package" not in json.dumps(theirs)
