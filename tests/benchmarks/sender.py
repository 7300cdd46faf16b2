"""A sender of recorded bodies in a process of its own: one thread and one connection per shard.

It is driven by lines of JSON: `{"url", "key", "bodies", "skip", "per_s"}` sends (or skips) so many
bodies of every shard to a receiver, as fast as it takes them or at a pace, and answers with what
came of it. Each receiver has its own place in the recording. A 503 is sent again, like any 5xx.
"""

import http.client
import json
import struct
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.benchmarks.bodies import CONTENT_TYPE

HEADERS = {
    "Content-Type": CONTENT_TYPE,
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an order: bodies taken, refused for now and sent again, and the wall time."""

    bodies: int
    again: int
    wall_s: float
    refused: str = ""


@dataclass(slots=True)
class Sender:
    """Starts the process over a folder of shards, and gives it orders."""

    folder: Path
    _process: "subprocess.Popen[str] | None" = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.benchmarks.sender", str(self.folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer()["ready"]
        return self

    def __exit__(self, *_why: object) -> None:
        assert self._process is not None
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def send(
        self, url: str, key: str = "", *, bodies: int, skip: int = 0, per_s: float = 0.0
    ) -> Sent:
        """Send so many bodies of each shard; `per_s` bodies of all shards, 0 = no limit."""
        self.begin(url, key, bodies=bodies, skip=skip, per_s=per_s)
        return self.finish()

    def begin(
        self, url: str, key: str = "", *, bodies: int, skip: int = 0, per_s: float = 0.0
    ) -> None:
        """Give the order and do not wait."""
        assert self._process is not None
        assert self._process.stdin is not None
        order = {"url": url, "key": key, "bodies": bodies, "skip": skip, "per_s": per_s}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def finish(self) -> Sent:
        """Wait for the order to be done; refused bodies are an error."""
        sent = Sent(**self._answer())
        assert not sent.refused, sent.refused
        return sent

    def _answer(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@dataclass(slots=True)
class Line:
    """One shard's bodies, and the place that each receiver has come to."""

    bodies: list[bytes]
    place: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    connections: dict[str, http.client.HTTPConnection] = field(default_factory=dict)
    sent: int = 0
    again: int = 0
    refused: str = ""

    def obey(self, order: dict[str, Any], pace_s: float) -> None:
        url = order["url"]
        parts = urlsplit(url)
        if url not in self.connections:
            self.connections[url] = http.client.HTTPConnection(parts.netloc, timeout=30)
        self.place[url] += order["skip"]
        self.sent = self.again = 0
        headers = HEADERS | ({"Authorization": f"Bearer {order['key']}"} if order["key"] else {})
        began_s = time.monotonic()
        first = self.place[url]
        for body in self.bodies[first : first + order["bodies"]]:
            ahead_s = began_s + self.sent * pace_s - time.monotonic()
            if ahead_s > 0:
                time.sleep(ahead_s)
            self._post(self.connections[url], parts.path, body, headers)
            if self.refused:
                return
            self.sent += 1
            self.place[url] += 1

    def _post(
        self, line: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]
    ) -> None:
        while True:
            line.request("POST", path, body, headers)
            answer = line.getresponse()
            text = answer.read()
            if answer.status < 300:
                return
            if answer.status < 500:
                self.refused = f"{answer.status} {text[:300]!r}"
                return
            self.again += 1
            time.sleep(0.05)


def read_shard(path: Path) -> list[bytes]:
    """Return the bodies of one shard."""
    data, place, bodies = path.read_bytes(), 0, []
    while place < len(data):
        (size,) = struct.unpack_from("<I", data, place)
        bodies.append(data[place + 4 : place + 4 + size])
        place += 4 + size
    return bodies


def serve_orders(folder: Path) -> None:
    """Read orders from the standard input until it ends."""
    lines = [Line(read_shard(path)) for path in sorted(folder.glob("shard-*"))]
    print(json.dumps({"ready": True}), flush=True)
    for text in sys.stdin:
        order = json.loads(text)
        pace_s = len(lines) / order["per_s"] if order["per_s"] else 0.0
        began_s = time.monotonic()
        threads = [threading.Thread(target=line.obey, args=(order, pace_s)) for line in lines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sent = Sent(
            bodies=sum(line.sent for line in lines),
            again=sum(line.again for line in lines),
            wall_s=time.monotonic() - began_s,
            refused=next((line.refused for line in lines if line.refused), ""),
        )
        told = {name: getattr(sent, name) for name in Sent.__slots__}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    serve_orders(Path(sys.argv[1]))
