"""The watching product, seen only through its command and its HTTP API."""

import asyncio
import os
import shutil
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from soundstage.errors import StartFailed
from soundstage.show.config import TENANT
from soundstage.show.ledger import Found
from soundstage.supervision.daemon import spawn

KEY_TIMEOUT_S = 60.0
PAGE = 200
COMMAND_VARIABLE = "SOUNDSTAGE_WATCHER"
"""Environment variable with the path of another command that is to watch instead."""


def find_command() -> str:
    """Return the path of ``auscult`` beside this Python; raises ``StartFailed``."""
    beside = Path(sys.executable).parent / "auscult"
    found = os.environ.get(COMMAND_VARIABLE) or (
        str(beside) if beside.exists() else shutil.which("auscult")
    )
    if not found:
        raise StartFailed("the command `auscult` is not installed beside this Python")
    return found


async def make_key(command: str, config: Path, *, role: str) -> str:
    """Mint an API key of a role; raises ``StartFailed`` with what the command said."""
    words = (command, "tenant", "add", TENANT, "-c", str(config), "--print-key", "--role", role)
    child = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(KEY_TIMEOUT_S):
            out, err = await child.communicate()
    except TimeoutError as error:
        child.kill()
        raise StartFailed("`auscult tenant add` did not end") from error
    lines = out.decode().split()
    if child.returncode or not lines:
        raise StartFailed(f"`auscult tenant add` failed: {err.decode().strip()[-500:]}")
    return lines[-1]


def start(command: str, config: Path, *, log: Path) -> subprocess.Popen[bytes]:
    """Start ``auscult run``; it ends with this process. Call from the main thread."""
    return spawn([command, "run", "-c", str(config)], log=log, tied=True)


class Watcher:
    """A client of the product's API. Failures to answer are answers too: nothing new."""

    def __init__(self, base: str, key: str) -> None:
        """Talk to the product at ``base`` with an API key."""
        timeout = aiohttp.ClientTimeout(total=3.0)
        headers = {"Authorization": f"Bearer {key}"}
        self._base = base
        self._session = aiohttp.ClientSession(timeout=timeout, headers=headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def ready(self) -> bool:
        """Whether ``/readyz`` says so."""
        return await self._get("/readyz") is not None

    async def coverage(self) -> dict[str, Any]:
        """How many series are watched, learning, silent, capped; empty when it does not answer."""
        return await self._get("/api/v1/coverage") or {}

    async def incidents(self, *, since_ms: int) -> list[Found]:
        """Incidents opened since ``since_ms``, oldest first, without their runs."""
        answer = await self._get(f"/api/v1/incidents?state=all&limit={PAGE}") or {}
        found = [_read(row) for row in answer.get("incidents", [])]
        return sorted((f for f in found if f.opened_ms >= since_ms), key=lambda f: f.opened_ms)

    async def incident(self, found: Found) -> Found:
        """Read one incident again, with its remediation runs."""
        answer = await self._get(f"/api/v1/incidents/{found.id}")
        return (
            _read(answer.get("incident", answer) | {"runs": answer.get("runs", [])})
            if answer
            else found
        )

    async def _get(self, path: str) -> dict[str, Any] | None:
        try:
            async with self._session.get(self._base + path) as response:
                if response.status != HTTPStatus.OK:
                    return None
                body = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None
        return body if isinstance(body, dict) else {}


def _read(row: dict[str, Any]) -> Found:
    return Found(
        id=str(row["id"]),
        opened_ms=int(row["opened_ms"]),
        headline=str(row.get("headline", "")),
        severity=str(row.get("severity", "")),
        resolved_ms=row.get("resolved_ms"),
        runs=list(row.get("runs") or []),
    )
