"""Time as text agrees with the standard library's calendar."""

from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.kernel.times import civil_date, clock_utc, duration_words, read_http_time, rfc3339

FIRST_MS = -62_135_596_800_000  # year 1
LAST_MS = 253_402_300_799_999  # year 9999


@given(st.integers(FIRST_MS, LAST_MS))
def test_every_instant_reads_as_the_standard_library_says(at_ms: int) -> None:
    seconds, millis = divmod(at_ms, 1_000)
    there = datetime.fromtimestamp(0, UTC).timestamp()
    moment = datetime.fromtimestamp(there + seconds, UTC)
    assert civil_date(at_ms) == (moment.year, moment.month, moment.day)
    assert rfc3339(at_ms) == f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f".{millis:03}Z"
    assert clock_utc(at_ms) == f"{moment:%H:%M}"


@pytest.mark.parametrize(
    ("duration_ms", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (3_599_999, "59 min"),
        (3_600_000, "1 h"),
        (7_500_000, "2 h 5 min"),
        (86_400_000, "1 d"),
        (97_200_000, "1 d 3 h"),
    ],
)
def test_a_span_is_said_as_a_person_would(duration_ms: int, words: str) -> None:
    assert duration_words(duration_ms) == words


@given(st.integers(0, 250_000_000_000))
def test_a_time_of_http_is_read_as_the_standard_library_writes_it(at_s: int) -> None:
    assert read_http_time(formatdate(at_s, usegmt=True)) == at_s * 1_000


@pytest.mark.parametrize("text", ["", "soon", "Wed, 21 Oct 15 07:28:00 GMT", "21 Oct 2015"])
def test_what_is_no_time_of_http_is_none(text: str) -> None:
    assert read_http_time(text) is None
