"""What came in is shown to every monitor once; what waits is bounded; one that breaks is alone."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auscult.detection import remarks
from auscult.detection.remarks import RESUMED_QUIET_MS, Clip, Remark, Told
from auscult.engine.monitoring import posts
from auscult.engine.monitoring.exhibits import with_exhibits
from auscult.engine.monitoring.path import Monitoring
from auscult.engine.monitoring.posts import Post
from auscult.engine.telemetry.path import Telemetry
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.findings import Phase
from auscult.kernel.sounds import Heard, Sound, Stream
from auscult.kernel.words import Severity, Subject, TenantId
from auscult.performance.port import Lookout, Monitor, View
from auscult.runtime.clock import Clock
from auscult.runtime.metrics import Metrics
from auscult.runtime.settings import parse_settings
from tests.unit.engine.bench import ACME
from tests.unit.engine.samples.stream import Stream as Bench
from tests.unit.surface.fake_story import a_finding

RATE_HZ = 8_000
BOLT = TenantId("bolt")


def tap(name: str = "one", service: str = "edge", hop: int | None = None) -> Stream:
    return Stream(name, "radio", Subject(service=service), hop)


def heard(at_s: float = 0.0, length_s: float = 1.0) -> Heard:
    samples = np.zeros((round(length_s * RATE_HZ), 1), np.float32)
    return Heard(samples, RATE_HZ, round(1_000 * at_s), size_bytes=1)


class Broken(Monitor):
    """Says one thing, and breaks at the second look."""

    def begin(self) -> Lookout:
        return _Once()


class Forgetful(Monitor):
    """Says something at its very first look, breaks at the next, and sees nothing ever after."""

    def begin(self) -> Lookout:
        return _Thrice()


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


class _Thrice:
    looks = 0

    def look(self, _view: View) -> Iterable[Remark]:
        _Thrice.looks += 1
        if _Thrice.looks == 2:
            raise ValueError("no second time")
        return [remark("once")] if _Thrice.looks == 1 else []


class _Counts:
    def __init__(self) -> None:
        self.shown = 0
        self.ended: list[tuple[str, str]] = []

    def look(self, view: View) -> Iterable[Remark]:
        self.ended += view.ended
        self.shown += len(view.sounds)
        return [remark(f"{self.shown} shown")] if self.shown else []


def at_work(folder: Path, clock: Clock | None = None) -> Monitoring:
    """The monitors of two tenants."""
    bench = Bench(folder)
    settings = parse_settings(f"data_dir: {folder}\ntenants: {{acme: {{}}, bolt: {{}}}}\n")
    telemetry = Telemetry(
        bench.path, settings, clock=bench.clock, metrics=bench.metrics, pseudonym=lambda _, t: t
    )
    clock = clock or bench.clock
    monitoring = Monitoring(
        bench.path, telemetry, clock=clock, metrics=bench.metrics, folder=folder
    )
    monitoring.configure(Plans({ACME: TenantPlan(ACME), BOLT: TenantPlan(BOLT)}))
    return monitoring


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

    Counting.plug_name, Broken.plug_name, Forgetful.plug_name = "counting", "broken", "forgetful"
    _Thrice.looks = 0
    monkeypatch.setattr(posts, "MONITORS", Shelf())


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


def test_what_a_monitor_said_that_broke_ends_as_what_nobody_knows_of() -> None:
    post = Post(ACME, Metrics())
    post.configure({"forgetful": Forgetful(quiet_s=0)})
    post.look(View(ACME, 1_000))
    for now_ms in (2_000, 3_000, 3_000 + RESUMED_QUIET_MS - 1_000):
        assert post.look(View(ACME, now_ms)) == [], "it may be seen again"
    (told,) = post.look(View(ACME, 2_001 + RESUMED_QUIET_MS))
    assert "nobody can tell" in told.finding.evidence.sentence


def test_a_monitor_that_is_switched_off_has_said_its_last() -> None:
    post = Post(ACME, Metrics())
    post.configure({})
    assert len(post.look(View(ACME, 1_000, sounds=[(tap(), heard())]))) == 1
    post.configure({"counting": Counting(enabled=False)})
    (told,) = post.look(View(ACME, 2_000))
    assert told.finding.phase is Phase.CLEARED
    assert not post.lookouts


def test_what_there_is_no_room_to_tell_is_counted_and_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(remarks, "OPEN_MAX", 0)
    metrics = Metrics()
    post = Post(ACME, metrics)
    sounds = [(tap(), heard())]
    assert post.look(View(ACME, 1_000, sounds=sounds)) == []
    assert post.look(View(ACME, 1_500, sounds=sounds)) == []
    assert b'auscult_remarks_untold_total{monitor="counting"} 2.0' in metrics.render()[0]
    assert capsys.readouterr().err.count("remarks are not told") == 1


def test_a_monitor_learns_what_a_person_ended_of_what_it_says_still() -> None:
    post = Post(ACME, Metrics())
    post.look(View(ACME, 1_000, sounds=[(tap(), heard())]))
    post.end([*post.ledger.firing(), "what somebody else said"])
    post.look(View(ACME, 1_500))
    post.look(View(ACME, 2_000))
    lookout = post.lookouts["counting"]
    assert isinstance(lookout, _Counts)
    assert lookout.ended == [("radio", "1 shown")]


async def test_of_a_tenant_that_is_gone_everything_ends_and_nothing_is_kept(
    tmp_path: Path,
) -> None:
    monitoring = at_work(tmp_path)
    monitoring.hear(ACME, tap(hop=1), heard())
    await monitoring.look(ACME)
    monitoring.hear(ACME, tap(hop=1), heard(1.0))
    (end,) = await monitoring.leave([ACME])
    assert end.phase is Phase.CLEARED
    assert "the tenant is gone" in end.evidence.sentence
    monitoring.hear(ACME, tap(hop=1), heard(2.0))
    assert ACME not in vars(monitoring)["_cursors"]
    assert not vars(monitoring)["_inbox"].tenants
    assert not vars(vars(monitoring)["_ways"])["_programmes"]
    assert not monitoring.firing()
    assert await monitoring.leave([ACME]) == []
    await monitoring.stop()


async def test_everything_is_shown_once_and_only_to_its_tenant(tmp_path: Path) -> None:
    monitoring, bolt = at_work(tmp_path), BOLT
    monitoring.hear(ACME, tap(), heard())
    monitoring.hear(ACME, tap(), heard(1.0))
    assert [one.signal for one in await monitoring.look(ACME)] == ["2 shown"]
    assert await monitoring.look(ACME) == []
    assert await monitoring.look(bolt) == []
    assert len(monitoring.firing()) == 1
    assert "counting" in monitoring._posts[ACME].lookouts
    await monitoring.stop()


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
