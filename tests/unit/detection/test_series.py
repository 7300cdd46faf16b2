"""One series from a file: read with care, scored causally."""

import numpy as np
import pytest

from auscult.detection import read_series, score_series
from auscult.kernel.errors import BodyMalformed


def test_both_known_layouts_are_read() -> None:
    clouds = read_series(['"TimeStamp","Value","Label"', '"2018-04-25T00:01:00Z","5.5","1"',
                          "2018-04-25 00:00:00,4,0"])  # fmt: skip
    assert clouds.value.tolist() == [4.0, 5.5]
    assert clouds.label is not None
    assert clouds.label.tolist() == [0, 1]
    assert np.diff(clouds.at_ms).tolist() == [60_000]
    assert clouds.at_ms[0] == np.datetime64("2018-04-25T00:00", "ms").astype(np.int64)
    plain = read_series(["timestamp,value", "2014-04-01 00:00:00,18.3", "2014-04-01 00:05:00,NaN"])
    assert plain.label is None
    assert np.isnan(plain.value[1])
    assert plain.time_text == ("2014-04-01 00:00:00", "2014-04-01 00:05:00")


def test_seconds_milliseconds_and_zones_are_times() -> None:
    rows = read_series(["ts,y", "1700000000,1", "1700000001000,2", "2023-11-14T23:13:22+01:00,3"])
    assert rows.at_ms.tolist() == [1_700_000_000_000, 1_700_000_001_000, 1_700_000_002_000]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["timestamp,value", "2020-01-01,1", "2020-01-02,high"], 3),
        (["timestamp,value", "yesterday,1"], 2),
        (["timestamp,value", "2020-13-01 00:00:00,1"], 2),
        (["timestamp,value", "2020-01-01"], 2),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_line(lines: list[str], line: int) -> None:
    with pytest.raises(BodyMalformed) as why:
        read_series(lines)
    assert why.value.position == line


def test_nothing_is_nothing() -> None:
    empty = read_series([])
    assert score_series(empty.at_ms, empty.value)[0].size == 0


def test_what_comes_later_never_changes_what_was_said() -> None:
    rng = np.random.default_rng(3)
    at_ms = np.arange(400, dtype=np.int64) * 60_000 + 1_700_000_000_000
    value = rng.normal(20, 2, 400)
    value[200:230] += 60
    value[50] = np.nan
    score, alert = score_series(at_ms, value)
    for cut in (90, 205, 300):
        early_score, early_alert = score_series(at_ms[:cut], value[:cut])
        np.testing.assert_array_equal(early_score, score[:cut])
        np.testing.assert_array_equal(early_alert, alert[:cut])
    assert alert[200:230].any()
    assert not alert[:200].any()
    assert score.min() >= 0
    assert score.max() <= 1


@pytest.mark.parametrize("step_s", [1, 60, 300, 3600])
def test_a_step_is_found_at_every_pace(step_s: int) -> None:
    rng = np.random.default_rng(4)
    at_ms = np.arange(300, dtype=np.int64) * step_s * 1000 + 1_700_000_000_000
    value = rng.normal(50, 3, 300)
    value[250:270] = 120 + rng.normal(0, 3, 20)
    _, alert = score_series(at_ms, value)
    assert alert[250:258].any()
    weeks = 250 * step_s / 604_800
    began = int((np.diff(alert[:250]) == 1).sum())
    assert began <= 2 * 2 * weeks, "the budget of two a week, twice for chance"
