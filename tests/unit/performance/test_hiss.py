"""Noise beside the source rises to one level in the cells that the source leaves quiet."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from auscult.kernel.sounds import Pcm
from auscult.performance.hearing.comparison.alignment import Fit
from auscult.performance.hearing.comparison.hiss import CLASSES, EDGES_HZ, Hiss, compare
from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.comparison.pieces import Pieces
from auscult.performance.hearing.figures.blocks import Blocks, Grid
from auscult.performance.hearing.figures.spectrum import look
from auscult.performance.hearing.verdicts import Kind, Verdict

RATE, SECONDS, AT_S = 48_000, 24, 12
GRID = Grid(RATE, 2)
RNG = np.random.default_rng(11)
STEPS_DB = np.tile([-20.0, -45.0, -70.0], SECONDS * 4)[: SECONDS * 8]
"""The source is noise whose level changes each eighth of a second: a third of it is quiet."""


def shaped(levels_db: np.ndarray) -> Pcm:
    """Return noise of a level per eighth of a second, dB of full scale."""
    envelope = np.repeat(10 ** (levels_db / 20), RATE // 8)[:, None]
    return (envelope * RNG.standard_normal((len(envelope), 2))).astype(np.float32)


SOURCE = shaped(STEPS_DB)
LATER = (np.arange(SECONDS * RATE) >= AT_S * RATE)[:, None]
IS_QUIET = np.repeat(STEPS_DB < -60, RATE // 8)[:, None]


def pairs(stream: Pcm, source: Pcm) -> Iterator[Pair]:
    fit = Fit(off=np.zeros(5), quality=np.ones(5), signs=np.ones((2, 5)))
    for mine, its in zip(Blocks(GRID).push(stream), Blocks(GRID).push(source), strict=True):
        yield Pair(mine, look(mine), its, look(its), fit)


def hear(stream: Pcm) -> list[Verdict]:
    hiss = Hiss(GRID)
    return [verdict for pair in pairs(stream, SOURCE) for verdict in hiss.hear(pair)]


@pytest.mark.parametrize("level_db", [-62.0, -50.0])
def test_noise_that_begins_is_told_once_and_soon(level_db: float) -> None:
    noise = LATER * shaped(np.full(SECONDS * 8, level_db))
    (verdict,) = hear(np.float32(0.5) * (SOURCE + noise))
    assert verdict.since_ms == pytest.approx(1000 * AT_S, abs=2_000)
    assert verdict.said_ms < 1000 * (AT_S + 8)
    assert verdict.measured == pytest.approx(level_db + 70, abs=2)
    assert verdict.score is not None
    assert verdict.score > 3


def test_noise_that_was_there_from_the_beginning_is_usual() -> None:
    assert hear(SOURCE + shaped(np.full(SECONDS * 8, -50.0))) == []


def test_a_louder_stream_and_what_is_kept_again_are_no_noise() -> None:
    assert hear(np.where(LATER, np.float32(2.8) * SOURCE, SOURCE)) == []
    assert hear(np.where(LATER | ~IS_QUIET, SOURCE, np.float32(0))) == []


@pytest.mark.parametrize(("least_db", "most_db"), [(-90.0, -50.0), (-66.0, -44.0)])
def test_what_a_coder_fills_in_goes_up_and_down_and_is_no_noise(
    least_db: float, most_db: float
) -> None:
    levels_db = RNG.uniform(least_db, most_db, SECONDS * 8)
    filled = np.where(LATER & IS_QUIET, shaped(levels_db), np.float32(0))
    assert hear(SOURCE + filled) == []


def test_the_quietest_class_that_was_heard_before_is_compared() -> None:
    shape = (len(EDGES_HZ) - 1, CLASSES)
    usual, now = np.zeros((3, *shape)), np.zeros((3, *shape))
    usual[:, 0, 4:] = np.array([100.0, 50.0, 125.0])[:, None]
    now[:, 0, 2] = 20, 400, 8_000
    now[:, 0, 5] = 20, 90, 425
    now[:, 1, 5] = 20, 400, 8_000
    rise, scatter, spread = compare(now, usual)
    assert rise[0] == pytest.approx(4.0)
    assert scatter[0] == pytest.approx(1.0)
    assert spread[0] == pytest.approx(1.0)
    assert not rise[1:].any(), "nothing is known there"


def test_weak_noise_is_not_sure_where_another_piece_begins() -> None:
    second = np.arange(SECONDS * RATE)[:, None] // RATE
    paused = np.where(second == AT_S - 1, np.float32(0), SOURCE)
    pieces = Pieces(GRID)
    for pair in pairs(paused, paused):
        pieces.hear(pair)
    weak = Verdict(Kind.NOISE, 1000 * AT_S, 17_000, 1.4, 3.0, "dB", "noise")
    told = (weak, replace(weak, score=3.0), replace(weak, since_ms=20_000))
    assert [pieces.weigh(verdict).is_sure for verdict in told] == [False, True, True]
