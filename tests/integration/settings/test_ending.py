"""SIGTERM: what was begun is answered, streams end, nothing hangs, and the exit code is 0."""

import http.client
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.integration.remote_write import HEADERS, now_ms, write_body
from tests.integration.settings.scene import RULE, TENANT
from tests.product import Product

DRAIN_S = 12.0


@pytest.mark.timeout(90)
def test_sigterm_drains_with_an_open_stream_and_a_request_in_flight(tmp_path: Path) -> None:
    product = Product(tmp_path, {TENANT: {"detectors": [RULE]}})
    key = product.key(TENANT)
    with product:
        assert product.process is not None
        stream = http.client.HTTPConnection("127.0.0.1", product.port, timeout=20)
        stream.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {key}"})
        events = stream.getresponse()
        assert events.status == 200
        assert b"event: hello" in events.read1(4096)

        body = write_body("broken_ratio", {"encode": 1.0}, now_ms())
        head = {**HEADERS, "Authorization": f"Bearer {key}", "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        with socket.create_connection(("127.0.0.1", product.port), timeout=20) as slow:
            slow.sendall(f"POST /api/v1/write HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
            slow.sendall(body[: len(body) // 2])
            time.sleep(0.3)
            began_s = time.monotonic()
            product.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            slow.sendall(body[len(body) // 2 :])
            assert slow.recv(4096).startswith(b"HTTP/1.1 204"), "what was begun is answered"
        while events.read1(4096):
            pass  # until the server ends the stream
        events.close()
        stream.close()
        assert product.process.wait(timeout=DRAIN_S) == 0
        assert time.monotonic() - began_s < DRAIN_S
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", product.port), timeout=2)

    with product:  # the sample of the last request was scored before the end, and lives on
        _, page = product.ask("/api/v1/series", key)
        assert "encode" in str(page)
    assert "Traceback" not in product.log.read_text()
    assert product.process.returncode == 0
