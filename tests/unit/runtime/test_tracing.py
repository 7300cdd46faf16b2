"""Spans cost nothing when off, are kept in a bounded ring when on, and mark the log lines."""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from auscult.runtime.logging import configure_logs, logger
from auscult.runtime.tracing import (
    configure_tracing,
    current_trace_id,
    end_tracing,
    recent_spans,
    span,
    take_spans,
)


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    end_tracing()


def test_off_a_span_is_the_one_that_does_nothing() -> None:
    assert span("a") is span("b", n=1)
    with span("a"):
        assert current_trace_id() == ""


def test_off_nothing_of_opentelemetry_is_loaded() -> None:
    code = (
        "import sys; from auscult.runtime.tracing import *; configure_tracing(enabled=False)\n"
        "with span('a', n=1): pass\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


def test_what_ended_is_taken_once_and_no_more_than_is_kept() -> None:
    configure_tracing(enabled=True, spans_kept=3)
    for number in range(5):
        with span(f"s{number}"):
            pass
    assert [one.name for one in take_spans()] == ["s2", "s3", "s4"]
    assert take_spans() == []
    with span("s5"):
        pass
    assert [one.name for one in take_spans()] == ["s5"]


def test_spans_nest_in_one_trace_and_mark_the_log() -> None:
    configure_tracing(enabled=True)
    stream = io.StringIO()
    configure_logs(stream=stream)
    with span("outer", n=1):
        seen = current_trace_id()
        with span("inner"):
            logger("x").info("here")
            assert current_trace_id() == seen
    logger("x").info("outside")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line.get("trace_id") for line in lines] == [seen, None]
    outer, inner = recent_spans()
    assert (outer["name"], inner["name"]) == ("outer", "inner")
    assert outer["trace_id"] == inner["trace_id"] == seen
    assert inner["parent_id"] == outer["span_id"]
    assert outer["attributes"] == {"n": 1}
    assert len(seen) == 32


def test_an_error_inside_is_passed_on_and_told() -> None:
    configure_tracing(enabled=True)
    with pytest.raises(KeyError), span("broken"):
        raise KeyError("x")
    assert recent_spans()[0]["failed"] is True


def test_the_ring_is_bounded_and_newest_first() -> None:
    configure_tracing(enabled=True, spans_kept=5)
    for number in range(12):
        with span(f"s{number}"):
            pass
    assert [row["name"] for row in recent_spans()] == ["s11", "s10", "s9", "s8", "s7"]
    assert len(recent_spans(2)) == 2


def test_spans_are_sent_to_a_receiver_that_takes_otlp() -> None:
    bodies: list[tuple[str, bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}/v1/traces"
        configure_tracing(enabled=True, otlp_endpoint=endpoint)
        with span("sent on"):
            pass
        end_tracing()
        server.shutdown()
        thread.join()
    assert bodies
    assert bodies[0][0] == "/v1/traces"
    assert b"auscult" in bodies[0][1]
