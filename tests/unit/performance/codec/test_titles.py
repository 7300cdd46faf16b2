"""A title takes the cheapest rung that is good enough, and gaps are halved only where it pays."""

import pytest

from auscult.kernel.errors import InputError
from auscult.performance.codec import Quality, Rung, Trial, choose_rung, halve_gaps
from auscult.performance.codec.titles import GAP_MIN_KBPS, join_stretches

FIXED = Rung("opus", 128)


def trial(kbps: int, score: float, *, codec: str = "opus", worst: float = 4.0) -> Trial:
    return Trial("one", Rung(codec, kbps), float(kbps), Quality("bands", score, worst, 0.0))


def test_a_title_is_as_good_as_its_worst_stretch_and_has_the_mean_rate() -> None:
    rung, other = Rung("opus", 64), Rung("opus", 96)
    first = {
        rung: (60.0, Quality("bands", 4.5, 4.4, 1.0)),
        other: (90.0, Quality("bands", 5, 5, 0)),
    }
    second = {rung: (80.0, Quality("bands", 4.1, 4.2, 3.0))}
    (joined,) = join_stretches("one", [first, second])
    assert joined.rung == rung
    assert joined.real_kbps == 70
    assert joined.quality == Quality("bands", 4.1, 4.2, 3.0)


def test_the_cheapest_good_rung_is_taken_by_real_bytes_and_guards() -> None:
    trials = [trial(128, 4.9), trial(96, 4.7), trial(64, 4.6, worst=1.0), trial(80, 4.6)]
    assert choose_rung(trials, FIXED, needed=4.6).rung == Rung("opus", 80)
    kept = choose_rung(trials, FIXED, needed=4.8)
    assert kept.is_kept
    assert kept.saved_share == 0
    with pytest.raises(InputError):
        choose_rung(trials[1:], FIXED, needed=4.6)


def test_halving_finds_what_a_full_search_finds_to_within_the_gap() -> None:
    def score(kbps: int) -> float:
        return 5 - 20 / kbps

    trials = [trial(kbps, score(kbps)) for kbps in (32, 64, 128)]
    needed, rounds = score(101), 0
    while rungs := halve_gaps(trials, FIXED, needed=needed):
        trials += [trial(one.nominal_kbps, score(one.nominal_kbps)) for one in rungs]
        rounds += 1
    found = choose_rung(trials, FIXED, needed=needed).rung.nominal_kbps
    assert 101 <= found <= 101 + GAP_MIN_KBPS
    assert rounds <= 5


def test_a_codec_that_promises_nothing_cheaper_is_left_alone() -> None:
    trials = [trial(128, 4.9), trial(64, 4.9), trial(32, 3.0)]
    trials += [trial(96, 3.0, codec="aac"), trial(160, 4.9, codec="aac")]
    assert [one.codec for one in halve_gaps(trials, FIXED, needed=4.5)] == ["opus"]
    assert halve_gaps([trial(128, 4.0)], FIXED, needed=4.5) == []
