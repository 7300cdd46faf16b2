"""Times, figures and charts as a person reads them."""

import pytest

from auscult.kernel.findings import Evidence
from auscult.surface.web.evidence.charts import HEIGHT, WIDTH, draw_evidence, draw_spark, trend_word
from auscult.surface.web.words import chance, clock, figure, iso, lasting, naming

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.012345, "0.0123"),
        (1.5, "1.5"),
        (123.4, "123"),
        (1234.5, "1 234"),
        (1e9, "1 000 000 000"),
        (-5.25, "−5.25"),
        (NAN, "no value"),
        (None, "no value"),
        (float("-inf"), "−∞"),
        (100.0, "100"),
        (99.96, "100"),
    ],
)
def test_figures(value: float | None, shown: str) -> None:
    assert figure(value).replace(" ", " ") == shown


@pytest.mark.parametrize(
    ("span_ms", "shown"),
    [
        (-5, "0 s"),
        (400, "0 s"),
        (61_000, "1 min"),
        (3_600_000, "1 h"),
        (3_725_000, "1 h 2 min"),
        (90_061_000, "1 d 1 h"),
        (59_600, "1 min"),
    ],
)
def test_durations(span_ms: int, shown: str) -> None:
    assert lasting(span_ms) == shown


def test_a_clock_names_the_day_only_where_it_is_another() -> None:
    assert clock(1_795_489_960_000, 1_795_489_990_000) == "03:12:40 UTC"
    assert clock(1_795_489_960_000, 1_795_589_990_000) == "Tue 24 Nov 03:12:40 UTC"
    assert iso(1_795_489_960_123) == "2026-11-24T03:12:40.123Z"


@pytest.mark.parametrize(
    ("score", "shown"),
    [(0.0, "by a fixed rule"), (2.0, "1 in 100 looks"), (7.4, "25 million"), (15.0, "a trillion")],
)
def test_chances(score: float, shown: str) -> None:
    assert shown in chance(score)


def test_a_series_is_named_as_promql_writes_it() -> None:
    assert naming((("__name__", "up"), ("job", "a"))) == 'up{job="a"}'
    assert naming((("__name__", "up"),)) == "up"


def test_a_gap_stays_a_gap() -> None:
    spark, end = draw_spark([1, 2, 3, 4, 5], [1.0, 2.0, None, NAN, 3.0])
    assert spark.count("M") == 2
    assert end is not None
    assert draw_spark([], []) == ("", None)
    assert draw_spark([1], [None]) == ("", None)


def test_a_chart_marks_what_is_outside_the_band_and_stays_in_its_box() -> None:
    evidence = Evidence(
        sentence="x",
        at_ms=tuple(range(10)),
        value=(1.0,) * 7 + (9.0, 9.5, 9.0),
        low=(0.5,) * 10,
        high=(1.5,) * 10,
    )
    chart = draw_evidence(evidence)
    assert chart is not None
    assert len(chart.odd) == 1
    assert len(chart.dots) == 3
    assert chart.bottom == 0.0
    for x, y in (*chart.dots, chart.last or (0, 0)):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([1.0, 1.0, 1.0, 1.0], "steady"),
        ([1.0, 2.0, 3.0, 4.0], "rising"),
        ([4.0, 3.0, 2.0, 1.0], "falling"),
        ([1.0, 1.2, 0.9] * 19 + [5.0, 5.1, 5.0], "rising"),
        ([1.0, 1.2, 0.9] * 20, "steady"),
        ([1.0], "no trend yet"),
        ([None, NAN, 1.0, 2.0], "no trend yet"),
    ],
)
def test_trends(values: list[float | None], word: str) -> None:
    assert trend_word(values) == word
