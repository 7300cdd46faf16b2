"""What each listener's judgement is made of, on sound whose answer is known."""

import numpy as np
import pytest

from auscult.performance.hearing.figures.blocks import Blocks, Grid
from auscult.performance.hearing.figures.spectrum import look
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.listeners.bands import Bands, find_edge
from auscult.performance.hearing.listeners.clipping import (
    Clipping,
    FullScale,
    crowding,
    steady_top,
)
from auscult.performance.hearing.listeners.holes import Gaps, Silence, find_falls, find_gaps
from auscult.performance.hearing.listeners.impulses import (
    Clicks,
    Impulse,
    Impulses,
    band_taps,
    find_impulses,
)
from auscult.performance.hearing.listeners.repeats import Repeats, mark
from auscult.performance.hearing.listeners.stereo import (
    ChannelLoss,
    MonoCollapse,
    Polarity,
    correlation,
    is_upright,
)
from auscult.performance.hearing.listeners.turning import Turning
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

RATE = 48_000


def noise(seconds: float, channels: int = 2, *, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.1, (round(seconds * RATE), channels)).astype(np.float32)


def test_an_alarm_opens_once_and_ends_when_its_evidence_has_leaked_away() -> None:
    alarm = Alarm(Kind.NOISE, need_s=1.0, quiet_s=2.0)
    told = [alarm.feed(at * 500, bad=True, step_s=0.5) for at in range(6)]
    assert told == [False, True, False, False, False, False]
    assert alarm.since_ms == 0
    assert alarm.feed(3_000, bad=None, step_s=0.5) is False
    still = [alarm.is_open]
    for at in range(4):
        alarm.feed(3_500 + at * 500, bad=False, step_s=0.5)
        still.append(alarm.is_open)
    assert still == [True, True, True, True, False]
    assert alarm.feed(6_000, bad=True, step_s=0.5) is False


def test_what_shows_only_now_and_then_leaks_slowly() -> None:
    patient, strict = Alarm(Kind.CLIPPING, need_s=2.0, leak=0.2), Alarm(Kind.CLIPPING, need_s=2.0)
    seen = [
        (alarm.feed(at, bad=at % 2 == 0, step_s=0.5), alarm)
        for at in range(12)
        for alarm in (patient, strict)
    ]
    assert {id(alarm) for opened, alarm in seen if opened} == {id(patient)}


def test_a_gap_has_two_sharp_edges_and_sound_on_both_sides() -> None:
    peak = np.full((1, 200), 0.3, dtype=np.float32)
    peak[0, 100:106] = 0
    assert find_gaps(peak) == [(99, 106)] or find_gaps(peak) == [(100, 106)]
    fading = np.full(200, 0.3, dtype=np.float32)
    fading[100:160] = 0.3 * np.exp(-np.arange(60) / 8)
    fading[160:180] = 0
    assert find_falls(fading).size == 0
    click = np.zeros((1, 200), dtype=np.float32)
    click[0, [100, 110]] = 0.5
    assert find_gaps(click) == []


def test_a_gap_comes_back_by_as_much_as_it_fell_and_a_consonant_swells() -> None:
    hissing = np.full((1, 200), 0.3, dtype=np.float32)
    hissing[0, 100:112] = 0.001
    hissing[0, 111] = 0.006  # the wave is beginning to come back
    assert [round(begin, -1) for begin, _ in find_gaps(hissing)] == [100]
    syllable = hissing.copy()
    swell_db = np.linspace(-60, -20, 20)
    syllable[0, 112:132] = 10 ** (swell_db / 20)
    syllable[0, 132:] = 0.1
    assert find_falls(syllable[0]).size == 1
    assert find_gaps(syllable) == []


def test_a_pause_leaves_the_hiss_of_the_room_and_a_gap_takes_it() -> None:
    t = np.arange(4 * RATE)[:, None] / RATE
    edge = round(0.001 * RATE)
    plays = np.where((t < 1) | ((t >= 3) & (t < 3.03)), 0.0, 1.0)
    soft = np.convolve(plays[:, 0], np.ones(edge) / edge, mode="same")[:, None]
    paused = 0.2 * np.sin(2 * np.pi * 440 * t) * soft + 0.005 * noise(4)
    told = []
    for sound in (paused, np.where(t < 1, paused, paused * soft)):
        gaps = Gaps(Grid(RATE, 2))
        blocks = Blocks(Grid(RATE, 2)).push(sound.astype(np.float32))
        told.append([verdict.kind for block in blocks for verdict in gaps.hear(block)])
    assert told == [[], [Kind.GAP]]


def test_in_the_first_half_second_nobody_knows_what_a_room_leaves() -> None:
    t = np.arange(2 * RATE)[:, None] / RATE
    edge = round(0.001 * RATE)
    plays = np.where((t >= 0.13) & (t < 0.151), 0.0, 1.0)
    soft = np.convolve(plays[:, 0], np.ones(edge) / edge, mode="same")[:, None]
    tone = 0.2 * np.sin(2 * np.pi * 440 * t)
    told = []
    for sound in (tone * soft + 0.005 * noise(2), tone * plays):
        gaps = Gaps(Grid(RATE, 2))
        blocks = Blocks(Grid(RATE, 2)).push(
            np.broadcast_to(sound, (2 * RATE, 2)).astype(np.float32)
        )
        told.append([verdict.is_sure for block in blocks for verdict in gaps.hear(block)])
    assert told == [[], [True]]


def test_what_is_dead_between_sound_is_a_gap_also_between_the_pulses_of_a_voice() -> None:
    pulses = np.full((1, 200), 0.01, dtype=np.float32)
    pulses[0, ::10] = 0.3
    assert find_gaps(pulses) == []
    pulses[0, 103:109] = 0
    assert find_gaps(pulses) == [(102, 109)]
    decaying = np.maximum(0.3 * np.exp(-np.arange(200.0) / 8), 0).astype(np.float32)[None]
    decaying[0, 150:160] = 0
    assert find_gaps(decaying) == []


def test_a_click_comes_back_and_a_splice_goes_on_elsewhere() -> None:
    t = np.arange(RATE) / RATE
    x = np.stack([0.3 * np.sin(2 * np.pi * 440 * t)]).astype(np.float32)
    taps = band_taps(12)
    assert find_impulses(x, taps, from_frame=0) == []
    clicked, spliced = x.copy(), np.concatenate([x[:, :20_000], x[:, 20_037:]], axis=1)
    clicked[0, 20_000] += 0.2
    ((at, ratio, is_step),) = find_impulses(clicked, taps, from_frame=0)
    assert at == pytest.approx(20_000, abs=48)
    assert ratio > 20
    assert not is_step
    ((at, _, is_step),) = find_impulses(spliced, taps, from_frame=0)
    assert at == pytest.approx(20_000, abs=48)
    assert is_step
    assert find_impulses(clicked, taps, from_frame=30_000) == []


def test_a_break_that_a_coder_repeats_is_one_click_and_two_weak_ones_are_strokes() -> None:
    def told(*events: tuple[float, float]) -> bool:
        clicks = Clicks(RATE)
        impulses = [Impulse(round(at_s * RATE), ratio, is_step=False) for at_s, ratio in events]
        return [clicks.count(one) is not None for one in impulses][-1]

    assert told((5.0, 500.0), (8.0, 9.0))
    assert not told((5.0, 9.0), (8.0, 9.0))
    assert told((5.0, 9.0), (6.0, 9.0), (7.0, 9.0), (8.0, 9.0))
    assert not told((5.0, 500.0), (5.02, 500.0), (5.04, 500.0))


def test_marks_are_those_of_the_content_wherever_it_stands() -> None:
    x = noise(0.1, 1)[:, 0]
    hashes, at = mark(x)
    moved, at_moved = mark(x[100:])
    assert len(x) / 64 < len(hashes) < len(x) / 16
    assert set(moved.tolist()) <= set(hashes.tolist())
    assert set((at_moved + 100).tolist()) <= set(at.tolist())
    assert mark(np.zeros(1000, dtype=np.float32))[0].size == 0


def test_samples_crowd_where_a_wave_is_cut() -> None:
    x = np.ascontiguousarray(noise(0.5).T)
    cut = np.clip(x, -0.15, 0.15)
    assert crowding(cut, 0.15) > crowding(x, float(np.abs(x).max())) + 1
    clicked = np.full((2, 500), 0.1, dtype=np.float32)
    clicked[0, :5] = 1.0
    assert steady_top(clicked) == pytest.approx(0.1)


def test_full_scale_is_clipping_only_where_the_stream_keeps_away_from_it() -> None:
    grid = Grid(RATE, 2)
    touched = noise(30)
    touched[15 * RATE :: 2 * RATE][:4] = touched[15 * RATE + 1 :: 2 * RATE][:4] = 1.0
    rare, hot = FullScale(), FullScale()
    scores = [rare.count(block, learns=True) for block in Blocks(grid).push(touched)]
    assert max(scores[:30]) == 0
    assert scores[30] < 4 < scores[34]
    always = noise(30)
    always[:: RATE // 2] = always[1 :: RATE // 2] = 1.0
    usual = [hot.count(block, learns=True) for block in Blocks(grid).push(always)]
    assert max(usual) < 4


def test_correlation_and_side_tell_how_the_channels_stand() -> None:
    x = noise(0.5)
    (same,) = Blocks(Grid(RATE, 2)).push(np.stack([x[:, 0], x[:, 0]], axis=1))
    (apart,) = Blocks(Grid(RATE, 2)).push(x)
    assert same.side_db == -90
    assert apart.side_db == pytest.approx(0, abs=0.5)
    assert correlation(apart.cross, *apart.power.mean(axis=1)) == pytest.approx(0, abs=0.05)
    assert correlation(-0.5, 1.0, 0.25) == -1
    assert correlation(0.0, 0.0, 1.0) is None
    usual = Usual(least=1)
    usual.learn(0.9)
    assert is_upright(usual)


def test_a_channel_that_turns_is_found_in_sound_of_any_width() -> None:
    t = np.arange(4 * RATE) / RATE
    # Two tones a third of a turn apart each way: no correlation tells how they should stand.
    tones = [(300, 2.1), (710, -2.1), (1_430, 1.6), (2_900, -1.6)]
    left = sum(0.1 * np.sin(2 * np.pi * hz * t) for hz, _ in tones)
    right = sum(0.1 * np.sin(2 * np.pi * hz * t + away) for hz, away in tones)
    x = np.stack([left, right], axis=1).astype(np.float32)
    x += (0.01 * noise(4)).astype(np.float32)
    at, back = round(1.2 * RATE), round(2.7 * RATE)
    x[at:back, 1] *= -1
    turning = Turning()
    found = [turning.find(look(block).cross) for block in Blocks(Grid(RATE, 2)).push(x)]
    assert [where for where, sure in enumerate(found) if sure] == [2, 5]
    assert found[2] > 0.6
    turning.forget()
    assert turning.find(np.zeros((11, 0), np.complex64)) == 0


def test_an_edge_is_steep_and_keeps_what_is_below_it() -> None:
    hz = np.arange(0, 24_000, 250.0)
    level = -50 - hz / 1000
    cut = np.where(hz > 8_000, -130.0, level)
    assert find_edge(hz, cut, usual=(level, level - 5)) == pytest.approx(8_000, abs=300)
    quieter = level - 40
    assert find_edge(hz, quieter, usual=(level, level - 5)) is None
    assert find_edge(hz, level, usual=(level, level - 5)) is None


def test_a_quieter_piece_has_no_edge() -> None:
    hz = np.arange(125, 24_000, 250, dtype=np.float64)
    level = np.full(96, -50.0)
    filtered = np.where(hz < 7_000, level, -110.0)
    assert find_edge(hz, filtered, usual=(level, level - 3)) == pytest.approx(6_875)
    quieter = np.where(hz < 7_000, level - 8, -110.0)
    assert find_edge(hz, quieter, usual=(level, level - 3)) is None


@pytest.mark.parametrize(("fade_s", "after_s"), [(0.005, 2.7), (0.2, 5.4), (4.0, 10.0)])
def test_silence_is_borne_the_longer_the_softer_it_began(fade_s: float, after_s: float) -> None:
    sound = np.concatenate([noise(8), np.zeros((12 * RATE, 2), np.float32)])
    edge = round(fade_s * RATE)
    # A straight line in decibels, down to −66 dB: as a reverberation or a coder dies away.
    ramp = 10 ** (np.linspace(0, -66, edge, dtype=np.float32) / 20)
    sound[8 * RATE - edge : 8 * RATE] *= ramp[:, None]
    grid, silence = Grid(RATE, 2), Silence()
    told = [v for block in Blocks(grid, 0).push(sound) for v in silence.hear(block)]
    assert [v.kind for v in told] == [Kind.SILENCE]
    assert (told[0].said_ms - told[0].since_ms) / 1_000 == pytest.approx(after_s, abs=0.11)


def test_a_lost_channel_that_used_to_be_the_loudest_lay_nothing_below_it() -> None:
    grid = Grid(RATE, 2)
    listener = ChannelLoss(grid)
    sound = noise(12)
    sound[:, 1] *= 0.5
    sound[8 * RATE :, 0] = 0
    told = [one for block in Blocks(grid).push(sound) for one in listener.hear(block)]
    assert len(told) == 1
    assert told[0].sentence.startswith("channel 1 lies ")
    assert told[0].sentence.endswith("usually 0 dB")


def test_every_listener_alone_leaves_steady_noise_alone() -> None:
    grid = Grid(RATE, 2)
    alone = (Silence(), Gaps(grid), Impulses(grid), Repeats(), Clipping(), ChannelLoss(grid))
    bands, polarity, collapse = Bands(grid), Polarity(), MonoCollapse()
    told: list[Verdict] = []
    for block in Blocks(grid).push(noise(12)):
        for listener in (*alone, collapse):
            told += listener.hear(block)
        spectra = look(block)
        told += [*bands.hear(block, spectra), *polarity.hear(block, spectra)]
    bands.restart()
    collapse.restart()
    assert told == []
