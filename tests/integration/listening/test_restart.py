"""A standing fault of the sound across a kill with -9: one page, and no end that nobody heard."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auscult.kernel.sounds import Heard, Stream
from auscult.kernel.words import Subject
from auscult.signals.vantage import SOUND_MEDIA, pack_sound
from tests.integration.remote_write import now_ms
from tests.product import Product
from tests.receiver import Receiver, receiving

RATE_HZ = 16_000
STEP_S = 0.5
ORPHANS_S, QUIET_S = 60.0, 20.0
"""After a restart what nobody holds is let go, and an incident that is quiet is over."""

STREAM = Stream("pop at edge", "pop", Subject(service="edge"), vantage="fra1")


@dataclass
class Agent:
    """Reports what it hears each half a second: noise, silence, or nothing where it is dead."""

    product: Product
    key: str
    level: float = 0.1
    is_dead: bool = False
    follows: bool = False
    refused: list[Any] = field(default_factory=list)

    async def run(self) -> None:
        chance = np.random.default_rng(5)
        while True:
            await asyncio.sleep(STEP_S)
            if self.is_dead:
                continue
            noise = chance.normal(0, self.level, (round(STEP_S * RATE_HZ), 1))
            samples = noise.clip(-1, 1).astype(np.float32)
            heard = Heard(samples, RATE_HZ, now_ms(), size_bytes=1, follows=self.follows)
            self.follows = await asyncio.to_thread(self._send, heard)

    def _send(self, heard: Heard) -> bool:
        body = pack_sound(STREAM, heard, sent_ms=now_ms())
        media = {"Content-Type": SOUND_MEDIA}
        try:
            status, said = self.product.ask("/api/v1/sounds", self.key, body=body, headers=media)
        except OSError:
            return False  # auscult is away: what comes next does not follow
        if status != 200:
            self.refused.append(said)
        return status == 200


@asynccontextmanager
async def reporting(product: Product, *tenants: str) -> AsyncIterator[list[Agent]]:
    """Let an agent of each tenant report."""
    keys = [await asyncio.to_thread(product.key, one, "writer") for one in tenants]
    agents = [Agent(product, key) for key in keys]
    running = [asyncio.create_task(one.run()) for one in agents]
    try:
        yield agents
    finally:
        for task in running:
            task.cancel()


def pages(receiver: Receiver, tenant: str, kind: str) -> set[str]:
    """Return the incidents of a tenant of which a page of this kind came, by its key."""
    told = [json.loads(body) | headers for path, headers, body in receiver.got if tenant in path]
    mine = [one for one in told if f":{kind}:" in one["webhook-id"]]
    return {one["webhook-id"] for one in mine}


async def until_paged(receiver: Receiver, *tenants: str, kind: str, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while not all(pages(receiver, tenant, kind) for tenant in tenants):
            await asyncio.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_standing_fault_is_paged_once_and_not_healed_by_a_kill(tmp_path: Path) -> None:
    async with receiving() as receiver:
        tenants = {
            name: {
                "channels": {"ops": {"use": "webhook", "url": f"{receiver.url}/{name}"}},
                "routes": [{"to": ["ops"], "on": ["opened", "resolved"]}],
            }
            for name in ("dead", "silent")
        }
        product = Product(tmp_path, tenants)
        async with reporting(product, *tenants) as (dead, silent):
            await asyncio.to_thread(product.start)
            await asyncio.sleep(6)
            dead.is_dead, silent.level = True, 0.0
            await until_paged(receiver, *tenants, kind="opened", within_s=30)
            await asyncio.sleep(2)
            await asyncio.to_thread(product.kill)
            await asyncio.to_thread(product.start)
            await asyncio.sleep(ORPHANS_S + QUIET_S + 15)
            for name in tenants:
                assert len(pages(receiver, name, "opened")) == 1, "paged once"
                assert not pages(receiver, name, "resolved"), f"{name}: nobody heard it heal"
            dead.is_dead, silent.level = False, 0.1
            await until_paged(receiver, *tenants, kind="resolved", within_s=60)
            for name in tenants:
                assert len(pages(receiver, name, "opened")) == 1
            assert not dead.refused
            assert not silent.refused
        assert await asyncio.to_thread(product.stop) == 0
