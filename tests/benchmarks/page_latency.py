"""Finding handed over → webhook received, on an idle product.

A detector hands a finding over in the pass that judged it, at the finding's own `at_ms`; it is
received when the receiver's handler begins, on the same clock. In between lie the rest of that
pass, the courier's and the desk's queues, the decision, three commits (the incident with its wish,
the claim, the wish read back at the desk) and a POST.
Pages come one at a time, each about a service of its own, at random moments. What a commit costs is
measured in the same run, with the rows that an incident writes.
"""

import asyncio
import json
import random
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp
from aiohttp import web

from auscult.kernel.effects import Effect, EffectKind
from auscult.store import Store
from tests.benchmarks.bodies import CONTENT_TYPE, one_body
from tests.benchmarks.report import report
from tests.product import Product
from tests.story import ACME, a_signal, an_incident

PAGES = 40
COMMITS = 60
LABELS = (("__name__", "broken_ratio"), ("service", ""))


class Receiver:
    """Notes when a page arrives, and about which incident."""

    def __init__(self) -> None:
        self.pages: asyncio.Queue[tuple[float, dict[str, object]]] = asyncio.Queue()

    async def take(self, request: web.Request) -> web.Response:
        arrived_ms = time.time_ns() / 1e6
        incident = json.loads(await request.read())["data"]["incident"]
        self.pages.put_nowait((arrived_ms, incident))
        return web.Response()


async def page_often(
    product: Product, key: str, receiver: Receiver
) -> tuple[list[float], list[float]]:
    """Return how late each page was after its finding, and after its sample was sent, in ms."""
    chance = random.Random(1)
    headers = {"Authorization": f"Bearer {key}"}
    after_finding, after_sample = [], []
    async with aiohttp.ClientSession(headers=headers) as http:
        for number in range(PAGES):
            await asyncio.sleep(chance.uniform(0.1, 0.6))
            labels = (LABELS[0], ("service", f"service-{number}"))
            sent_ms = time.time_ns() / 1e6
            body = one_body({labels: 1.0}, int(sent_ms))
            write = f"{product.url}/api/v1/write"
            async with http.post(write, data=body, headers={"Content-Type": CONTENT_TYPE}) as got:
                assert got.status == 204, await got.text()
            arrived_ms, incident = await asyncio.wait_for(receiver.pages.get(), 10)
            found_ms = await handed_over_ms(
                http, f"{product.url}/api/v1/incidents/{incident['id']}"
            )
            after_finding.append(arrived_ms - found_ms)
            after_sample.append(arrived_ms - sent_ms)
            over = f"{product.url}/api/v1/incidents/{incident['id']}/resolve"
            async with http.post(over) as got:
                assert got.status == 200, await got.text()
    return after_finding, after_sample


async def handed_over_ms(http: aiohttp.ClientSession, url: str) -> float:
    """Return when the finding that opened an incident was found, by the detector's own clock."""
    async with http.get(url) as got:
        assert got.status == 200, await got.text()
        story = await got.json()
    return float(min(finding["at_ms"] for finding in story["findings"]))


def commit_ms(folder: Path) -> float:
    """Return what one commit of an incident, its finding, its wish and its audit row takes."""
    store = Store.open(f"sqlite:///{folder}/commits.db")
    store.migrate()
    took = []
    for number in range(COMMITS):
        incident = an_incident(a_signal(fingerprint=str(number)), id=f"01J9{number:022d}")
        effect = Effect(
            key=f"{incident.id}:opened:1:ops",
            tenant=ACME,
            kind=EffectKind.NOTIFY,
            plug="webhook",
            to="ops",
            verb="send",
            incident=incident.id,
            payload={"title": incident.headline},
            due_ms=incident.opened_ms,
        )
        began_s = time.perf_counter()
        with store.write() as work:
            rows = work.of(ACME)
            rows.incidents.put(incident)
            rows.findings.append(incident.id, incident.strongest)
            rows.effects.wish(effect)
            rows.audit.append(
                at_ms=1, actor="scorer", action="incident.opened", about=incident.id, detail={}
            )
        took.append((time.perf_counter() - began_s) * 1_000)
        time.sleep(0.01)
    store.close()
    return statistics.median(took)


async def measure(folder: Path) -> None:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    broken = {
        "use": "threshold",
        "name": "broken",
        "match": ['__name__="broken_ratio"'],
        "above": 0.5,
        "severity": "critical",
    }
    silent = {"use": "absence", "match": ['service="none"']}
    settings = {
        "detectors": [broken, silent],
        "channels": {"ops": {"use": "webhook", "url": hook}},
        "routes": [{"to": ["ops"], "on": ["opened"]}],
    }
    product = Product(folder, {ACME: settings})
    key = await asyncio.to_thread(product.key, ACME)
    try:
        await asyncio.to_thread(product.start)
        after_finding, after_sample = await page_often(product, key, receiver)
        one_commit_ms = await asyncio.to_thread(commit_ms, folder)
    finally:
        await asyncio.to_thread(product.stop)
        await runner.cleanup()
    p50_ms = statistics.median(after_finding)
    p99_ms = statistics.quantiles(after_finding, n=100, method="inclusive")[98]
    print(
        f"# a commit takes {one_commit_ms:.2f} ms; the page came {p50_ms / one_commit_ms:.1f} later"
    )
    print(
        f"# sample sent to webhook received: p50 {statistics.median(after_sample):.0f} ms, "
        f"at most {max(after_sample):.0f} ms (rules are looked at once a second)"
    )
    report("page_p50", p50_ms, unit="ms", floor=50, goal=3 * one_commit_ms)
    report("page_p99", p99_ms, unit="ms", floor=250, goal=100)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="auscult-bench-") as folder:
        asyncio.run(measure(Path(folder)))
