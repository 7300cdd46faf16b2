"""Timestamps of a playlist are read as RFC 8216 means them, and nothing else is."""

import numpy as np
import pytest

from auscult.kernel.errors import BodyMalformed, BodyTooLarge, InputError
from auscult.performance.lateness import lateness_of, read_program_times

PLAYLIST = """#EXTM3U
#EXT-X-TARGETDURATION:4
#EXTINF:2.5,
a.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.250Z
#EXTINF:4,title
b.m4s
#EXTINF:4.0,
c.m4s
#EXT-X-DISCONTINUITY
#EXTINF:4.0,
d.m4s
"""
AT_S = 1_767_323_045.25


def test_times_are_counted_on_and_back_but_not_over_a_discontinuity() -> None:
    times = read_program_times(PLAYLIST)
    assert times.uri == ("a.m4s", "b.m4s", "c.m4s", "d.m4s")
    assert times.length_s.tolist() == [2.5, 4, 4, 4]
    assert times.begin_s[:3].tolist() == pytest.approx([AT_S - 2.5, AT_S, AT_S + 4])
    assert np.isnan(times.begin_s[3])


def test_a_second_tag_is_believed_over_counting() -> None:
    tag = "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:05:00Z\n"
    times = read_program_times(PLAYLIST.replace("#EXTINF:4.0,\nc", tag + "#EXTINF:4.0,\nc"))
    assert times.begin_s[2] - times.begin_s[1] == pytest.approx(54.75)


@pytest.mark.parametrize(
    ("zone", "shift_s"), [("", 0), ("Z", 0), ("+02:00", -7200), ("-0130", 5400), ("+01", -3600)]
)
def test_a_zone_is_taken_off(zone: str, shift_s: int) -> None:
    times = read_program_times(PLAYLIST.replace("250Z", "250" + zone))
    assert times.begin_s[1] == pytest.approx(AT_S + shift_s)


def test_a_segment_is_late_from_its_last_sample_on() -> None:
    times = read_program_times(PLAYLIST)
    late = lateness_of(times, np.array([np.nan, AT_S + 5, AT_S + 9.5, AT_S]))
    assert late[1:3].tolist() == pytest.approx([1.0, 1.5])
    assert np.isnan(late[[0, 3]]).all()
    with pytest.raises(InputError):
        lateness_of(times, np.zeros(3))


def test_a_playlist_without_segments_is_empty() -> None:
    assert read_program_times("#EXTM3U\n").begin_s.size == 0


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("#EXTM3U", "<html>", 1),
        ("#EXTINF:2.5,", "#EXTINF:soon,", 3),
        ("#EXTINF:2.5,", "#EXTINF:1e9,", 3),
        ("#EXTINF:2.5,", "#EXTINF:9999,", 3),
        ("#EXTINF:2.5,\n", "", 3),
        ("2026-01-02T", "2026-13-02T", 5),
        ("03:04:05.250Z", "noon", 5),
    ],
)
def test_what_is_no_playlist_is_refused_with_its_line(old: str, new: str, line: int) -> None:
    with pytest.raises(BodyMalformed) as caught:
        read_program_times(PLAYLIST.replace(old, new))
    assert caught.value.position == line


def test_a_playlist_without_end_is_refused() -> None:
    with pytest.raises(BodyTooLarge):
        read_program_times("#EXTM3U\n" + "#\n" * (1 << 20))
