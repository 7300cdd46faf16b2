"""Evidence reads as a person would say it."""

import doctest

import pytest

from auscult.detection import sentences
from auscult.detection.sentences import say, say_range, unit_of


def test_the_examples_in_the_docstrings_hold() -> None:
    result = doctest.testmod(sentences)
    assert result.attempted >= 5
    assert result.failed == 0


@pytest.mark.parametrize(
    ("metric", "kind", "unit"),
    [
        ("up", "gauge", ""),
        ("process_cpu_seconds_total", "counter", "s/s"),
        ("request_duration_seconds_sum", "counter", "s/s"),
        ("requests_total", "counter", "/s"),
        ("cache_hit_ratio", "gauge", "ratio"),
    ],
)
def test_a_unit_follows_from_the_name(metric: str, kind: str, unit: str) -> None:
    assert unit_of(metric, kind) == unit


def test_odd_numbers_are_still_said() -> None:
    assert say(0.0, "s") == "0 s"
    assert say(1e300, "B/s").endswith("GB/s")
    assert say(-0.5, "ratio") == "-50 %"
    assert say_range(3.0, 3.0, "/s") == "3/s"
