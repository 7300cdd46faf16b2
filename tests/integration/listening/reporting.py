"""Agents of tests that report sound to a running product, and the pages that come of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from auscult.kernel.sounds import Heard, Stream
from auscult.kernel.words import Subject
from auscult.signals.vantage import SOUND_MEDIA, pack_sound
from tests.integration.remote_write import now_ms
from tests.product import Product
from tests.receiver import Receiver

RATE_HZ = 16_000
STEP_S = 0.5
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
