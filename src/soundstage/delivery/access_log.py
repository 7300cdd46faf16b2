"""The access log of an edge: one JSON object per request, one file, rotated by size.

The names are those of nginx's variables, which log shippers know; CMCD stands where the player put
it (CTA-5004): in ``request_uri`` and ``args`` when it came with the address, in ``cmcd_*`` when it
came as headers.
"""

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from aiohttp import web

from soundstage.stages.frame import Answered
from soundstage.stages.notes import CACHE

MOST_BYTES = 4_000_000
KEPT = 2
LONGEST = 2_000
"""Characters kept of anything a client sent."""

HEADERS = {
    "Referer": "http_referer",
    "User-Agent": "http_user_agent",
    "CMCD-Request": "cmcd_request",
    "CMCD-Object": "cmcd_object",
    "CMCD-Status": "cmcd_status",
    "CMCD-Session": "cmcd_session",
    "traceparent": "traceparent",
}


class AccessLog:
    """Appends lines; at 4 MB the file becomes ``.1``, that one ``.2``, and the oldest goes."""

    def __init__(self, path: Path, *, edge: str, most_bytes: int = MOST_BYTES) -> None:
        """Log for ``edge`` into ``path``; the folder is made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._edge, self._most_bytes = path, edge, most_bytes
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, request: web.Request, answered: Answered) -> None:
        """Write one line about a request that has been answered."""
        self._append(describe(request, answered, edge=self._edge))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        if self._file.tell() >= self._most_bytes:
            self._file.close()
            names = [self._path, *(self._aged(age) for age in range(1, KEPT + 1))]
            for newer, older in reversed(list(pairwise(names))):
                if newer.exists():
                    newer.replace(older)
            self._file = self._path.open("a", encoding="utf-8", buffering=1)

    def _aged(self, age: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{age}")


def describe(request: web.Request, answered: Answered, *, edge: str) -> dict[str, Any]:
    """Return the line about one request as a mapping."""
    row: dict[str, Any] = {
        "msec": round(time.time(), 3),
        "service": edge,
        "remote_addr": _client(request),
        "request_method": request.method,
        "request_uri": str(request.rel_url)[:LONGEST],
        "uri": request.rel_url.raw_path[:LONGEST],
        "args": request.rel_url.raw_query_string[:LONGEST],
        "status": answered.status,
        "body_bytes_sent": answered.sent_bytes,
        "request_time": round(answered.took_s, 4),
        "tenant": request.match_info.get("tenant", ""),
        "programme": request.match_info.get("programme", ""),
        "cache": request.get(CACHE, ""),
    }
    for header, name in HEADERS.items():
        if value := request.headers.get(header):
            row[name] = value[:LONGEST]
    return row


def _client(request: web.Request) -> str:
    # Behind a load balancer the address of the client is the first of X-Forwarded-For.
    forwarded = request.headers.get("X-Forwarded-For", "")
    return forwarded.partition(",")[0].strip()[:64] or request.remote or ""
