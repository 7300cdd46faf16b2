"""Fingerprints and merging are Alertmanager's."""

import random

import pytest

from auscult.kernel.alerts import Alert, Silence, SilenceState, fingerprints
from auscult.kernel.matchers import Matcher
from auscult.kernel.words import Labels

NOW_MS = 1_000_000


def one_by_one(labels: Labels) -> str:
    """FNV-1a as its authors wrote it, byte by byte."""
    number = 14_695_981_039_346_656_037
    for pair in labels:
        for word in pair:
            for byte in word.encode() + b"\xff":
                number = (number ^ byte) * 1_099_511_628_211 % 2**64
    return f"{number:016x}"


def test_many_fingerprints_at_once_are_those_made_one_by_one() -> None:
    chance = random.Random(3)
    words = ["", "x", "alertname", "é☂", "a" * 300, "job"]
    sets = [
        tuple((chance.choice(words), chance.choice(words)) for _ in range(chance.randrange(6)))
        for _ in range(200)
    ]
    assert fingerprints(sets) == [one_by_one(one) for one in sets]
    assert fingerprints([]) == []


def alert(starts_ms: int, ends_ms: int, updated_ms: int = NOW_MS, *, timed: bool = False) -> Alert:
    return Alert("f", (("a", "b"),), (), starts_ms, ends_ms, updated_ms, "", timed)


@pytest.mark.parametrize(
    ("before", "younger", "span"),
    [
        ((10, 2_000_000), (20, 3_000_000), (10, 3_000_000)),
        ((10, 3_000_000), (20, 2_000_000), (10, 3_000_000)),
        ((10, 2_000_000), (20, 900_000), (10, 900_000)),
        ((10, 30), (40, 2_000_000), (40, 2_000_000)),
        ((10, 900_000), (20, 800_000), (10, 900_000)),
    ],
    ids=["goes on", "a later end stays", "resolved", "apart", "both over"],
)
def test_the_span_of_two_posts(
    before: tuple[int, int], younger: tuple[int, int], span: tuple[int, int]
) -> None:
    merged = alert(*before).span.merge(alert(*younger), now_ms=NOW_MS)
    assert (merged.starts_ms, merged.ends_ms) == span


def test_an_end_that_nobody_said_gives_way_to_one_that_was() -> None:
    merged = alert(10, 3_000_000, timed=True).span.merge(alert(20, 2_000_000), now_ms=NOW_MS)
    assert merged.ends_ms == 2_000_000


def test_a_silence_mutes_while_it_is_active() -> None:
    matcher = Matcher(name="a", op="=", value="b")
    silence = Silence(id="s", matchers=(matcher,), starts_ms=10, ends_ms=20, updated_ms=0)
    assert [silence.state(at) for at in (9, 10, 19, 20)] == [
        SilenceState.PENDING,
        SilenceState.ACTIVE,
        SilenceState.ACTIVE,
        SilenceState.EXPIRED,
    ]
    assert silence.mutes((("a", "b"),), 15)
    assert not silence.mutes((("a", "c"),), 15)
    assert not silence.mutes((("a", "b"),), 25)
