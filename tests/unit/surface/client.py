"""Asking an ASGI application without a socket: enough HTTP for unit tests, and no library."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.data["error"]["code"])


async def ask(
    app: ASGIApp,
    path: str,
    *,
    method: str = "GET",
    key: str = "",
    headers: dict[str, str] | None = None,
    body: bytes | Iterable[bytes] = b"",
    peer: str = "192.0.2.7",
    stays: bool = False,
    version: str = "1.1",
) -> Answer:
    """Send one request. A body given as several chunks is sent without a Content-Length.

    One who `stays` waits until the server ends the answer; others go once they have asked.
    """
    chunks = [body] if isinstance(body, bytes) else list(body)
    sent = {"host": "auscult.example"} | {k.lower(): v for k, v in (headers or {}).items()}
    if key:
        sent["authorization"] = f"Bearer {key}"
    if isinstance(body, bytes) and body:
        sent.setdefault("content-length", str(len(body)))
    url = urlsplit(path)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": version,
        "method": method,
        "scheme": "http",
        "path": url.path,
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "client": (peer, 40000),
        "server": ("auscult.example", 80),
        "headers": [(k.encode(), v.encode()) for k, v in sent.items()],
    }
    said: list[Message] = []

    async def receive() -> Message:
        if not chunks:
            if stays:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        chunk = chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope, receive, send)
    start = next(one for one in said if one["type"] == "http.response.start")
    got = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], got, b"".join(one.get("body", b"") for one in said))
