"""What every monitor keeps: silence says nothing, nothing breaks it, and memories are apart."""

import json
from dataclasses import is_dataclass

import numpy as np
import pytest
from numpy.random import Generator

from auscult.detection.remarks import Ledger, Remark
from auscult.kernel.sounds import Heard, Stream, Unheard, Why
from auscult.kernel.telemetry import PlayerEventKind
from auscult.kernel.words import Subject, TenantId
from auscult.performance.port import MONITORS, Keeper, Lookout, Overseer, View
from auscult.signals.traces import Names
from tests.unit.performance.bottlenecks.telling import Told
from tests.unit.performance.bottlenecks.telling import columns as spans_of
from tests.unit.performance.experience.audience import Event
from tests.unit.performance.experience.audience import columns as plays_of

ACME = TenantId("acme")
BEGIN_MS = 1_795_000_000_000
RATES_HZ = (8_000, 44_100, 48_000)
NAMES = MONITORS.names()
Arrival = tuple[Stream, Heard | Unheard]


def begin(name: str) -> Lookout:
    return MONITORS.make(name, {}).begin()


def nasty_sounds(rng: Generator, now_ms: int) -> list[Arrival]:
    """Sound of every length, rate and loudness, out of order, with holes, and none at all."""
    found: list[Arrival] = []
    for number in range(int(rng.integers(0, 5))):
        hop = (0, 3, None)[number % 3]
        stream = Stream(f"s{number}", "acme/morning", Subject(service=f"stage-{number}"), hop)
        at_ms = now_ms + int(rng.integers(-90_000, 90_000))
        if rng.random() < 0.3:
            found.append((stream, Unheard(rng.choice(list(Why)), at_ms, "x" * 5_000)))
            continue
        shape = (int(rng.choice([0, 1, 7, 4_800, 48_000])), int(rng.integers(1, 4)))
        samples = rng.normal(0, float(rng.choice([0, 1e-9, 0.1, 50])), shape).astype(np.float32)
        if rng.random() < 0.1:
            samples[:1] = np.float32(rng.choice([np.nan, np.inf]))
        rate_hz = int(rng.choice(RATES_HZ))
        media_ms = None if rng.random() < 0.5 else now_ms + int(rng.integers(-(10**7), 10**7))
        found.append(
            (stream, Heard(samples, rate_hz, at_ms, 0, media_ms, bool(rng.random() < 0.8)))
        )
    return found


def nasty_spans(rng: Generator) -> list[Told]:
    """Spans without parents, of their own parents, that end before they begin, in any order."""
    return [
        Told(
            trace=int(rng.integers(0, 4)),
            span=int(rng.integers(0, 6)),
            parent=int(rng.integers(0, 6)),
            service=str(rng.choice(["", "edge", "x" * 3_000, "\N{SNOWMAN}"])),
            begin_s=float(rng.normal(0, 1e4)),
            lasts_s=float(rng.normal(0, 1e3)),
            failed=bool(rng.random() < 0.5),
        )
        for _ in range(int(rng.integers(0, 20)))
    ]


def nasty_plays(rng: Generator) -> list[Event]:
    """Events of plays that never began, ended twice, and lasted less than nothing."""
    return [
        {
            "kind": str(rng.choice([kind.name for kind in PlayerEventKind])),
            "session": int(rng.integers(0, 5)),
            "at_ms": BEGIN_MS + int(rng.integers(-(10**9), 10**6)),
            "lasted_ms": float(rng.choice([np.nan, -1e9, 0, 1e12])),
            "edge": f"edge-{rng.integers(0, 1_000)}",
        }
        for _ in range(int(rng.integers(0, 20)))
    ]


def nasty_view(rng: Generator, names: Names, at_s: int) -> View:
    now_ms = BEGIN_MS + at_s * 1_000 + int(rng.choice([0, 0, 0, -3_600_000, 7_200_000]))
    return View(
        ACME,
        now_ms,
        sounds=nasty_sounds(rng, now_ms),
        spans=[spans_of(names, nasty_spans(rng))],
        names=names,
        plays=[plays_of(nasty_plays(rng), now_ms)],
        behind_ms=int(rng.integers(0, 10**6)),
        ended=frozenset({("stage-1", "silence")}),
    )


@pytest.mark.parametrize("name", NAMES)
def test_where_nothing_comes_nothing_is_said(name: str) -> None:
    lookout = begin(name)
    said = [list(lookout.look(View(ACME, BEGIN_MS + at_s * 1_000))) for at_s in range(300)]
    assert not any(said)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_comes_breaks_it_and_what_it_says_can_be_told(name: str, seed: int) -> None:
    rng, names, lookout = np.random.default_rng(seed), Names(), begin(name)
    ledger = Ledger(ACME)
    for at_s in range(60):
        view = nasty_view(rng, names, at_s)
        remarks = list(lookout.look(view))
        assert all(isinstance(one, Remark) for one in remarks)
        abouts = [(one.about, one.signal) for one in remarks]
        assert len(abouts) == len(set(abouts)), "one remark for one matter"
        ledger.hear((name, name), remarks, quiet_ms=10_000, now_ms=view.now_ms)


@pytest.mark.parametrize("name", NAMES)
def test_two_tenants_have_a_memory_each(name: str) -> None:
    plug = MONITORS.make(name, {})
    rng, names = np.random.default_rng(5), Names()
    one, other = plug.begin(), plug.begin()
    for at_s in range(40):
        list(one.look(nasty_view(rng, names, at_s)))
        assert not list(other.look(View(TenantId("birch"), BEGIN_MS + at_s * 1_000)))
    if isinstance(other, Overseer) and isinstance(one, Overseer):
        fresh = plug.begin()
        list(fresh.look(View(TenantId("birch"), BEGIN_MS + 39_000)))
        assert isinstance(fresh, Overseer)
        assert repr(other.standing()) == repr(fresh.standing())


@pytest.mark.parametrize("name", [one for one in NAMES if isinstance(begin(one), Overseer)])
def test_how_things_stand_can_be_asked_before_the_first_look(name: str) -> None:
    lookout = begin(name)
    assert isinstance(lookout, Overseer)
    told = lookout.standing()
    assert all(is_dataclass(one) for one in (told if isinstance(told, tuple) else (told,)))


@pytest.mark.parametrize("name", [one for one in NAMES if isinstance(begin(one), Keeper)])
def test_what_is_kept_is_json_and_brings_a_lookout_back(name: str) -> None:
    plug, lookout = MONITORS.make(name, {}), begin(name)
    rng, names = np.random.default_rng(6), Names()
    for at_s in range(20):
        list(lookout.look(nasty_view(rng, names, at_s)))
    assert isinstance(lookout, Keeper)
    kept = json.loads(json.dumps(lookout.keep(), allow_nan=False))
    again = plug.resume(kept, now_ms=BEGIN_MS + 30_000)
    list(again.look(View(ACME, BEGIN_MS + 31_000)))
    assert isinstance(again, Keeper)
    assert set(again.keep()) == set(kept)


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_it_has_not_is_refused_and_it_says_what_it_does(name: str) -> None:
    with pytest.raises(ValueError, match="colour"):
        MONITORS.make(name, {"colour": "red"})
    assert len(MONITORS.load(name).__doc__ or "") > 80
