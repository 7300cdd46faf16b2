"""What there is no room for is counted, named, and over when it stops coming."""

from auscult.performance.turned_away import HELD_MS, KNOWN_MAX, TurnedAway


def test_what_is_turned_away_is_said_for_as_long_as_it_comes() -> None:
    away = TurnedAway("sound is heard of", 2)
    assert away.remarks(0) == []
    away.note("c", 1_000)
    away.note("c", 2_000)
    (one,) = away.remarks(3_000)
    assert one.sentence == "sound is heard of 2 programmes; 1 more is not looked at: c"
    assert (one.since_ms, one.now, away.count) == (1_000, 1.0, 2)
    away.note("d", 4_000)
    (both,) = away.remarks(5_000)
    assert "2 more are not looked at: c, d" in both.sentence
    assert (both.about, both.signal, both.since_ms) == (one.about, one.signal, 1_000)
    assert away.remarks(4_001 + HELD_MS) == []


def test_however_many_are_turned_away_the_memory_is_bounded() -> None:
    away = TurnedAway("sound is heard of", 2)
    for number in range(2 * KNOWN_MAX):
        away.note("p" * 500 + str(number), 1_000)
    (one,) = away.remarks(1_000)
    assert one.now == KNOWN_MAX
    assert away.count == 2 * KNOWN_MAX
    assert len(one.sentence) < 500
