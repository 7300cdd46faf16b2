"""The database is full or gone: readiness says so, nothing accepted is lost, work resumes."""

import json
import resource
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.contract.store.conftest import own_server
from tests.integration.remote_write import HEADERS, now_ms, write_body
from tests.product import Product

TENANT = "acme"
WAIT_S = 40.0


class Pages(BaseHTTPRequestHandler):
    """Keeps every message it is sent."""

    got: list[dict[str, Any]]

    def do_POST(self) -> None:
        """Take a message."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def pages() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A receiver: its address, and what it was sent."""
    got: list[dict[str, Any]] = []
    handler = type("TheseFollow", (Pages,), {"got": got})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", got
    server.shutdown()
    server.server_close()


def make(folder: Path, url: str, store_url: str = "") -> Product:
    """Return a product with a rule that fires at once and a channel to the receiver."""
    tenant = {
        "detectors": [{"use": "threshold", "match": ['__name__="broken_ratio"'], "above": 0.5}],
        "channels": {"ops": {"use": "webhook", "url": url}},
        "routes": [{"to": ["ops"], "on": ["opened"]}],
    }
    return Product(folder, {TENANT: tenant}, store_url=store_url)


def until(what: Callable[[], bool], why: str) -> None:
    """Wait for something, and fail with why it matters."""
    end_s = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < end_s, why
        time.sleep(0.1)


def push(product: Product, key: str, service: str, value: float) -> int:
    """Push one sample; return the status."""
    body = write_body("broken_ratio", {service: value}, now_ms())
    headers = dict(HEADERS)
    status, _ = product.ask("/api/v1/write", key, body=body, headers=headers)
    return status


def headlines(got: list[dict[str, Any]]) -> str:
    """Return all headlines that were paged, in one text."""
    return "\n".join(message["data"]["incident"]["headline"] for message in got)


@pytest.mark.timeout(180)
def test_a_full_disk_is_told_and_survived(
    tmp_path: Path, pages: tuple[str, list[dict[str, Any]]]
) -> None:
    url, got = pages
    product = make(tmp_path, url)
    key = product.key(TENANT)
    with product:
        assert product.process is not None
        assert push(product, key, "before", 1.0) == 204
        until(lambda: "before" in headlines(got), "the first page")
        # No file may grow any more, as on a full disk; the process itself goes on.
        limit = (0, resource.RLIM_INFINITY)
        resource.prlimit(product.process.pid, resource.RLIMIT_FSIZE, limit)
        assert push(product, key, "during", 1.0) == 204
        until(lambda: not product.is_ready(), "readiness must say that the disk is full")
        assert product.ask("/healthz")[0] == 200
        incident = product.ask("/api/v1/incidents", key)[1]["incidents"][0]["id"]
        refused = product.ask(f"/api/v1/incidents/{incident}/acknowledge", key, body=b"")
        assert refused[0] == 503
        assert "during" not in headlines(got)
        lifted = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(product.process.pid, resource.RLIMIT_FSIZE, lifted)
        until(product.is_ready, "it must resume by itself")
        until(lambda: "during" in headlines(got), "a finding that was accepted is paged after all")
        assert product.ask(f"/api/v1/incidents/{incident}/acknowledge", key, body=b"")[0] == 200
    assert product.process is not None
    assert product.process.returncode == 0


@pytest.mark.timeout(240)
def test_a_database_that_goes_away_is_told_and_survived(
    tmp_path: Path, pages: tuple[str, list[dict[str, Any]]]
) -> None:
    url, got = pages
    with own_server() as server:
        database = server.make()
        product = make(tmp_path, url, database.url)
        key = product.key(TENANT)
        with product:
            assert push(product, key, "before", 1.0) == 204
            until(lambda: "before" in headlines(got), "the first page")
            server.control("stop")
            until(lambda: not product.is_ready(), "readiness must say that the database is gone")
            assert push(product, key, "during", 1.0) in {204, 503}
            server.control("start")
            until(product.is_ready, "it must resume by itself")
            until(lambda: push(product, key, "during", 1.0) == 204, "it takes samples again")
            until(lambda: "during" in headlines(got), "the finding is paged")
    assert product.process is not None
    assert product.process.returncode == 0
