"""API list and detail over 10,000 incidents, while ingest runs at half of its maximum.

Open loop: 300 requests a second are due at fixed times, whatever the earlier ones do, and a request
is as late as its answer is after the time it was due (no coordinated omission). Two of three are
lists (what is open, all, of one severity, of one service), one of three is an incident's detail.
The maximum of ingest is measured first, in the same process.
"""

import asyncio
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import aiohttp

from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.incidents import Incident, Status
from auscult.kernel.words import Severity, Subject
from auscult.store import Store
from tests.benchmarks.bodies import SAMPLES_PER_BODY, Recording
from tests.benchmarks.report import report
from tests.benchmarks.sender import Sender
from tests.product import Product
from tests.story import ACME, a_signal, an_incident

INCIDENTS, OPEN, TAKEN = 10_000, 30, 20
SERVICES = 40
RATE_PER_S, CONNECTIONS, LASTS_S = 300, 16, 15.0
SERIES, ROUNDS, SHARDS = 20_000, 120, 4
WARM_BODIES, MAXIMUM_BODIES = 20, 60
"""Bodies of each shard that make the series known, and that the maximum is measured by."""


def fill(store: Store) -> list[str]:
    """Write incidents as a year leaves them behind, nearly all resolved; return their ids."""
    chance = random.Random(1)
    now_ms = time.time_ns() // 1_000_000
    ids = []
    for first in range(0, INCIDENTS, 500):
        with store.write() as work:
            rows = work.of(ACME)
            for number in range(first, first + 500):
                incident = one_incident(number, now_ms - number * 3_600_000, chance)
                rows.incidents.put(incident)
                for sample in range(2):
                    found = incident.strongest
                    rows.findings.append(
                        incident.id, found.model_copy(update={"at_ms": found.at_ms + sample})
                    )
                for word in ("opened", "acknowledged", "resolved"):
                    rows.audit.append(
                        at_ms=incident.opened_ms,
                        actor="scorer",
                        action=f"incident.{word}",
                        about=incident.id,
                        detail={"sentence": f"{word}: {incident.headline}"},
                    )
                effect = a_page(incident)
                rows.effects.wish(effect)
                done = Outcome(
                    key=effect.key, tenant=ACME, result=Result.DONE, at_ms=incident.opened_ms
                )
                rows.effects.settle(done, retry_at_ms=None)
                ids.append(incident.id)
    return ids


def one_incident(number: int, at_ms: int, chance: random.Random) -> Incident:
    service = f"stage-{chance.randrange(SERVICES)}"
    severity = chance.choice(list(Severity))
    status = Status.RESOLVED
    if number < OPEN + TAKEN:
        status = Status.OPEN if number < OPEN else Status.ACKNOWLEDGED
    signals = tuple(
        a_signal(
            fingerprint=f"{number}:{sign}",
            subject=Subject(service=service, instance=f"10.0.0.{sign}:9100"),
            severity=severity,
            first_ms=at_ms,
            last_ms=at_ms + 60_000,
        )
        for sign in range(3)
    )
    plain = an_incident(*signals, severity=severity)
    window = {
        "at_ms": tuple(at_ms - 1_000 * back for back in range(120, 0, -1)),
        "value": tuple(round(chance.gauss(10, 1), 3) for _ in range(120)),
        "low": (8.0,) * 120,
        "high": (12.0,) * 120,
    }
    evidence = plain.strongest.evidence.model_copy(update=window)
    strongest = plain.strongest.model_copy(update={"evidence": evidence, "at_ms": at_ms})
    is_over = status is Status.RESOLVED
    return plain.model_copy(
        update={
            "id": f"01J9{number:022d}",
            "key": f"{number}:0",
            "status": status,
            "strongest": strongest,
            "opened_ms": at_ms,
            "updated_ms": at_ms + 60_000,
            "resolved_ms": at_ms + 600_000 if is_over else None,
            "resolved_by": "auscult" if is_over else "",
        }
    )


def a_page(incident: Incident) -> Effect:
    return Effect(
        key=f"{incident.id}:opened:1:ops",
        tenant=ACME,
        kind=EffectKind.NOTIFY,
        plug="webhook",
        to="ops",
        verb="send",
        incident=incident.id,
        payload={"title": incident.headline[:80]},
        due_ms=incident.opened_ms,
    )


class Asker:
    """Asks at fixed times over a bounded number of connections, and keeps how late answers were."""

    def __init__(self, url: str, key: str, ids: list[str]) -> None:
        self.base = f"{url}/api/v1/incidents"
        self.headers = {"Authorization": f"Bearer {key}"}
        self.ids = ids
        self.chance = random.Random(2)
        self.late_s: dict[str, list[float]] = defaultdict(list)
        self.wrong = 0

    def choose(self) -> tuple[str, str]:
        if self.chance.random() < 1 / 3:
            return "detail", f"{self.base}/{self.chance.choice(self.ids)}"
        service = f"stage-{self.chance.randrange(SERVICES)}"
        severity = self.chance.choice(list(Severity))
        queries = (
            "",
            "?state=all",
            f"?state=all&severity={severity}",
            f"?state=all&service={service}",
        )
        return "list", self.base + self.chance.choice(queries)

    async def ask(self, http: aiohttp.ClientSession, due_s: float) -> None:
        kind, url = self.choose()
        async with http.get(url, headers=self.headers) as answer:
            await answer.read()
            self.wrong += answer.status != 200
        self.late_s[kind].append(time.perf_counter() - due_s)

    async def run(self, lasts_s: float) -> None:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        async with aiohttp.ClientSession(connector=connector) as http:
            began_s = time.perf_counter()
            asked = []
            for number in range(int(lasts_s * RATE_PER_S)):
                due_s = began_s + number / RATE_PER_S
                ahead_s = due_s - time.perf_counter()
                if ahead_s > 0:
                    await asyncio.sleep(ahead_s)
                asked.append(asyncio.create_task(self.ask(http, due_s)))
            await asyncio.gather(*asked)

    def percentile_ms(self, kind: str, share: int) -> float:
        return statistics.quantiles(self.late_s[kind], n=100)[share - 1] * 1_000


def measure(folder: Path) -> None:
    Recording(SERIES, ROUNDS, shards=SHARDS).write(folder)
    product = Product(folder, {ACME: {}})
    key = product.key(ACME)
    store = Store.open(f"sqlite:///{folder}/auscult.db")
    ids = fill(store)
    store.close()
    with product, Sender(folder) as sender:
        asker = Asker(product.url, key, ids)
        asyncio.run(asker.run(2.0))
        print(f"# without ingest: {told(asker)}", flush=True)
        url = f"{product.url}/api/v1/write"
        sender.send(url, key, bodies=WARM_BODIES)
        fastest = sender.send(url, key, bodies=MAXIMUM_BODIES)
        half_per_s = fastest.bodies / fastest.wall_s / 2
        print(f"# ingest at half of {fastest.bodies / fastest.wall_s * SAMPLES_PER_BODY:.0f}/s")
        asker = Asker(product.url, key, ids)
        lasts_s = min(LASTS_S, (ROUNDS * SERIES / SAMPLES_PER_BODY - 340) / half_per_s)
        sender.begin(url, key, bodies=int((lasts_s + 1) * half_per_s / SHARDS), per_s=half_per_s)
        time.sleep(0.5)
        asyncio.run(asker.run(lasts_s))
        sent = sender.finish()
    print(f"# with ingest of {sent.bodies / sent.wall_s * SAMPLES_PER_BODY:.0f}/s: {told(asker)}")
    assert not asker.wrong, f"{asker.wrong} answers were no 200"
    for kind in ("list", "detail"):
        figure = asker.percentile_ms(kind, 95)
        report(f"api_{kind}_p95", figure, unit="ms", floor=100, goal=20)


def told(asker: Asker) -> str:
    tell: Callable[[str], str] = lambda kind: (
        f"{kind} p50 {asker.percentile_ms(kind, 50):.1f} p95 {asker.percentile_ms(kind, 95):.1f} "
        f"p99 {asker.percentile_ms(kind, 99):.1f} ms of {len(asker.late_s[kind])}"
    )
    return "; ".join(map(tell, sorted(asker.late_s)))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="auscult-bench-") as folder:
        measure(Path(folder))
