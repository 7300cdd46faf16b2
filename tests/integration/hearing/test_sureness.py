"""What a piece may have of its own is told as not sure; what nothing but a fault does, as sure."""

import numpy as np
import pytest

from auscult.kernel.sounds import Pcm, Sound
from auscult.performance.hearing import Ear, Kind, Verdict
from auscult.performance.hearing.comparison import Comparison
from tests.benchmarks.audio_injection import DOWNSTREAM, UPSTREAM, Scene, round_trip
from tests.benchmarks.audio_material import RATE_HZ, UNIT_SEEDS, make_track

AT_S = 9


def hear(sound: Pcm) -> list[Verdict]:
    ear = Ear(RATE_HZ, 2)
    return [
        verdict
        for at in range(0, len(sound), RATE_HZ)
        for verdict in ear.hear(Sound(sound[at : at + RATE_HZ], RATE_HZ))
    ]


def beside(source: Pcm, stream: Pcm) -> list[Verdict]:
    pair, told = Comparison(RATE_HZ, 2, source_hz=RATE_HZ), []
    for at in range(0, len(stream), RATE_HZ):
        pair.hear_source(Sound(source[at : at + RATE_HZ], RATE_HZ))
        told += pair.hear(Sound(stream[at : at + RATE_HZ], RATE_HZ))
    return told


def spoil(sound: Pcm, kind: str, severity: int = 2) -> Pcm:
    scene = Scene(sound, RATE_HZ, AT_S * RATE_HZ, np.random.default_rng(3), sound[::-1])
    return (UPSTREAM | DOWNSTREAM)[kind](scene, severity)


def test_treble_lost_within_a_piece_is_sure_and_another_duller_piece_is_not() -> None:
    pop = make_track("pop", UNIT_SEEDS + 2, 20)
    (verdict,) = [v for v in hear(spoil(pop, "low_pass")) if v.kind is Kind.BANDWIDTH]
    assert verdict.is_sure
    ending = pop[: AT_S * RATE_HZ].copy()
    ending[-2_400:] *= np.linspace(1, 0, 2_400, dtype=np.float32)[:, None]
    pause = np.zeros((RATE_HZ // 5, 2), dtype=np.float32)
    duller = make_track("lofi", UNIT_SEEDS + 2, 12)
    told = hear(np.concatenate([ending, pause, duller]))
    assert not any(v.is_sure for v in told)


def test_noise_that_comes_together_with_what_only_a_piece_may_have_is_not_sure() -> None:
    calm, hissing = (
        make_track("calm", UNIT_SEEDS + 504, 40),
        make_track("lofi", UNIT_SEEDS + 604, 20),
    )
    told = {v.kind: v for v in hear(np.concatenate([calm, hissing]))}
    assert set(told) == {Kind.MONO_COLLAPSE, Kind.NOISE}
    assert not any(v.is_sure for v in told.values())
    noisy = calm.copy()
    noisy[20 * RATE_HZ :] += np.random.default_rng(1).normal(0, 2e-3, (20 * RATE_HZ, 2))
    (verdict,) = [v for v in hear(noisy) if v.kind is Kind.NOISE]
    assert verdict.is_sure, "by itself it is a fault"


def test_what_a_loud_a_wide_or_a_mono_piece_may_have_is_never_sure_alone() -> None:
    pop = make_track("pop", UNIT_SEEDS + 1, 20)
    for fault in ("mono_collapse", "polarity", "clipping"):
        told = [v for v in hear(spoil(pop, fault)) if str(v.kind) == fault]
        assert [v.is_sure for v in told] == [False]


def test_a_gap_that_is_cut_is_sure_and_a_pause_with_soft_edges_is_not() -> None:
    pop = make_track("pop", UNIT_SEEDS + 1, 12)
    for severity in range(3):
        (cut,) = [v for v in hear(spoil(pop, "gap", severity)) if v.kind is Kind.GAP]
        assert cut.is_sure
    paused = pop.copy()
    at, edge = AT_S * RATE_HZ, np.hanning(192)[:96, None].astype(np.float32)
    paused[at - 96 : at] *= edge[::-1]
    paused[at : at + 2_400] = 0
    paused[at + 2_400 : at + 2_496] *= edge
    told = [v for v in hear(paused) if v.kind is Kind.GAP]
    assert len(told) == 1
    assert not told[0].is_sure


@pytest.mark.parametrize("kbps", [64, 160])
def test_what_a_coder_leaves_where_a_drum_is_struck_is_no_click(kbps: int) -> None:
    loud = make_track("loud", UNIT_SEEDS + 5, 30)
    coded, _ = round_trip(loud, RATE_HZ, codec="libopus", kbps=kbps)
    kinds = {v.kind for v in [*hear(coded), *beside(loud, coded)]}
    assert not kinds & {Kind.CLICKS, Kind.SPLICE}


def test_crackle_of_the_source_is_no_fault_and_crackle_of_the_stream_is() -> None:
    pop = make_track("pop", UNIT_SEEDS + 1, 20)
    crackling = spoil(pop, "clicks")
    assert Kind.CLICKS not in {v.kind for v in beside(crackling, crackling)}
    assert Kind.CLICKS in {v.kind for v in beside(pop, crackling)}


def test_peaks_cut_at_full_scale_are_told_within_seconds_of_the_first() -> None:
    loud = make_track("loud", UNIT_SEEDS + 5, 20)
    coded, _ = round_trip(spoil(loud, "clipping", 0), RATE_HZ, codec="aac", kbps=96)
    told = [v for v in beside(loud, coded) if v.kind is Kind.CLIPPING]
    assert len(told) == 1
    assert told[0].said_ms < 1_000 * (AT_S + 5)


def test_what_came_and_went_by_itself_is_sure_but_once() -> None:
    pop = make_track("pop", UNIT_SEEDS + 1, 60)
    dull, low = pop.copy(), spoil_all(pop)
    for begin_s in (12, 40):
        part = slice(begin_s * RATE_HZ, (begin_s + 12) * RATE_HZ)
        dull[part] = low[part]
    told = [v for v in hear(dull) if v.kind is Kind.BANDWIDTH]
    assert [v.is_sure for v in told] == [True, False]


def spoil_all(sound: Pcm) -> Pcm:
    return UPSTREAM["low_pass"](Scene(sound, RATE_HZ, 0, np.random.default_rng(3), sound), 2)


def test_a_noise_gate_takes_the_hiss_of_pauses_and_leaves_neither_gap_nor_silence() -> None:
    rng = np.random.default_rng(5)
    hiss = np.float32(0.0017) * rng.standard_normal((24 * RATE_HZ, 2), dtype=np.float32)
    spoken = make_track("pop", UNIT_SEEDS + 1, 24)
    is_pause = (np.arange(len(spoken)) // RATE_HZ) % 6 > 3
    spoken[is_pause] = 0
    gated = np.where(is_pause[:, None], np.float32(0.07) * hiss, spoken + hiss)
    told = beside(spoken + hiss, gated)
    assert not told, told
    lost = gated.copy()
    lost[20 * RATE_HZ : 20 * RATE_HZ + 480] = 0
    assert [v.kind for v in beside(spoken + hiss, lost)] == [Kind.GAP]


def hiss_from(begin_s: float, level_db: float) -> Pcm:
    rng = np.random.default_rng(7)
    hiss = rng.standard_normal((24 * RATE_HZ, 2), dtype=np.float32)
    hiss[: round(begin_s * RATE_HZ)] = 0
    return np.float32(10 ** (level_db / 20)) * hiss


@pytest.mark.parametrize(
    ("begin_s", "every_s", "is_sure"), [(12.2, 12, True), (13.1, 12, False), (13.1, 2, True)]
)
def test_noise_that_begins_with_a_pause_is_sure_only_where_pauses_are_many(
    begin_s: float, every_s: int, is_sure: bool
) -> None:
    paused = make_track("calm", UNIT_SEEDS + 1, 24)
    for at_s in range(1, 24, every_s):
        paused[at_s * RATE_HZ : round((at_s + 0.1) * RATE_HZ)] = 0
    told = hear(paused + hiss_from(begin_s, -46))
    assert [v.is_sure for v in told if v.kind is Kind.NOISE] == [is_sure]


@pytest.mark.parametrize("begin_s", [9, 10])
def test_treble_is_told_to_have_gone_to_a_tenth_of_a_second(begin_s: int) -> None:
    pop = make_track("pop", UNIT_SEEDS + 2, 22)
    scene = Scene(pop, RATE_HZ, begin_s * RATE_HZ, np.random.default_rng(3), pop)
    (verdict,) = [v for v in hear(UPSTREAM["low_pass"](scene, 1)) if v.kind is Kind.BANDWIDTH]
    assert abs(verdict.since_ms - 1_000 * begin_s) <= 100


@pytest.mark.parametrize(
    ("kind", "codec", "kbps"), [("talk", "libmp3lame", 96), ("mono", "aac", 192)]
)
def test_faint_noise_that_a_coder_carries_is_sure_beside_the_source(
    kind: str, codec: str, kbps: int
) -> None:
    whole = make_track(kind, UNIT_SEEDS + 3, 24)
    for stream, kinds in ((whole, []), (spoil(whole, "noise", 1), [Kind.NOISE])):
        coded, rate_hz = round_trip(stream, RATE_HZ, codec=codec, kbps=kbps)
        assert rate_hz == RATE_HZ
        told = beside(whole, coded)
        assert [v.kind for v in told if v.is_sure] == kinds, told
