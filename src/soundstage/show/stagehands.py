"""The child processes of the show: started in the right order, stopped within three seconds."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

from soundstage.errors import SoundstageError, StartFailed
from soundstage.plan import Plan
from soundstage.show import config, watcher
from soundstage.show.ladder import LADDER_KBPS, ladder_section
from soundstage.show.patience import wait_until
from soundstage.supervision import daemon

READY_S = 90.0
LEAVE_S = 2.0


@dataclass(slots=True)
class Stagehands:
    """Both children: supervisord with the platform, and the product that watches it."""

    state: Path
    plan: Plan
    platform: subprocess.Popen[bytes]
    codec: bool = False
    product: subprocess.Popen[bytes] | None = None
    base: str = ""

    @classmethod
    def raise_curtain(
        cls, state: Path, *, seed: int, port: int, codec: bool = False
    ) -> "Stagehands":
        """Start the platform, which will tell what happens to the product at ``port``.

        ``codec``: its ladder is one that the product may better.

        Call from the main thread, for both children are tied to it.
        """
        if state.exists() and daemon.is_running(state):
            raise StartFailed(f"another show runs in {state}; give this one --state elsewhere")
        # A fresh memory for each show: what an earlier one learned had other addresses.
        shutil.rmtree(state / "auscult", ignore_errors=True)
        (state / config.KEY_FILE).unlink(missing_ok=True)
        settings = config.settings_towards(port, state)
        if codec:
            settings = replace(settings, ladder_kbps=LADDER_KBPS)
        plan, platform = daemon.launch(state, seed=seed, settings=settings, tied=True)
        return cls(state, plan, platform, codec)

    async def on_air(self) -> None:
        """Wait until every process of the platform answers."""
        alive = self.platform.poll
        self.plan = await asyncio.to_thread(
            daemon.wait_ready, self.plan, self.state, alive=lambda: alive() is None
        )

    async def start_product(self, door: config.Door, webhook_url: str) -> watcher.Watcher:
        """Start the product behind its door and wait until it is ready; raises ``StartFailed``."""
        port = door.port
        command = watcher.find_command()
        section = ladder_section(self.plan, self.state) if self.codec else None
        path = config.write_config(
            self.plan, self.state, port=port, webhook_url=webhook_url, codec=section
        )
        # One after the other, and before anything is watched: each is a program that starts.
        key = await watcher.make_key(command, path, role="member")
        writer = await watcher.make_key(command, path, role="writer")
        log = self.state / "log" / "auscult.log"
        log.unlink(missing_ok=True)
        door.release()
        self.product = watcher.start(command, path, log=log)
        self.base = f"http://127.0.0.1:{port}"
        client = watcher.Watcher(self.base, key)
        try:
            await self._until_ready(client, log)
            config.write_key(self.state, writer)
        except BaseException:  # Ctrl-C too: nobody else holds the client yet
            await client.close()
            raise
        return client

    async def _until_ready(self, client: watcher.Watcher, log: Path) -> None:
        deadline = time.monotonic() + READY_S
        while not await client.ready():
            if self.product_ended() is not None or time.monotonic() > deadline:
                raise StartFailed(f"auscult did not become ready: {last_line(log)}")
            await asyncio.sleep(0.2)

    def product_ended(self) -> int | None:
        """Return the product's exit code if it ended, which it should not."""
        return self.product.poll() if self.product else None

    async def strike(self) -> int:
        """Stop both children within three seconds; returns how many processes are left."""
        if self.product:
            daemon.signal_process(self.product.pid, signal.SIGTERM)
        await asyncio.to_thread(self._stop_platform)
        children = [child for child in (self.product, self.platform) if child]
        await wait_until(lambda: all(c.poll() is not None for c in children), within_s=LEAVE_S)
        for child in children:
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait(1.0)
        return sum(daemon.runs(pid) for pid in self.plan.pids.values())

    def _stop_platform(self) -> None:
        try:
            daemon.stop(self.state)
        except SoundstageError:
            # Still starting, or gone: its guards take the stages along.
            daemon.signal_process(self.platform.pid, signal.SIGKILL)


def last_line(log: Path) -> str:
    """Return the last line of a log, for an error message."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return lines[-1][:500] if lines else "it said nothing"
