"""Keeping what the monitors hold: saved soon after it changed, every 30 s, and at a stop.

One file of JSON beside the detectors' snapshot, replaced atomically. One that is cut, of another
version or too large is put aside with a log line: then nothing is known, as at a first start.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from auscult.engine.monitoring.kept import KeptPost, KeptPosts
from auscult.kernel.words import TenantId
from auscult.runtime.logging import logger

FILE_NAME = "monitors.json"
FILE_BYTES_MAX = 64 << 20
EVERY_S = 30.0
SOON_S = 1.0
"""What was just told is kept so soon: a process that is killed before may tell it once more."""

Posts = Mapping[TenantId, KeptPost]

log = logger("engine.monitoring")


class Keeping:
    """Saves and restores under one folder. `changed` is called from the event loop's thread."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of snapshots."""
        self._target = folder / FILE_NAME
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Save soon."""
        self._changed.set()

    async def run(self, keep: Callable[[], Awaitable[Posts]]) -> None:
        """Save what `keep` returns until cancelled."""
        while True:
            with suppress(TimeoutError):  # what is remembered changes without a word, too
                async with asyncio.timeout(EVERY_S):
                    await self._changed.wait()
            self._changed.clear()
            await asyncio.to_thread(self.save, await keep())
            await asyncio.sleep(SOON_S)

    def save(self, posts: Posts) -> None:
        """Save once; a disk that is full, say, is logged, and it is tried again at the next turn.

        What a plug holds beyond what JSON can is logged as well.
        """
        draft = self._target.with_suffix(".draft")
        try:
            text = (
                KeptPosts(posts={str(name): post for name, post in posts.items()})
                .model_dump_json()
                .encode()
            )
            _check_size(len(text))
            self._target.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._target)
        except (OSError, ValueError) as why:
            log.error("what the monitors hold cannot be kept", why=str(why)[:300])

    def restore(self) -> Posts:
        """Return what was saved last; nothing where there is none that can be read."""
        try:
            _check_size(self._target.stat().st_size)
            kept = KeptPosts.model_validate_json(self._target.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as why:
            self._put_aside(str(why))
            return {}
        return {TenantId(name): post for name, post in kept.posts.items()}

    def _put_aside(self, why: str) -> None:
        aside = self._target.with_suffix(".unreadable")
        try:
            self._target.replace(aside)
        except OSError:
            aside = self._target  # it is written over at the next turn
        log.error("what the monitors held cannot be read", why=why[:300], kept_as=aside.name)


def _check_size(size_bytes: int) -> None:
    if size_bytes > FILE_BYTES_MAX:
        raise ValueError(f"{size_bytes} bytes; at most {FILE_BYTES_MAX} are kept")
