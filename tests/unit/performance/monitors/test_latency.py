"""Latency of a programme that is not there, at taps with known delays."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from auscult.detection.remarks import Ledger
from auscult.kernel.sounds import Heard, Stream, Unheard, Why
from auscult.kernel.words import Severity, TenantId
from auscult.performance.lateness.programmes import Lateness, TapLateness
from auscult.performance.lateness.taps import past
from auscult.performance.monitors.latency import Latency, LatencyLookout
from auscult.performance.port import MONITORS, View
from tests.unit.performance.experience.audience import Event, columns
from tests.unit.performance.lateness.programmes import RATE_HZ, Pcm, loop, play
from tests.unit.performance.lateness.ways import BEGIN_MS, At, Delay, Seen, run

STEP_AT_S = 30.0
INGEST = At("ingest", 0)
BY = ("latency", "latency")


@pytest.fixture(autouse=True)
def learns_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty seconds make a past here, to keep the tests short; the benchmarks take a minute."""
    monkeypatch.setattr(past, "BINS_MIN", 2)


@cache
def programme(seed: int = 1, length_s: float = 52.0) -> Pcm:
    return play(np.random.default_rng(seed), length_s)


def watch(*taps: At, pcm: Pcm | None = None) -> tuple[Seen, LatencyLookout]:
    lookout = Latency(history_s=40).begin()
    sound = programme() if pcm is None else pcm
    return run(lookout, [one for tap in taps for one in tap.play(sound)]), lookout


def tap_of(lookout: LatencyLookout, name: str) -> TapLateness:
    return next(tap for tap in _standing(lookout).taps if tap.name == name)


def _standing(lookout: LatencyLookout) -> Lateness:
    (one,) = lookout.standing()
    assert one.lateness is not None
    assert one.experience is None
    return one.lateness


def late_after(step_s: float, usual_s: float) -> Delay:
    """A delay that steps up at `STEP_AT_S` and stays."""
    return lambda second: usual_s + step_s * (second > STEP_AT_S)


def test_it_stands_on_the_shelf() -> None:
    assert isinstance(MONITORS.make("latency", {}), Latency)


def test_latency_is_known_at_each_tap_and_adds_up_by_stage() -> None:
    seen, lookout = watch(
        INGEST,
        At("encode", 1, lambda _: 0.7),
        At("edge", 2, lambda _: 2.4, piece_s=2.0, stated=True),
        pcm=programme()[: 24 * RATE_HZ],
    )
    assert seen.all == []
    standing = _standing(lookout)
    assert [part.delay_s for part in standing.split.parts] == pytest.approx([0.7, 1.7], abs=0.02)
    assert standing.delivery_s == pytest.approx(2.4, abs=0.02)
    assert standing.ear_s == pytest.approx(4.4, abs=0.02)
    assert tap_of(lookout, "edge").stated_s == pytest.approx(2.4, abs=0.002)
    assert standing.unknown_share == 0


@pytest.mark.parametrize("size_s", [0.5, 10.0])
def test_a_step_is_told_within_ten_seconds_with_the_stage_that_added_it(size_s: float) -> None:
    seen, _ = watch(
        INGEST,
        At("encode", 1, lambda _: 0.7),
        At("package", 2, late_after(size_s, 1.0)),
        At("player", None, late_after(size_s, 1.5), labels=(("edge", "e" * 300),)),
    )
    audible_s = STEP_AT_S + 1.0 + size_s
    found_s = seen.first("latency")
    assert found_s is not None
    assert 0 < found_s - audible_s <= 10
    last = seen.said[-1][1]
    remark = next(one for one in last if one.signal == "latency")
    assert [one.signal for one in last] == ["latency"]
    assert str(remark.subject) == "package"
    assert remark.about == "acme/morning"
    assert abs(remark.since_ms - BEGIN_MS - 1e3 * audible_s) < 5_000
    assert remark.now == pytest.approx(1.5 + size_s, abs=0.1)
    assert "between encode and package" in remark.sentence
    assert remark.breakdown is not None
    parts = {part.name: part.value for part in remark.breakdown.parts}
    assert parts["encode → package"] == pytest.approx(0.3 + size_s, abs=0.1)
    assert parts["package → player"] == pytest.approx(0.5, abs=0.1)
    (told,) = Ledger(TenantId("acme")).hear(BY, last, quiet_ms=10_000, now_ms=BEGIN_MS + 60_000)
    assert told.finding.evidence.breakdown == remark.breakdown
    assert len(told.finding.evidence.value) == len(remark.curve.at_ms) > 15
    assert remark.curve.usual_high is not None
    assert remark.curve.usual_high < 1.5 + size_s


def test_a_step_that_goes_again_is_over_and_only_one_of_two_edges_was_late() -> None:
    def blip(second: float) -> float:
        return 1.5 + 2.0 * (28 < second < 38)

    edges = [
        At("edge-a", 2, lambda _: 1.5, labels=(("edge", "a"),)),
        At("edge-b", 2, blip, labels=(("edge", "b"),)),
        At("player-b", None, lambda second: blip(second) + 0.2, labels=(("edge", "b"),)),
    ]
    seen, _ = watch(INGEST, *edges)
    assert {str(one.subject) for one in seen.all if one.signal == "latency"} == {"edge"}
    assert {dict(one.labels)["stream"] for one in seen.all if one.signal == "latency"} == {"edge-b"}
    assert not [one for one in seen.said[-1][1] if one.signal == "latency"]
    assert not [one.sentence for one in seen.all if " -" in one.sentence], "never less than usual"
    heard = [one for one in seen.said[-1][1] if one.signal == "latency_at_the_ear"]
    assert [one.severity for one in heard] == [Severity.INFO], "the buffer has kept the stall"
    assert heard[0].now == pytest.approx(1.7 + 2.0 + 2.0, abs=0.1)


def test_two_stages_that_add_latency_are_two_remarks() -> None:
    seen, _ = watch(
        INGEST, At("encode", 1, late_after(2.0, 0.5)), At("edge", 2, late_after(5.0, 1.0))
    )
    last = {one.about: str(one.subject) for one in seen.said[-1][1] if one.signal == "latency"}
    assert last == {"acme/morning": "edge", "acme/morning at encode": "encode"}


def test_a_drift_is_followed_and_told_once_it_is_more_than_usual() -> None:
    seen, lookout = watch(INGEST, At("encode", 1, lambda second: 1.0 + 0.04 * second))
    assert tap_of(lookout, "encode").delivery_s == pytest.approx(3.0, abs=0.15)
    found_s = seen.first("latency")
    assert found_s is not None
    assert found_s > 25


@pytest.mark.parametrize("bar_s", [1.5, 4.0])
def test_music_that_repeats_is_unknown_and_never_a_delay_of_its_own(bar_s: float) -> None:
    pcm = loop(np.random.default_rng(2), 24.0, bar_s=bar_s)
    seen, lookout = watch(INGEST, At("encode", 1, lambda _: 5.0), pcm=pcm)
    assert seen.all == []
    tap = tap_of(lookout, "encode")
    assert tap.delivery_s is None
    assert tap.unknown_share > 0.9
    assert tap.why_unknown == "too repetitive"


def test_repeats_hold_the_delay_that_was_known_before() -> None:
    rng = np.random.default_rng(3)
    pcm = np.concatenate([programme()[: 20 * RATE_HZ], loop(rng, 20.0, bar_s=2.0)])
    seen, lookout = watch(INGEST, At("encode", 1, lambda _: 3.0), pcm=pcm)
    assert seen.all == []
    assert tap_of(lookout, "encode").delivery_s == pytest.approx(3.0, abs=0.02)


def test_a_silent_source_is_unknown_and_not_late() -> None:
    pcm = programme()[: 52 * RATE_HZ].copy()
    pcm[18 * RATE_HZ : 40 * RATE_HZ] = 0
    seen, lookout = watch(INGEST, At("encode", 1, lambda _: 2.0), pcm=pcm)
    assert seen.all == []
    tap = tap_of(lookout, "encode")
    assert tap.delivery_s == pytest.approx(2.0, abs=0.02)
    assert 0.3 < tap.unknown_share < 0.6


def test_what_is_missing_at_a_tap_is_no_latency() -> None:
    tap = At("edge", 1, lambda _: 2.0, piece_s=2.0, silent=(28.0, 34.0))
    seen, lookout = watch(INGEST, tap)
    assert seen.all == []
    assert tap_of(lookout, "edge").delivery_s == pytest.approx(2.0, abs=0.02)


def test_a_gap_of_the_source_leaves_what_was_before_it_to_the_late_taps() -> None:
    pcm = programme()
    seen, lookout = watch(
        At("ingest", 0, silent=(26.0, 29.0)), At("edge", 1, lambda _: 12.0), pcm=pcm
    )
    assert seen.all == []
    tap = tap_of(lookout, "edge")
    assert tap.delivery_s == pytest.approx(12.0, abs=0.6)
    assert tap.unknown_share < 0.2


def test_what_a_source_lost_while_it_hung_makes_no_tap_late() -> None:
    events = [*INGEST.play(programme())]
    silent = range(2 * 26, 2 * 36)  # ten seconds are never heard, and nothing says so
    source = [(one, heard) for at, (one, heard) in enumerate(events) if at not in silent]
    lookout = Latency(history_s=40).begin()
    seen = run(lookout, [*source, *At("edge", 1, lambda _: 2.0).play(programme())])
    assert [one for one in seen.all if one.signal == "latency"] == []
    assert tap_of(lookout, "edge").delivery_s == pytest.approx(2.0, abs=0.02)


def test_a_change_of_the_rate_in_mid_stream_is_none_of_latency() -> None:
    seen, lookout = watch(
        INGEST,
        At("edge", 1, lambda _: 2.0, change_rate_at_s=32.0),
    )
    assert seen.all == []
    assert tap_of(lookout, "edge").delivery_s == pytest.approx(2.0, abs=0.02)


def test_another_programme_at_a_tap_is_unknown() -> None:
    lookout = Latency().begin()
    other = At("edge", 1, lambda _: 2.0)
    played = [*INGEST.play(programme()[: 20 * RATE_HZ])]
    seen = run(lookout, [*played, *other.play(programme(seed=9, length_s=20.0))])
    assert seen.all == []
    tap = tap_of(lookout, "edge")
    assert tap.delivery_s is None
    assert tap.unknown_share == 1.0
    assert tap.why_unknown == "below confidence"


def test_chunks_of_the_source_and_bursts_of_a_server_are_no_noise() -> None:
    def burst(second: float) -> float:
        return max(1.0, 12.0 - second)  # what was made in the first 11 s comes at once

    lookout = Latency().begin()
    run(
        lookout,
        [
            *At("ingest", 0, piece_s=1.0).play(programme()[: 30 * RATE_HZ]),
            *At("edge", 1, burst).play(programme()[: 30 * RATE_HZ]),
        ],
    )
    tap = tap_of(lookout, "edge")
    assert tap.delivery_s == pytest.approx(1.0, abs=0.02)
    assert tap.ear_s == pytest.approx(12.0, abs=0.6), "the burst is what is heard late"


@pytest.mark.parametrize(
    ("source_piece_s", "piece_s"), [(0.1, 0.02), (1.0, 0.3), (0.85, 1.0), (4.0, 2.0)]
)
def test_how_the_sound_is_cut_and_jitter_move_no_latency(
    source_piece_s: float, piece_s: float
) -> None:
    """Of what came since the last probe, what waited least: its newest second, at its arrival."""
    source = At("ingest", 0, piece_s=source_piece_s, jitter_s=0.02)
    edge = At("edge", 1, lambda _: 1.3, piece_s=piece_s, jitter_s=0.02 * (piece_s < 1))
    _, lookout = watch(source, edge, pcm=programme()[: 24 * RATE_HZ])
    assert tap_of(lookout, "edge").delivery_s == pytest.approx(1.3, abs=0.02)


def test_a_source_tap_that_is_late_itself_says_so_and_nothing_behind_it_seems_early() -> None:
    source = At("ingest", 0, lambda _: 1.4, piece_s=2.0, stated=True)
    edge = At("edge", 1, lambda _: 2.0)
    _, lookout = watch(source, edge, pcm=programme()[: 24 * RATE_HZ])
    assert tap_of(lookout, "edge").delivery_s == pytest.approx(2.0, abs=0.02)
    _, lookout = watch(replace(source, stated=False), edge, pcm=programme()[: 24 * RATE_HZ])
    assert tap_of(lookout, "edge").delivery_s == pytest.approx(0.6, abs=0.02), "behind the tap"


def test_a_source_that_has_gone_makes_latency_unknown() -> None:
    lookout = Latency(history_s=40).begin()
    pcm = programme()[: 40 * RATE_HZ]
    ended = INGEST.play(pcm[: 20 * RATE_HZ])
    seen = run(lookout, [*ended, *At("edge", 1, lambda _: 2.0).play(pcm)])
    assert seen.all == []
    tap = tap_of(lookout, "edge")
    assert tap.why_unknown != ""
    assert tap.unknown_share > 0.4


def test_how_plays_go_stands_beside_how_late_the_programme_is() -> None:
    lookout = Latency().begin()
    began: Event = {"kind": "STARTUP", "session": 1, "lasted_ms": 2_000}
    plays = [columns([began | {"programme": "acme/morning"}], BEGIN_MS)]
    run(lookout, INGEST.play(programme()[: 2 * RATE_HZ]))
    for second in (0, 5, 12):
        now_ms = BEGIN_MS + 1_000 * second
        assert lookout.look(View(TenantId("acme"), now_ms, plays=plays)) == []
        plays = []
    (one,) = lookout.standing()
    assert one.lateness is not None
    assert one.experience is not None
    assert (one.experience.plays, one.experience.score) == (1, 80.0)


def test_without_a_source_tap_the_timestamps_are_taken_at_their_word() -> None:
    seen, lookout = watch(At("edge", 2, late_after(4.0, 1.5), piece_s=2.0, stated=True))
    assert not _standing(lookout).is_compared
    remark = next(one for one in seen.all if one.signal == "latency")
    assert "by its own timestamps" in remark.sentence
    assert remark.now == pytest.approx(5.5, abs=0.1)


def test_without_either_nothing_is_said() -> None:
    seen, lookout = watch(At("edge", 2, late_after(4.0, 1.5)), pcm=programme()[: 30 * RATE_HZ])
    assert seen.all == []
    assert _standing(lookout).delivery_s is None


def test_what_cannot_be_taken_is_counted_and_bounded() -> None:
    lookout = Latency().begin()
    pcm = programme()[: 2 * RATE_HZ]
    for number in range(40):
        run(lookout, At("edge", 1, programme=f"p{number}").play(pcm))
    assert len(lookout.standing()) == 32
    assert lookout.turned_away.count == 8 * 4
    (told,) = lookout.look(View(TenantId("acme"), BEGIN_MS + 3_000))
    assert "of 32 programmes; 8 more are not looked at: p32, p33, p34, p35, p36," in told.sentence
    assert lookout.look(View(TenantId("acme"), BEGIN_MS + 70_000)) == []
    broken = pcm.copy()
    broken[0] = np.nan
    run(lookout, At("edge", 1, programme="p1").play(broken))
    late = next(one.lateness for one in lookout.standing() if one.programme == "p1")
    assert late is not None
    assert late.refused == 1


def test_two_streams_of_one_name_are_two_taps() -> None:
    pcm = programme()[: 24 * RATE_HZ]
    one = At("edge", 1, lambda _: 1.0, instance="a:80")
    other = At("edge", 1, lambda _: 3.0, instance="b:80")
    _, lookout = watch(INGEST, one, other, pcm=pcm)
    assert tap_of(lookout, "edge").delivery_s == pytest.approx(1.0, abs=0.02)
    assert tap_of(lookout, "edge (b:80)").delivery_s == pytest.approx(3.0, abs=0.02)
    gone = (one.stream, Unheard(Why.LEFT, BEGIN_MS + 30_000, ""))
    lookout.look(View(TenantId("acme"), BEGIN_MS + 30_000, [gone]))
    assert [tap.name for tap in _standing(lookout).taps] == ["edge (b:80)"]


def test_two_source_taps_of_one_name_are_not_mixed() -> None:
    pcm = programme()[: 24 * RATE_HZ]
    other = At("ingest", 0, lambda _: 0.7, instance="b:80")
    seen, lookout = watch(INGEST, other, At("edge", 1, lambda _: 2.0), pcm=pcm)
    assert seen.all == []
    assert tap_of(lookout, "edge").delivery_s == pytest.approx(2.0, abs=0.02)


def _arrived(one: tuple[Stream, Heard]) -> int:
    return one[1].arrived_ms


def _anew(events: list[tuple[Stream, Heard]]) -> list[tuple[Stream, Heard]]:
    """The same as whoever joins now hears it: the first of each stream follows nothing."""
    known = set[str]()
    joined = []
    for stream, heard in events:
        joined.append((stream, replace(heard, follows=heard.follows and stream.name in known)))
        known.add(stream.name)
    return joined


def restarted(lookout: LatencyLookout, *, down_s: float = 5.0) -> LatencyLookout:
    memory = json.loads(json.dumps(lookout.keep()))
    now_ms = memory["at_ms"] + round(1e3 * down_s)
    return Latency(history_s=40).resume(memory, now_ms=now_ms)


def test_what_is_usual_and_what_is_late_outlast_a_restart() -> None:
    taps = INGEST, At("edge", 1, late_after(2.0, 1.0))
    events = sorted((one for tap in taps for one in tap.play(programme())), key=_arrived)
    cut_ms = BEGIN_MS + 40_000
    lookout = Latency(history_s=40).begin()
    before = run(lookout, [one for one in events if _arrived(one) < cut_ms])
    assert [str(one.subject) for one in before.said[-1][1]] == ["edge"]
    again = restarted(lookout, down_s=0)
    assert again.look(View(TenantId("acme"), cut_ms)) == [], "nothing is known of it as yet"
    after = run(again, _anew([one for one in events if _arrived(one) >= cut_ms]))
    (late,) = [one for one in after.said[-1][1] if one.signal == "latency"]
    assert late.since_ms == before.said[-1][1][0].since_ms, "it is the same one, and not forgotten"
    assert "usual is 1.0 s" in late.sentence
    assert after.first("latency") is not None
    usual = tap_of(lookout, "edge").usual_s
    assert tap_of(again, "edge").usual_s == pytest.approx(usual, abs=0.02), "none of it was learnt"


def test_what_is_kept_is_bounded_and_nothing_of_a_day_ago_is_believed() -> None:
    lookout = Latency().begin()
    pcm = programme()[: 2 * RATE_HZ]
    for number in range(8):
        taps = [At(f"edge-{tap}", 1, programme=f"p{number}") for tap in range(30)]
        run(lookout, [one for tap in taps for one in tap.play(pcm)])
    assert len(lookout.keep()["taps"]) == 200
    assert len(restarted(lookout).keep()["taps"]) == 200
    assert restarted(lookout, down_s=90_000).keep()["taps"] == []
    with pytest.raises(ValidationError):
        Latency().resume({"at_ms": 1, "taps": [{"name": "edge"}]}, now_ms=1)


def test_what_is_gone_is_forgotten() -> None:
    lookout = Latency().begin()
    run(lookout, [*INGEST.play(programme()[: 10 * RATE_HZ])])
    stream = INGEST.stream
    gone = Unheard(Why.ENDED, BEGIN_MS + 20_000, "")
    assert lookout.look(View(TenantId("acme"), BEGIN_MS + 20_000, [(stream, gone)])) == []
    assert len(lookout.standing()) == 1
    lookout.look(View(TenantId("acme"), BEGIN_MS + 700_000))
    assert lookout.standing() == ()
