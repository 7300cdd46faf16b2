"""The page about telemetry says the limits and series that the code has."""

import re

import pytest

from auscult.signals.access_logs.lines import LINE_BYTES_MAX
from auscult.signals.access_logs.meter import PLAYERS, REQUESTS
from auscult.signals.otlp import limits
from auscult.signals.players import PlayerEvent
from auscult.signals.players.events import EVENTS_MAX, REASONS_MAX
from auscult.signals.players.meter import MEASURES
from auscult.signals.tallies.tally import ROWS_MAX
from auscult.signals.traces.book import BYTES_KEPT_MAX, SPANS_KEPT_MAX
from auscult.signals.traces.meter import CALLS, DURATION, FAILURES
from auscult.signals.traces.trees import SPANS_SHOWN_MAX
from tests.house.source import ROOT

PAGE = (ROOT / "docs" / "telemetry.md").read_text()


@pytest.mark.parametrize(
    ("said", "figure"),
    [
        (r"unpacked, JSON \| `limits.body_bytes`, (\d+) MiB", limits.UNPACKED_BYTES_MAX >> 20),
        (r"if less\), (\d+) MiB", limits.JSON_BYTES_MAX >> 20),
        (r"log records of a body \| ([\d,]+),", limits.SPANS_MAX),
        (r"log records of a body \| 50,000, ([\d,]+),", limits.POINTS_MAX),
        (r"log records of a body \| .*, ([\d,]+) \|", limits.RECORDS_MAX),
        (r"scopes of a body \| ([\d,]+) each", limits.RESOURCES_MAX),
        (r"its attributes \| (\d+) KiB", limits.SPAN_BYTES_MAX >> 10),
        (r"its attributes \| 256 KiB, (\d+)", limits.ATTRIBUTES_MAX),
        (r"one metric \| (\d+) MiB", limits.METRIC_BYTES_MAX >> 20),
        (r"value's depth \| (\d+)", limits.DEPTH_MAX),
        (r"name and kind \(([\d,]+) of a tenant", ROWS_MAX),
        (r"30 min, ([\d,]+) spans", SPANS_KEPT_MAX),
        (r"spans and (\d+) MiB of each tenant", BYTES_KEPT_MAX >> 20),
        (r"up to ([\d,]+) spans, the earliest", SPANS_SHOWN_MAX),
        (r"longer than (\d+) KiB", LINE_BYTES_MAX >> 10),
        (r"at most ([\d,]+) events", EVENTS_MAX),
        (r"for (\d+) of these why", REASONS_MAX),
    ],
)
def test_a_limit_is_what_the_page_says(said: str, figure: int) -> None:
    (found,) = re.findall(said, PAGE)
    assert int(found.replace(",", "")) == figure


def test_every_series_and_field_stands_on_the_page() -> None:
    series = {CALLS, FAILURES, DURATION, *(one.name for one in (*MEASURES, *REQUESTS, *PLAYERS))}
    for name in (*series, *PlayerEvent.model_fields):
        assert f"`{name}`" in PAGE, name
