"""Access log lines, what players say in them, and what it adds up to."""

import json
import math
from typing import Any

import pytest

from auscult.signals.access_logs import RequestMeter, read_lines
from auscult.signals.access_logs.cmcd import KEYS, query_cmcd, read_cmcd, unescape
from auscult.signals.access_logs.lines import (
    FIELDS,
    LINE_BYTES_MAX,
    read_combined,
    read_json,
    route_of,
)
from tests.unit.signals.sink import NOW_MS, MemorySink

COMBINED = (
    b'203.0.113.9 - frank [10/Oct/2026:13:55:36 +0000] "GET /live/a1/seg_00042.m4s HTTP/1.1" '
    b'200 48213 "-" "player/2.1 (\\"quoted\\")"'
)
V1 = 'bl=21300,br=3200,bs,mtp=25400,ot=a,sid="6e2fb550-c457-11e9-bb97-0800200c9a66",su,tb=6000'


def test_a_combined_line_is_read() -> None:
    line = read_combined(COMBINED)
    assert line is not None
    assert (line.status, line.sent_bytes, line.path) == (200, 48213.0, "/live/a1/seg_00042.m4s")
    assert math.isnan(line.duration_ms)
    timed = read_combined(COMBINED + b" 0.250")
    assert timed is not None
    assert timed.duration_ms == 250.0
    common = b'::1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 304 -'
    line = read_combined(common)
    assert line is not None
    assert math.isnan(line.sent_bytes)


def test_cmcd_is_read_from_query_and_logged_headers() -> None:
    query = COMBINED.replace(b".m4s", b".m4s?a=1&CMCD=br%3D128%2Cbs%2Csid%3D%22x%22")
    line = read_combined(query)
    assert line is not None
    assert read_cmcd(line.cmcd) == {"br": 128.0, "bs": 1.0}
    line = read_combined(COMBINED + b' 0.100 "bl=2000,mtp=900" "br=96"')
    assert line is not None
    assert read_cmcd(line.cmcd) == {"bl": 2000.0, "mtp": 900.0, "br": 96.0}
    assert query_cmcd("x=1&cmcd=bs") == "bs"
    assert query_cmcd("x=1") == ""
    assert unescape("a%2Cb%zz%FF") == "a,b%zz\ufffd"


def test_version_1_and_2_of_cmcd_are_understood() -> None:
    assert read_cmcd(V1) == {
        "bl": 21300.0,
        "br": 3200.0,
        "bs": 1.0,
        "mtp": 25400.0,
        "su": 1.0,
        "tb": 6000.0,
    }
    v2 = "br=(3200 128;a),bsd=(900;a),ltc=1850,msd=1200,sta=p,ts=1700000000000,v=2,bs=?1"
    assert read_cmcd(v2) == {"br": 3200.0, "bsd": 900.0, "ltc": 1850.0, "msd": 1200.0, "bs": 1.0}


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "=", "br", "br=", "br=-5", "br=1e9", "br=99999999999", "bl=NaN", "bs=?0"),
        *('sid="x', 'sid="a\\"', 'br=1;;;\x00"', "x" * 5_000, ",".join(["br=1"] * 65)),
        "br=" + "9" * 400,
    ],
)
def test_forged_cmcd_says_nothing(text: str) -> None:
    assert read_cmcd(text) == {}


def test_a_json_line_is_read_by_the_usual_names() -> None:
    said: dict[str, Any] = {"status": 503, "bytes": 12, "path": "/x?CMCD=bs", "service": "edge"}
    line = read_json(json.dumps({**said, "duration_ms": 7.5}).encode())
    assert line is not None
    assert line[:3] == (503, 12.0, 7.5)
    assert (line.path, line.service, line.cmcd) == ("/x", "edge", "bs")
    nginx = {"status": "200", "body_bytes_sent": "90", "request_time": "0.2", "request": "GET /a H"}
    line = read_json(json.dumps(nginx).encode())
    assert line is not None
    assert line[:4] == (200, 90.0, 200.0, "/a")
    own = {"rc": 404, "cmcd_object": "br=1", "cmcd_status": "bs"}
    line = read_json(json.dumps(own).encode(), {**FIELDS, "status": ("rc",)})
    assert line is not None
    assert (line.status, line.cmcd) == (404, "br=1,bs")


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"{}", b"[1]", b"null", b'{"status": "x"}', b'{"status": 99}', b'{"status": 1e400}'),
        *(b'{"status": [200]}', b"[" * 50_000, b'{"status": ' + b"9" * 5_000 + b"}", b"\xff\xfe"),
        COMBINED[:60],
        COMBINED.replace(b'" 200', b'" 999'),
    ],
)
def test_a_line_that_is_none_is_not_read(line: bytes) -> None:
    assert read_json(line) is None
    assert read_combined(line) is None


def test_a_value_of_another_kind_is_not_said() -> None:
    line = read_json(b'{"status": 200, "bytes": [], "duration_ms": -4, "path": {"a": 1}}')
    assert line is not None
    assert math.isnan(line.sent_bytes)
    assert math.isnan(line.duration_ms)


def test_routes_forget_what_makes_each_request_its_own() -> None:
    assert route_of("/live/a1/seg_00042.m4s") == "/live/a{}/seg_{}.m{}s"
    assert route_of("/u/6e2fb550-c457-11e9-bb97-0800200c9a66/x") == "/u/{}/x"
    assert route_of("https://cdn.example/a/b") == "/a/b"
    assert route_of("/" + "/".join("abcdefghij")) == "/a/b/c/d/e/f"
    assert route_of("/a\x00b\n") == "/a?b?"
    assert route_of("") == "/"
    assert len(route_of("/" + "x-y." * 900)) <= 120


def test_many_lines_are_columns() -> None:
    invalid = COMBINED.replace(b"live", b"l\xffve")
    lines = [
        COMBINED + b" 0.5",
        json.dumps({"status": 500, "path": "/a", "service": "edge", "cmcd": "br=64,bs"}).encode(),
        invalid,
        b"x" * (LINE_BYTES_MAX + 1),
        b"nonsense",
    ]
    read = read_lines(lines, service="origin")
    assert read.status.tolist() == [200, 500, 200]
    assert read.malformed == 2
    assert [read.groups[one] for one in read.group] == [
        ("origin", "/live/a{}/seg_{}.m{}s"),
        ("edge", "/a"),
        ("origin", "/l\ufffdve/a{}/seg_{}.m{}s"),
    ]
    assert read.duration_ms[0] == 500.0
    said = dict(zip(KEYS, read.player[1].tolist(), strict=True))
    assert (said["br"], said["bs"]) == (64.0, 1.0)
    assert math.isnan(said["bl"])
    assert len(read_lines([], service="x")) == 0


def test_requests_and_players_add_up() -> None:
    sink, meter = MemorySink(), RequestMeter()
    lines = [
        {"status": 200, "path": "/a", "bytes": 100, "duration_ms": 10, "cmcd": "br=64,bl=4000"},
        {"status": 502, "path": "/a", "duration_ms": 30, "cmcd": "br=96,bs"},
        {"status": 404, "path": "/a"},
    ]
    raw = [json.dumps(one).encode() for one in lines]
    meter.count(read_lines(raw, service="edge"), now_ms=NOW_MS)
    meter.count(read_lines([], service="edge"), now_ms=NOW_MS)
    values = {
        dict(sink.registry.labels_of(slot))["__name__"]: value
        for told in meter.tell(sink.slot, now_ms=NOW_MS)
        for slot, value in zip(told.slots.tolist(), told.value.tolist(), strict=True)
    }
    assert values == {
        "access_requests_total": 3.0,
        "access_failures_total": 1.0,
        "access_refusals_total": 1.0,
        "access_sent_bytes_total": 100.0,
        "access_duration_mean_seconds": 0.02,
        "cmcd_requests_total": 2.0,
        "cmcd_starved_total": 1.0,
        "cmcd_bitrate_mean_kbps": 80.0,
        "cmcd_buffer_mean_seconds": 4.0,
    }
    labels = {
        labels
        for slot in sink.registry.slots_of(sink.tenant).tolist()
        for labels in sink.registry.labels_of(slot)
    }
    assert labels - {("__name__", name) for name in values} == {
        ("service", "edge"),
        ("route", "/a"),
    }
