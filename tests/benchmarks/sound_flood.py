"""How late a page about silence is while another tenant sends more sound than can be heard.

One tenant's agent reports half a second of noise each half a second, then silence. Another tenant
sends stretches of 6 s of stereo at 48 kHz, of 64 streams, as fast as they are taken. What is
measured is the time from silence to its page, without and with the flood, and the memory of the
process.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import aiohttp
import numpy as np

from auscult.kernel.sounds import Heard, Stream
from auscult.kernel.words import Subject
from auscult.signals.vantage import SOUND_MEDIA, pack_sound
from tests.benchmarks.report import report
from tests.integration.listening.reporting import reporting, until_paged
from tests.integration.remote_write import now_ms
from tests.product import Product
from tests.receiver import receiving

RATE_HZ = 48_000
SENDERS, STREAMS = 4, 16
BEFORE_S, PAGED_WITHIN_S = 40.0, 120.0
BUSY_S = 0.2
FLOOD = "flood"
QUIET = "quiet"


def main() -> None:
    """Measure without and with the flood."""
    calm_s, _ = asyncio.run(page_after(floods=False))
    busy_s, rss_mb = asyncio.run(page_after(floods=True))
    report("silence paged, calm", calm_s, unit="s", floor=15, goal=4)
    report("silence paged, another tenant floods", busy_s, unit="s", floor=20, goal=6)
    report("memory under the flood", rss_mb, unit="MB", floor=1_500, goal=800)


async def page_after(*, floods: bool) -> tuple[float, float]:
    """Return seconds from silence to its page, and the memory of the product in MB."""
    with tempfile.TemporaryDirectory() as folder:
        async with receiving() as receiver:
            channel = {"use": "webhook", "url": f"{receiver.url}/{QUIET}"}
            routes = [{"to": ["ops"], "on": ["opened"]}]
            tenants = {QUIET: {"channels": {"ops": channel}, "routes": routes}, FLOOD: {}}
            product = Product(Path(folder), tenants)
            key = await asyncio.to_thread(product.key, FLOOD, "writer")
            async with reporting(product, QUIET) as (agent,):
                await asyncio.to_thread(product.start)
                senders = [asyncio.create_task(flood(product, key, n)) for n in range(SENDERS)]
                if not floods:
                    await stop(senders)
                await asyncio.sleep(BEFORE_S)
                agent.level, began_s = 0.0, time.monotonic()
                await until_paged(receiver, QUIET, kind="opened", within_s=PAGED_WITHIN_S)
                took_s = time.monotonic() - began_s
                rss_mb = memory_mb(product)
                await stop(senders)
            await asyncio.to_thread(product.stop)
    return took_s, rss_mb


async def flood(product: Product, key: str, number: int) -> None:
    """Send reports without end, one after the other; a busy answer is waited for."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": SOUND_MEDIA}
    chance = np.random.default_rng(number)
    noise = chance.normal(0, 0.1, (6 * RATE_HZ, 2)).clip(-1, 1).astype(np.float32)
    heard = Heard(noise, RATE_HZ, now_ms(), size_bytes=1)
    names = [f"{number}-{n}" for n in range(STREAMS)]
    streams = [Stream(name, name, Subject(service="edge")) for name in names]
    bodies = [pack_sound(stream, heard, sent_ms=now_ms()) for stream in streams]
    async with aiohttp.ClientSession(headers=headers) as http:
        while True:
            for body in bodies:
                async with http.post(f"{product.url}/api/v1/sounds", data=body) as answer:
                    await answer.read()
                if answer.status != 200:
                    await asyncio.sleep(BUSY_S)


async def stop(tasks: list["asyncio.Task[None]"]) -> None:
    """End tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def memory_mb(product: Product) -> float:
    """Return what a product holds of memory now (Linux)."""
    assert product.process is not None
    status = Path(f"/proc/{product.process.pid}/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kib) / 1_024
