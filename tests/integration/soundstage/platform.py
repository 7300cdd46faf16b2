"""What the tests of the living platform share: start, look, list processes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from soundstage.audio.codec import decode
from soundstage.audio.fmp4 import pack_init
from soundstage.audio.format import Pcm
from soundstage.delivery.playlist import read_media
from soundstage.plan import Plan, load_plan

COMMAND = [sys.executable, "-m", "soundstage"]
SOURCE = Path(__file__).resolve().parents[3] / "src"


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(SOURCE)} | more


def run(*words: str, timeout_s: float = 40.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def processes_of(state: Path) -> dict[int, str]:
    """Every living process that was started with this state folder, by pid."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(state) in words:
                found[int(entry.name)] = words
    return found


def until(true: Callable[[], object], *, within_s: float, what: str = "") -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - began


def clear(state: Path) -> None:
    """End whatever a failed test left, and only that."""
    for pid in processes_of(state):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


class Collector:
    """Takes spans and player events by HTTP and keeps them."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        bodies = self.bodies

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                bodies.append((self.path, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[tuple[str, Any]]:
        """Every span so far, behind the name of its service."""
        found: list[tuple[str, Any]] = []
        for path, body in list(self.bodies):
            request = ExportTraceServiceRequest()
            request.ParseFromString(body if path == "/v1/traces" else b"")
            for whole in request.resource_spans:
                of = {pair.key: pair.value.string_value for pair in whole.resource.attributes}
                found += [(of["service.name"], span) for span in whole.scope_spans[0].spans]
        return found

    def events(self) -> list[dict[str, Any]]:
        rows = [json.loads(body)["events"] for path, body in list(self.bodies) if path == "/events"]
        return [event for row in rows for event in row]


class Living:
    """A running platform under test."""

    def __init__(self, state: Path, collector: Collector) -> None:
        self.state, self.collector = state, collector
        self.plan: Plan = load_plan(state)

    def edge_log(self) -> list[dict[str, Any]]:
        lines = (self.state / "log" / "access-edge.ndjson").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def heard(self, programme: str) -> Pcm:
        """The newest segment at the edge, decoded."""
        number = self.segments(programme)[-1]
        status, body = self.get("edge", f"/live/{programme}/{number}-96.m4s")
        assert status == 200
        return decode(pack_init() + body)

    def get(self, process: str, path: str, *, timeout_s: float = 3.0) -> tuple[int, bytes]:
        """(status, body); status 0 when there is no answer in time."""
        url = self.plan.process(process).url + path
        try:
            with urllib.request.urlopen(url, timeout=timeout_s) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, b""
        except OSError:
            return 0, b""

    def value(self, process: str, series: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        total = 0.0
        for line in self.get(process, "/metrics")[1].decode().splitlines():
            name, _, rest = line.partition("{")
            text, _, number = rest.rpartition("} ")
            if name == series and all(f'{k}="{v}"' in text for k, v in labels.items()):
                total += float(number)
        return total

    def plain(self, process: str, series: str) -> float:
        """A metric without labels."""
        text = self.get(process, "/metrics")[1].decode()
        return next(float(row.split()[1]) for row in text.splitlines() if row.startswith(series))

    def release(self, process: str) -> str:
        body = self.get(process, "/healthz")[1]
        return str(json.loads(body)["release"]) if body else ""

    def segments(self, programme: str) -> list[int]:
        body = self.get("edge", f"/live/{programme}/playlist.m3u8")[1].decode()
        return read_media(body)

    def serves_all(self) -> bool:
        """Whether the edge hands out the newest segment of every programme."""
        return all(self._serves(one.key) for one in self.plan.programmes)

    def _serves(self, programme: str) -> bool:
        numbers = self.segments(programme)
        path = f"/live/{programme}/{numbers[-1]}-96.m4s" if numbers else ""
        return bool(numbers) and self.get("edge", path)[0] == 200
