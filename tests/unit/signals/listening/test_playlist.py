"""HLS playlists, as they are written and as they should not be."""

import pytest

from auscult.kernel.errors import BodyMalformed
from auscult.signals.listening import read_playlist
from auscult.signals.listening.playlist import (
    MasterPlaylist,
    MediaPlaylist,
    Variant,
    choose_rendition,
)

URL = "https://radio.example/live/pop/list.m3u8?token=1"
LIVE = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:41
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-26T10:00:00.500Z
#EXTINF:2.0,
41.m4s
#EXTINF:1.5,a title, with a comma
42.m4s
#EXT-X-DISCONTINUITY
#EXT-X-KEY:METHOD=AES-128,URI="k"
#EXTINF:2,
https://other.example/43.m4s
"""


def media(text: str) -> MediaPlaylist:
    playlist = read_playlist(text, URL)
    assert isinstance(playlist, MediaPlaylist)
    return playlist


def test_a_live_playlist_says_what_when_and_how() -> None:
    playlist = media(LIVE)
    assert (playlist.target_s, playlist.first, playlist.is_over) == (2.0, 41, False)
    first, second, third = playlist.segments
    assert first.url == "https://radio.example/live/pop/41.m4s"
    assert first.header_url == "https://radio.example/live/pop/init.mp4"
    assert first.begins_ms == 1_795_687_200_500
    assert second.begins_ms == first.begins_ms + 2_000, "the time goes on counting"
    assert [one.number for one in playlist.segments] == [41, 42, 43]
    assert [one.breaks for one in playlist.segments] == [False, False, True]
    assert [one.is_scrambled for one in playlist.segments] == [False, False, True]
    assert third.url == "https://other.example/43.m4s"


def test_parts_of_one_resource_follow_each_other() -> None:
    text = (
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n#EXT-X-BYTERANGE:100@50\nall.ts\n"
        "#EXTINF:2,\n#EXT-X-BYTERANGE:70\nall.ts\n#EXTINF:2,\nlone.ts\n#EXT-X-ENDLIST\n"
    )
    playlist = media(text)
    assert playlist.is_over
    assert [one.part for one in playlist.segments] == [(50, 100), (150, 70), None]


def test_a_master_playlist_offers_renditions_by_bandwidth() -> None:
    text = (
        '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=256000,CODECS="mp4a.40.2,opus"\nhi.m3u8\n'
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="talk",URI="talk.m3u8"\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=64000\nlo.m3u8\n"
    )
    playlist = read_playlist(text, URL)
    assert isinstance(playlist, MasterPlaylist)
    assert [one.bandwidth_bps for one in playlist.variants] == [0, 64_000, 256_000]
    assert playlist.variants[0].name == "talk"
    assert playlist.variants[2].codecs == "mp4a.40.2,opus"
    assert playlist.variants[1].url == "https://radio.example/live/pop/lo.m3u8"
    assert [one.called for one in playlist.variants] == ["talk", "64k", "256k"]


@pytest.mark.parametrize(
    ("wanted", "kbps"),
    [("highest", 256), ("lowest", 64), (96, 64), (1, 64), (160, 128), (999, 256)],
)
def test_a_rendition_is_chosen_by_its_bandwidth(wanted: str | int, kbps: int) -> None:
    offered = tuple(Variant(URL, 1_000 * one) for one in (64, 128, 256))
    assert choose_rendition(offered, wanted).bandwidth_bps == 1_000 * kbps


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "#EXTM3U"),
        ("<html>", "#EXTM3U"),
        ("#EXTM3U\n#EXTINF:1,\na.ts\n", "TARGETDURATION"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:x\n", "no duration"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:1e99\n", "no duration"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:nan\n", "no duration"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:-3,\na.ts\n", "no duration"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:-1\n", "whole number"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n", "scheme 'file'"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://[bad/\n", "cannot be read"),
        ('#EXTM3U\n#EXT-X-MAP:URI=""\n#EXT-X-TARGETDURATION:1\n', "scheme"),
        ("#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:yesterday\n", "no date"),
        ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", "0 renditions"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#" + "x" * 9_000, "a line of more"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, says: str) -> None:
    with pytest.raises(BodyMalformed, match=says):
        read_playlist(text, URL)


def test_a_playlist_is_bounded() -> None:
    endless = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n" + "#EXTINF:1,\na.ts\n" * 10_001
    with pytest.raises(BodyMalformed, match="more than 10000 segments"):
        read_playlist(endless, URL)
