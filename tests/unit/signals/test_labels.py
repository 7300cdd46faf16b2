import pytest

from auscult.kernel.errors import SampleRefused
from auscult.signals.series.labels import (
    decode_labels,
    encode_labels,
    name_of_region,
    settle_labels,
)
from auscult.signals.series.limits import SeriesLimits
from tests.unit.signals.wire import PLAIN

LIMITS = SeriesLimits()


def test_a_region_is_what_plain_protobuf_writes_for_the_same_labels() -> None:
    labels = (("Zone", "é" * 100), ("__name__", "up"), ("instance", "x" * 2_000))
    series = PLAIN["TimeSeries"]()
    for name, value in labels:
        series.labels.add(name=name, value=value)
    assert encode_labels(labels) == series.SerializeToString()
    assert decode_labels(encode_labels(labels)) == labels
    assert name_of_region(encode_labels(labels)) == "up"


def test_labels_are_sorted_and_empty_values_left_out() -> None:
    settled = settle_labels([("z", "1"), ("a", ""), ("__name__", "up")], LIMITS)
    assert settled == (("__name__", "up"), ("z", "1"))


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("a", "1")], "__name__"),
        ([("__name__", "")], "__name__"),
        ([("__name__", "up"), ("a", "1"), ("a", "2")], "twice"),
        ([("__name__", "up"), ("", "1")], "0 bytes"),
        ([("__name__", "up"), ("a", "x" * 2_049)], "2049 bytes"),
        ([("__name__", "up"), ("a", "é" * 1_025)], "2050 bytes"),
        ([("__name__", "up"), ("n" * 257, "1")], "257 bytes"),
        ([("__name__", "up"), *((f"l{n}", "1") for n in range(64))], "65 labels"),
        ([("__name__", "up"), ("a", "\ud800")], "Unicode"),
        ([("__name__", "up"), ("a", "x" * 10_000_000)], "10000000 bytes"),
    ],
)
def test_what_is_not_a_label_set_is_refused_with_a_short_reason(
    pairs: list[tuple[str, str]], said: str
) -> None:
    with pytest.raises(SampleRefused, match=said) as refused:
        settle_labels(pairs, LIMITS)
    assert len(str(refused.value)) < 300


def test_the_name_is_not_taken_from_within_a_value() -> None:
    trap = (("A", "\n\x08__name__\x12\x03bad"), ("__name__", "good"))
    assert name_of_region(encode_labels(trap)) == "good"
