"""Real processes killed with -9 under load: what was accepted is there, nobody is paged twice."""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.integration.remote_write import HEADERS, now_ms, write_body
from tests.product import Product

pytestmark = pytest.mark.alone

KILLS = 20
SERVICES = 12
TENANT = "acme"
FINDINGS = "SELECT tenant, incident, at_ms, fingerprint FROM findings"
LEASED = "SELECT key FROM queue WHERE kind = 'effect' AND lease_until_ms > 0"
RETRIED = "SELECT json_extract(detail, '$.key') FROM audit WHERE action = 'effect.retry'"
KEPT = """
    SELECT i.id, json_extract(i.body, '$.findings_count'),
        (SELECT count(*) FROM findings f WHERE f.tenant = i.tenant AND f.incident = i.id)
    FROM incidents i
"""


class World:
    """A receiver that takes keys, a platform that breaks, and a person who acknowledges."""

    def __init__(self, product: Product, seed: int) -> None:
        self.product = product
        self.rng = random.Random(seed)
        self.attempts: Counter[str] = Counter()
        self.at_risk: Counter[str] = Counter()
        self.found: set[tuple[Any, ...]] = set()
        self.keys: dict[str, str] = {}
        self.acknowledged: set[str] = set()
        self.accepted = 0
        self.busy = True

    async def receive(self, request: web.Request) -> web.Response:
        """Take a page: its key makes a repeat visible, and harmless."""
        self.attempts[request.headers["webhook-id"]] += 1
        message = json.loads(await request.read())
        self.keys[request.headers["webhook-id"]] = message["data"]["incident"]["id"]
        return web.Response(status=200)

    def look_at_the_dead(self) -> None:
        """Note what was committed before a kill, and which sends it may have interrupted."""
        self.found |= set(self.ask(FINDINGS))
        self.at_risk.update(key for (key,) in self.ask(LEASED))

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the store itself, not the product about it."""
        with closing(sqlite3.connect(self.product.folder / "auscult.db")) as connection:
            return connection.execute(statement).fetchall()

    async def break_things(self, http: aiohttp.ClientSession, key: str) -> None:
        """Push samples that break and mend services at random, as fast as they are taken."""
        headers = {"Authorization": f"Bearer {key}", **HEADERS}
        state = {f"service-{n}": 0.0 for n in range(SERVICES)}
        while self.busy:
            state[self.rng.choice(list(state))] = float(self.rng.random() < 0.5)
            body = write_body("broken_ratio", state, now_ms())
            url = f"{self.product.url}/api/v1/write"
            try:
                async with http.post(url, data=body, headers=headers) as answer:
                    self.accepted += answer.status == 204
            except (aiohttp.ClientError, TimeoutError):
                pass  # it is dead just now
            await asyncio.sleep(0.1)

    async def acknowledge(self, http: aiohttp.ClientSession, key: str) -> None:
        """Acknowledge what is open; only an answered 200 counts."""
        headers = {"Authorization": f"Bearer {key}"}
        base = f"{self.product.url}/api/v1/incidents"
        while self.busy:
            try:
                async with http.get(f"{base}?state=open&limit=50", headers=headers) as answer:
                    found = (await answer.json())["incidents"] if answer.status == 200 else []
                for incident in found:
                    url = f"{base}/{incident['id']}/acknowledge"
                    async with http.post(url, headers=headers) as answer:
                        if answer.status == 200:
                            self.acknowledged.add(incident["id"])
            except (aiohttp.ClientError, TimeoutError):
                pass  # it is dead just now
            await asyncio.sleep(0.05)


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    """A product whose one rule fires at once and whose one channel takes keys."""
    made = Product(tmp_path, {})
    yield made
    made.stop()


async def live_under_fire(world: World, key: str) -> None:
    """Load the product while it is killed `KILLS` times at random moments."""
    timeout = aiohttp.ClientTimeout(total=2)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        load = [
            asyncio.create_task(world.break_things(http, key)),
            asyncio.create_task(world.acknowledge(http, key)),
        ]
        for _ in range(KILLS):
            await asyncio.sleep(world.rng.uniform(0.3, 2.5))
            await asyncio.to_thread(world.product.kill)
            await asyncio.to_thread(world.look_at_the_dead)
            await asyncio.to_thread(world.product.start)
        await asyncio.sleep(2)
        world.busy = False
        await asyncio.gather(*load)
        await settle(world, http, key)


async def settle(world: World, http: aiohttp.ClientSession, key: str) -> None:
    """Wait until nothing is owed any more."""
    async with asyncio.timeout(90):
        while True:
            async with http.get(f"{world.product.url}/readyz") as answer:
                owed = await answer.json()
            paged = set(world.keys.values())
            incidents = await listed(world, http, key)
            if not owed["effects_overdue"] and paged >= {one["id"] for one in incidents}:
                return
            await asyncio.sleep(0.5)


async def listed(world: World, http: aiohttp.ClientSession, key: str) -> list[dict[str, Any]]:
    """Return every incident."""
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{world.product.url}/api/v1/incidents?state=all&limit=200"
    async with http.get(url, headers=headers) as answer:
        return list((await answer.json())["incidents"])


@pytest.mark.timeout(400)
async def test_killed_with_9_under_load_it_loses_no_accepted_fact_and_pages_once(
    product: Product,
) -> None:
    world = World(product, seed=7)
    app = web.Application()
    app.router.add_post("/", world.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    product.tenants = {
        TENANT: {
            "detectors": [{"use": "threshold", "match": ['__name__="broken_ratio"'], "above": 0.5}],
            "channels": {
                "ops": {"use": "webhook", "url": f"http://127.0.0.1:{runner.addresses[0][1]}/"}
            },
            "routes": [{"to": ["ops"], "on": ["opened"]}],
        }
    }
    key = product.key(TENANT)
    await asyncio.to_thread(product.start)
    await live_under_fire(world, key)
    await runner.cleanup()

    incidents = {}
    for incident in world.acknowledged | set(world.keys.values()):
        status, body = product.ask(f"/api/v1/incidents/{incident}", key)
        assert status == 200, f"incident {incident} is lost"
        incidents[incident] = body
    assert world.accepted > KILLS
    assert len(world.acknowledged) > 3
    for incident in world.acknowledged:
        told = {line["action"] for line in incidents[incident]["timeline"]}
        assert "incident.acknowledged" in told, "an accepted acknowledgement is lost"
    opened = Counter(incident for name, incident in world.keys.items() if ":opened:" in name)
    assert set(opened.values()) == {1}, "a receiver that takes keys got two pages for one incident"
    assert product.stop() == 0
    retried = Counter(key for (key,) in world.ask(RETRIED))
    for name, times in world.attempts.items():
        excuse = world.at_risk[name] + retried[name]
        assert times - 1 <= excuse, f"{name} was sent more often than kills interrupted it"
    assert len(world.found) > KILLS
    assert world.found <= set(world.ask(FINDINGS)), "a committed finding is lost"
    kept = {incident: (told, rows) for incident, told, rows in world.ask(KEPT)}
    for incident in incidents:
        told, rows = kept[incident]
        assert told == rows > 0, "an incident tells of findings that are not there"
