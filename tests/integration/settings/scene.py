"""What stands around the product in these tests: a listener for requests, and waiting."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.integration.remote_write import HEADERS, now_ms, write_body
from tests.product import Product

TENANT = "acme"
RULE: Mapping[str, Any] = {
    "use": "threshold",
    "name": "limit",
    "match": ['__name__="broken_ratio"'],
    "above": 0.5,
}


@dataclass(slots=True)
class Listener:
    """A server that answers as told and keeps what it was asked: (method, path, body)."""

    url: str = ""
    status: int = 200
    body: bytes = b"up_and_well 1\n"
    got: list[tuple[str, str, bytes]] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listener]:
    """Run a listener on a free port of loopback."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            listener.got.append((self.command, self.path, self.rfile.read(size)))
            self.send_response(listener.status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(listener.body)))
            self.end_headers()
            self.wfile.write(listener.body)

        do_POST = do_GET  # noqa: N815  # the library's name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    listener.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()


def until(what: Callable[[], object], why: str, *, within_s: float = 20.0) -> None:
    """Wait for something, and fail with why it matters."""
    end_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end_s, why
        time.sleep(0.1)


def push(product: Product, key: str, service: str, value: float, *, at_ms: int = 0) -> int:
    """Push one sample of `broken_ratio`; return the status."""
    body = write_body("broken_ratio", {service: value}, at_ms or now_ms())
    return product.ask("/api/v1/write", key, body=body, headers=HEADERS)[0]


def incidents(product: Product, key: str) -> list[dict[str, Any]]:
    """Return every incident of the key's tenant, the last changed first."""
    status, page = product.ask("/api/v1/incidents?state=all", key)
    assert status == 200, page
    return list(page["incidents"])


def story(product: Product, key: str, incident: str) -> dict[str, Any]:
    """Return all that is told of one incident."""
    status, told = product.ask(f"/api/v1/incidents/{incident}", key)
    assert status == 200, told
    return dict(told)


def headers_of(product: Product, path: str, key: str, body: bytes) -> tuple[int, dict[str, str]]:
    """Post a body as remote_write; return the status and the headers of the answer."""
    request = urllib.request.Request(
        f"{product.url}{path}", data=body, headers={**HEADERS, "Authorization": f"Bearer {key}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as why:
        return why.code, dict(why.headers)


def metric(product: Product, name: str, **labels: str) -> float:
    """Return one of the product's own metrics, summed over the labels that are not named."""
    _, text = product.ask("/metrics")
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in str(text).splitlines()
        if line.partition("{")[0].partition(" ")[0] == name and all(one in line for one in wanted)
    )
