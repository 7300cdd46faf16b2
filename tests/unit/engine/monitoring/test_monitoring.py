"""What came in is shown to every monitor once; what waits is bounded; one that breaks is alone."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auscult.detection.remarks import Clip, Remark, Told
from auscult.engine.monitoring import posts
from auscult.engine.monitoring.exhibits import with_exhibits
from auscult.engine.monitoring.inbox import STREAMS_MAX, WAITING_MAX_S, Inbox
from auscult.engine.monitoring.path import Monitoring
from auscult.engine.monitoring.posts import Post
from auscult.engine.monitoring.ways import Ways
from auscult.engine.telemetry.path import Telemetry
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.findings import Phase
from auscult.kernel.sounds import Heard, Sound, Stream, Unheard, Why
from auscult.kernel.words import Severity, Subject, TenantId
from auscult.performance.port import Lookout, Monitor, View
from auscult.runtime.metrics import Metrics
from auscult.runtime.settings import parse_settings
from tests.unit.engine.bench import ACME
from tests.unit.engine.samples.stream import Stream as Bench
from tests.unit.surface.fake_story import a_finding

RATE_HZ = 8_000


def tap(name: str = "one", service: str = "edge", hop: int | None = None) -> Stream:
    return Stream(name, "radio", Subject(service=service), hop)


def heard(at_s: float = 0.0, length_s: float = 1.0) -> Heard:
    samples = np.zeros((round(length_s * RATE_HZ), 1), np.float32)
    return Heard(samples, RATE_HZ, round(1_000 * at_s), size_bytes=1)


class Broken(Monitor):
    """Says one thing, and breaks at the second look."""

    def begin(self) -> Lookout:
        return _Once()


class Counting(Monitor):
    """Says how many sounds it was shown."""

    def begin(self) -> Lookout:
        return _Counts()


class _Once:
    looks = 0

    def look(self, _view: View) -> Iterable[Remark]:
        self.looks += 1
        if self.looks > 1:
            raise ValueError("no second time")
        return [remark("broken")]


class _Counts:
    shown = 0

    def look(self, view: View) -> Iterable[Remark]:
        self.shown += len(view.sounds)
        return [remark(f"{self.shown} shown")] if self.shown else []


def remark(signal: str) -> Remark:
    subject = Subject(service="edge")
    return Remark("radio", signal, subject, since_ms=0, severity=Severity.WARNING, sentence=signal)


@pytest.fixture(autouse=True)
def only_these(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shelf:
        def names(self) -> list[str]:
            return ["counting"]

        def make(self, _name: str, _settings: Any) -> Monitor:
            return Counting()

    Counting.plug_name, Broken.plug_name = "counting", "broken"
    monkeypatch.setattr(posts, "MONITORS", Shelf())


def test_what_waits_is_bounded_and_what_is_lost_breaks_the_stream() -> None:
    inbox = Inbox(Metrics())
    for at_s in range(100):
        inbox.put(ACME, tap(), heard(at_s))
    kept = [found for _, found in inbox.take(ACME)]
    assert len(kept) == WAITING_MAX_S
    assert isinstance(kept[0], Heard)
    assert not kept[0].follows
    assert all(isinstance(one, Heard) and one.follows for one in kept[1:])
    assert inbox.take(ACME) == []
    for number in range(STREAMS_MAX + 5):
        inbox.put(ACME, tap(f"stream {number}"), Unheard(Why.SLOW, 0, ""))
    assert len(inbox.take(ACME)) == STREAMS_MAX - 1, "one was known before"


def test_a_monitor_that_breaks_begins_anew_and_takes_no_other_along() -> None:
    metrics = Metrics()
    post = Post(ACME, metrics)
    post.configure({"broken": Broken(quiet_s=0)})
    view = View(ACME, 1_000, sounds=[(tap(), heard())])
    assert [one.finding.signal for one in post.look(view)] == ["broken", "1 shown"]
    later = View(ACME, 2_000)
    assert post.look(later) == [], "what broke says nothing, and what it said is not over"
    assert b'auscult_look_failures_total{monitor="broken"} 1.0' in metrics.render()[0]
    assert post.ledger.firing()
    post.look(View(ACME, 3_000))
    assert b'auscult_look_failures_total{monitor="broken"} 1.0' in metrics.render()[0]


def test_a_monitor_that_is_switched_off_has_said_its_last() -> None:
    post = Post(ACME, Metrics())
    post.configure({})
    assert len(post.look(View(ACME, 1_000, sounds=[(tap(), heard())]))) == 1
    post.configure({"counting": Counting(enabled=False)})
    (told,) = post.look(View(ACME, 2_000))
    assert told.finding.phase is Phase.CLEARED
    assert not post.lookouts


async def test_everything_is_shown_once_and_only_to_its_tenant(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    settings = parse_settings(f"data_dir: {tmp_path}\ntenants: {{acme: {{}}, bolt: {{}}}}\n")
    telemetry = Telemetry(
        bench.path, settings, clock=bench.clock, metrics=bench.metrics, pseudonym=lambda _, t: t
    )
    monitoring = Monitoring(bench.path, telemetry, clock=bench.clock, metrics=bench.metrics)
    bolt = TenantId("bolt")
    monitoring.configure(Plans({ACME: TenantPlan(ACME), bolt: TenantPlan(bolt)}))
    monitoring.hear(ACME, tap(), heard())
    monitoring.hear(ACME, tap(), heard(1.0))
    assert [one.signal for one in await monitoring.look(ACME)] == ["2 shown"]
    assert await monitoring.look(ACME) == []
    assert await monitoring.look(bolt) == []
    assert len(monitoring.firing()) == 1
    assert monitoring.lookout(ACME, "counting") is not None
    await monitoring.stop()


def test_taps_of_a_programme_show_who_asks_whom() -> None:
    ways = Ways()
    assert list(ways.learn(ACME, tap("a", "ingest", 0))) == []
    assert list(ways.learn(ACME, tap("b", "edge", 4))) == [("edge", "ingest")]
    assert list(ways.learn(ACME, tap("b", "edge", 4))) == []
    learnt = list(ways.learn(ACME, tap("c", "enhance", 1)))
    assert learnt == [(after, before) for before, after in pairwise(("ingest", "enhance", "edge"))]
    assert list(ways.learn(ACME, tap("d", "somewhere", None))) == []


def test_a_clip_becomes_a_sound_and_its_picture() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (RATE_HZ, 2)).astype(np.float32)
    clips = (Clip("noise at edge", Sound(noise, RATE_HZ)), Clip("none", Sound(noise[:9], RATE_HZ)))
    finding = with_exhibits(Told(a_finding("acme"), clips))
    shown = [(one.title, one.media_type, one.body[:4]) for one in finding.evidence.exhibits]
    assert shown == [
        ("noise at edge", "audio/flac", b"fLaC"),
        ("noise at edge, as a picture", "image/png", b"\x89PNG"),
    ]
    assert with_exhibits(Told(a_finding("acme"))) == a_finding("acme")
