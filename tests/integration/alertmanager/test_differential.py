"""The same alerts into a real Alertmanager and into auscult: the same is told to the same."""

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.alertmanager.streams import Case, make_case, whole_config
from tests.product import Product, free_port
from tests.servers import binary

RECEIVERS = ("first", "second", "quiet")
Said = tuple[str, str, str, str]
"""(receiver, group's key, alert, status)."""


class Ear(ThreadingHTTPServer):
    """Keeps what is posted to it, by the first part of the path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: dict[str, set[Said]] = {"theirs": set(), "ours": set()}
        self.times: list[str] = []
        self.lock = threading.Lock()

    def url(self, whose: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{whose}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Ear

    def do_POST(self) -> None:  # the base class's name
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = {
            (told["receiver"], told["groupKey"], one["fingerprint"], one["status"])
            for one in told["alerts"]
        }
        with self.server.lock:
            self.server.heard[self.path.strip("/")] |= said
            self.server.times.append(told["groupKey"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@contextmanager
def hearing() -> Iterator[Ear]:
    ear = Ear()
    thread = threading.Thread(target=ear.serve_forever, daemon=True)
    thread.start()
    try:
        yield ear
    finally:
        ear.shutdown()
        ear.server_close()


@contextmanager
def alertmanager(folder: Path, config: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Run Debian's Alertmanager on free ports, alone; yield its address and its process."""
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    port = free_port()
    command = [
        binary("prometheus-alertmanager"),
        f"--config.file={file}",
        f"--storage.path={folder / 'theirs'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 20
        while not is_up(url):
            assert process.poll() is None, (folder / "alertmanager.log").read_text()[-2_000:]
            assert time.monotonic() < until
            time.sleep(0.05)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(timeout=10)


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def post(url: str, what: Any, key: str = "") -> None:
    request = urllib.request.Request(url, json.dumps(what).encode())
    request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def bodies(cases: list[Case], step: int, starts: dict[str, str]) -> list[dict[str, Any]]:
    """Return what is posted at a step; an alert keeps its first time while it goes on."""
    told = []
    now = datetime.now(UTC).isoformat()
    for case in cases:
        for one in case.posts:
            if one.step != step:
                continue
            name = json.dumps(one.labels, sort_keys=True)
            began = starts.setdefault(name, now)
            alert: dict[str, Any] = {"labels": one.labels, "startsAt": began}
            if one.ends:
                alert["endsAt"] = now
                starts.pop(name)
            told.append(alert)
    return told


def run_both(
    folder: Path, cases: list[Case], *, steps: int, step_s: float
) -> tuple[set[Said], set[Said]]:
    """Return what Alertmanager told, and what auscult told."""
    spans = {
        "group_wait": f"{round(300 * step_s)}ms",
        "group_interval": f"{round(1000 * step_s)}ms",
    }
    config = whole_config(cases, {**spans, "repeat_interval": "1h"})
    with hearing() as ear:
        theirs = {
            **config,
            "receivers": [
                {"name": name, "webhook_configs": [{"url": ear.url("theirs")}]}
                for name in RECEIVERS
            ],
        }
        ours = {**config, "receivers": [{"name": name, "to": ["hook"]} for name in RECEIVERS]}
        hook = {"use": "webhook", "url": ear.url("ours"), "form": "alertmanager"}
        product = Product(folder, {"acme": {"alerts": ours, "channels": {"hook": hook}}})
        key = product.key("acme")
        with alertmanager(folder, theirs) as (url, _), product:
            ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
            for case in cases:
                for _, _, matchers in case.silences:
                    silence = {
                        "matchers": matchers,
                        "startsAt": datetime.now(UTC).isoformat(),
                        "endsAt": ends,
                        "createdBy": "x",
                        "comment": "x",
                    }
                    post(f"{url}/api/v2/silences", silence)
                    post(f"{product.url}/api/v2/silences", silence, key)
            time.sleep(0.2)
            starts: dict[str, str] = {}
            began_s = time.monotonic()
            for step in range(steps):
                time.sleep(max(0.0, began_s + step * step_s - time.monotonic()))
                if told := bodies(cases, step, starts):
                    post(f"{product.url}/api/v2/alerts", told, key)
                    post(f"{url}/api/v2/alerts", told)
            time.sleep(2 * step_s)
        return ear.heard["theirs"], ear.heard["ours"]


@pytest.mark.timeout(300)
def test_the_same_alerts_are_told_to_the_same_receivers(tmp_path: Path) -> None:
    compare(tmp_path, seed=7, count=60)


@pytest.mark.campaign
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_thousand_streams_are_told_alike(tmp_path: Path, seed: int) -> None:
    compare(tmp_path, seed=seed, count=100)


def compare(folder: Path, *, seed: int, count: int) -> None:
    """Let both tell so many streams; what each told is the same."""
    cases = [make_case(number, seed, steps=5) for number in range(count)]
    theirs, ours = run_both(folder, cases, steps=5, step_s=4.0)
    assert len(theirs) > count
    assert {one for one in theirs if one not in ours} == set(), "Alertmanager told what we did not"
    assert {one for one in ours if one not in theirs} == set(), "we told what Alertmanager did not"
