"""A fault of the sound is told once per programme, where it is first heard, with its sound."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from auscult.detection.remarks import Remark
from auscult.kernel.sounds import Heard, Pcm, Stream, Unheard, Why
from auscult.kernel.words import Severity, Subject, TenantId
from auscult.performance.port import MONITORS, View
from auscult.performance.quality.faults import LASTS_MS, Fault
from tests.benchmarks.audio_material import RATE_HZ, UNIT_SEEDS, make_track

ACME = TenantId("acme")
PROGRAMME = "acme/pop"
BEGAN_MS = 1_700_000_000_000
LENGTH_S = 24


@dataclass(frozen=True)
class Place:
    """A tap: its hop, by how much it is late, how long its stretches are, and what it does."""

    service: str
    hop: int | None
    late_s: float = 0.0
    stretch_s: float = 0.5
    spoil: Callable[[Pcm], Pcm] = lambda sound: sound

    @property
    def stream(self) -> Stream:
        subject = Subject(service=self.service, instance="127.0.0.1:1")
        return Stream(f"{PROGRAMME} at {self.service}", PROGRAMME, subject, self.hop)


@cache
def music() -> Pcm:
    return make_track("pop", UNIT_SEEDS + 4, LENGTH_S)


def silent_from(at_s: float) -> Callable[[Pcm], Pcm]:
    def spoil(sound: Pcm) -> Pcm:
        spoilt = sound.copy()
        spoilt[round(at_s * RATE_HZ) :] = 0
        return spoilt

    return spoil


def arrivals(place: Place) -> Iterator[tuple[int, Stream, Heard]]:
    sound = place.spoil(music())
    step = round(place.stretch_s * RATE_HZ)
    for begin in range(0, len(sound), step):
        part = sound[begin : begin + step]
        at_ms = BEGAN_MS + round(1_000 * (place.late_s + (begin + len(part)) / RATE_HZ))
        heard = Heard(part, RATE_HZ, at_ms, size_bytes=len(part) // 3, follows=begin > 0)
        yield at_ms, place.stream, heard


def play(*places: Place, until_s: float = LENGTH_S) -> dict[float, list[Remark]]:
    """Let a monitor hear all places side by side; return what it says at each look (seconds)."""
    lookout = MONITORS.make("audio_quality", {}).begin()
    coming = sorted((one for place in places for one in arrivals(place)), key=lambda one: one[0])
    said: dict[float, list[Remark]] = {}
    taken = 0
    for tick in range(round(2 * until_s)):
        now_ms = BEGAN_MS + 500 * (tick + 1)
        upto = sum(at_ms <= now_ms for at_ms, _, _ in coming)
        sounds = [(stream, heard) for _, stream, heard in coming[taken:upto]]
        taken = upto
        said[(tick + 1) / 2] = list(lookout.look(View(ACME, now_ms, sounds=sounds)))
    return said


def first(said: dict[float, list[Remark]], signal: str) -> tuple[float, Remark]:
    return next((at_s, one) for at_s, all_ in said.items() for one in all_ if one.signal == signal)


def test_silence_is_laid_to_the_stage_behind_which_it_begins() -> None:
    said = play(
        Place("ingest", 0),
        Place("enhance", 1, late_s=0.6, spoil=silent_from(14)),
        Place("edge", 4, late_s=2.5, stretch_s=2.0, spoil=silent_from(14)),
    )
    at_s, remark = first(said, "silence")
    assert at_s <= 14 + 0.6 + 3
    assert remark.subject == Subject(service="enhance", instance="127.0.0.1:1")
    assert remark.severity is Severity.CRITICAL
    assert remark.sentence.startswith("acme/pop at enhance (right at ingest): silent")
    assert remark.since_ms == pytest.approx(BEGAN_MS + 14_600, abs=600)
    last = said[LENGTH_S]
    assert [one.signal for one in last].count("silence") == 1, "told once for the programme"
    assert {one.subject.service for one in last} == {"enhance"}


def test_what_is_well_again_where_it_began_keeps_its_place_to_its_end() -> None:
    def spoil(sound: Pcm) -> Pcm:
        spoilt = sound.copy()
        spoilt[8 * RATE_HZ : 13 * RATE_HZ] = 0
        return spoilt

    said = play(
        Place("ingest", 0),
        Place("enhance", 1, late_s=0.6, spoil=spoil),
        Place("edge", 4, late_s=5.5, stretch_s=2.0, spoil=spoil),
    )
    silences = {at_s: one for at_s, all_ in said.items() for one in all_ if one.signal == "silence"}
    assert max(silences) >= 13 + 5.5, "the last of it is heard at the edge alone"
    assert {one.subject.service for one in silences.values()} == {"enhance"}
    assert len({one.sentence for one in silences.values()}) == 1


def test_a_fault_brings_its_sound_its_source_its_loudness_and_where_the_time_goes() -> None:
    said = play(
        Place("ingest", 0),
        Place("enhance", 1, late_s=0.6, spoil=silent_from(14)),
        Place("edge", 4, late_s=2.5, spoil=silent_from(14)),
    )
    _, remark = first(said, "silence")
    here, source = remark.clips
    assert here.sound.length_ms == pytest.approx(2_000, abs=20)
    assert not here.sound.samples[-RATE_HZ:].any(), "the silence itself"
    before, there = here.sound.samples[: RATE_HZ // 4], source.sound.samples[: RATE_HZ // 4]
    assert np.corrcoef(before[:, 0], there[:, 0])[0, 1] > 0.95, "the same moment at the source"
    assert np.abs(source.sound.samples[-RATE_HZ:]).max() > 0.01, "the source plays on"
    assert remark.curve.unit == "LUFS"
    assert remark.curve.value[-1] == -70
    assert remark.curve.usual_low is not None
    assert remark.curve.usual_low > -40
    assert remark.breakdown is not None
    parts = {part.name: part.value for part in remark.breakdown.parts}
    assert parts["to enhance"] == pytest.approx(0.6, abs=0.02)
    assert parts["to edge"] == pytest.approx(1.9, abs=0.02)


def test_a_programme_that_is_well_is_left_alone() -> None:
    said = play(Place("ingest", 0), Place("edge", None, late_s=3, stretch_s=2.0))
    assert not [one for all_ in said.values() for one in all_]


def test_what_is_wrong_at_the_source_already_is_laid_to_the_source() -> None:
    said = play(
        Place("ingest", 0, spoil=silent_from(12)),
        Place("edge", 4, late_s=1, spoil=silent_from(12)),
    )
    _, remark = first(said, "silence")
    assert remark.subject.service == "ingest"


def test_without_a_source_a_stream_is_judged_alone() -> None:
    said = play(Place("edge", None, spoil=silent_from(12)))
    at_s, remark = first(said, "silence")
    assert at_s <= 15.5
    assert remark.sentence.startswith("acme/pop at edge: silent for")
    assert len(remark.clips) == 1


def test_what_cannot_be_heard_says_why_and_is_over_when_it_is_back() -> None:
    lookout = MONITORS.make("audio_quality", {}).begin()
    place = Place("edge", 4)
    stretches = [heard for _, _, heard in arrivals(place)]

    def look(at_s: float, *found: Heard | Unheard) -> list[str]:
        view = View(
            ACME, BEGAN_MS + round(1_000 * at_s), sounds=[(place.stream, one) for one in found]
        )
        return [f"{one.signal}: {one.sentence}" for one in lookout.look(view)]

    refused = Unheard(Why.REFUSED, BEGAN_MS + 1_000, "HTTP 503")
    assert look(1, refused) == []
    assert look(2, refused) == []
    assert look(3, refused) == []
    assert look(4, refused) == []
    down = look(4.6, refused)
    assert down == ["unheard: acme/pop at edge: cannot be heard: refused: HTTP 503"]
    assert look(5, stretches[9]) == []


def long_and_thin(length_s: int) -> Pcm:
    """Music at 8 kHz: many seconds in few samples."""
    return np.tile(music()[::6], (6, 1))[: length_s * RATE_HZ // 6]


def test_a_long_segment_is_heard_whole() -> None:
    lookout = MONITORS.make("audio_quality", {}).begin()
    before, silent_at_last = long_and_thin(10), long_and_thin(70)
    silent_at_last[-20 * RATE_HZ // 6 :] = 0
    stream, said, at_ms = Place("edge", None).stream, list[str](), BEGAN_MS
    for samples in (before, silent_at_last):
        at_ms += 1_000 * len(samples) // (RATE_HZ // 6)
        heard = Heard(samples, RATE_HZ // 6, at_ms, size_bytes=1, follows=samples is not before)
        for late_ms, sounds in ((0, [(stream, heard)]), (10_000, [])):
            view = View(ACME, at_ms + late_ms, sounds=sounds)
            said += [one.signal for one in lookout.look(view)]
    assert set(said) == {"silence"}, "and not as nothing that comes"


def test_a_source_of_longer_segments_than_an_ear_takes_at_once_is_heard() -> None:
    lookout = MONITORS.make("audio_quality", {}).begin()
    at_ms = BEGAN_MS
    for length_s in (1, 125):
        at_ms += 1_000 * length_s
        heard = Heard(long_and_thin(length_s), RATE_HZ // 6, at_ms, 1, follows=length_s > 1)
        sounds = [(Place("ingest", 0).stream, heard), (Place("edge", 4).stream, heard)]
        sounds = sounds if length_s == 1 else sounds[:1]
        assert not list(lookout.look(View(ACME, at_ms, sounds=sounds)))
    said = [one.sentence for one in lookout.look(View(ACME, at_ms + 10_000))]
    assert said == ["acme/pop at edge (right at ingest): cannot be heard: nothing comes"]


def test_whoever_looks_late_does_not_miss_what_was_not_taken_yet() -> None:
    lookout = MONITORS.make("audio_quality", {}).begin()
    place = Place("edge", 4)
    _, stream, sound = next(arrivals(place))
    list(lookout.look(View(ACME, BEGAN_MS + 500, sounds=[(stream, sound)])))
    assert not list(lookout.look(View(ACME, BEGAN_MS + 5_500))), "the look itself is 4 s late"
    said = [list(lookout.look(View(ACME, BEGAN_MS + 1_000 * at_s))) for at_s in range(6, 12)]
    assert [one.signal for one in said[-1]] == ["unheard"]


def test_nobody_is_woken_by_one_event_but_by_what_comes_again_and_again() -> None:
    fault = Fault("gap", since_ms=1_000, sentence="gone")
    assert fault.severity(1_000 + LASTS_MS - 1) is Severity.INFO
    assert fault.severity(1_000 + LASTS_MS) is Severity.WARNING
    noise = Fault("noise", since_ms=0, sentence="noise")
    assert noise.severity(0) is Severity.WARNING
    assert replace(noise, is_sure=False).severity(99_000) is Severity.INFO
    assert replace(fault, signal="silence").severity(0) is Severity.CRITICAL


def test_a_stream_that_changes_its_form_says_so() -> None:
    lookout = MONITORS.make("audio_quality", {}).begin()
    stream = Place("edge", 4).stream
    mono = Heard(music()[:RATE_HZ, :1], RATE_HZ, BEGAN_MS + 2_000, 1, follows=False)
    stereo = Heard(music()[:RATE_HZ], RATE_HZ, BEGAN_MS + 1_000, 1)
    list(lookout.look(View(ACME, BEGAN_MS + 1_000, sounds=[(stream, stereo)])))
    (said,) = lookout.look(View(ACME, BEGAN_MS + 2_000, sounds=[(stream, mono)]))
    assert said.signal == "form_change"
    assert "48 kHz with 1 channel now, before as 48 kHz with 2 channels" in said.sentence


@pytest.mark.parametrize("samples", [np.zeros((0, 2), np.float32), np.zeros((9, 2), np.float32)])
def test_next_to_nothing_is_no_fault(samples: Pcm) -> None:
    lookout = MONITORS.make("audio_quality", {}).begin()
    heard = Heard(samples, RATE_HZ, BEGAN_MS, 1)
    view = View(ACME, BEGAN_MS, sounds=[(Place("edge", 1).stream, heard)])
    assert not list(lookout.look(view))
