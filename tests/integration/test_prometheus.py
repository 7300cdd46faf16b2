"""A real Prometheus scrapes soundstage and writes into auscult: same series, same values."""

import itertools
import json
import math
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.soundstage.platform import clear, run
from tests.product import Product, free_port
from tests.servers import binary

TENANT = "acme"
OWN_LABELS = {"__name__", "instance", "job", "stage"}
Key = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Prometheus:
    """A Prometheus of our own on loopback."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls, folder: Path, config: str) -> "Prometheus":
        """Start Debian's Prometheus with this configuration."""
        program = binary("prometheus")
        (folder / "prometheus.yml").write_text(config)
        port = free_port()
        with (folder / "prometheus.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    program,
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/tsdb",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
            )
        return cls(folder, port, process)

    def samples(self, seconds: int) -> dict[Key, list[tuple[float, float]]]:
        """Return the raw samples of the last seconds: series → [(time in s, value)]."""
        query = urllib.parse.urlencode({"query": f'{{job="soundstage"}}[{seconds}s]'})
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{query}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
        return {
            frozenset(one["metric"].items()): [(at, float(value)) for at, value in one["values"]]
            for one in found
        }

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Path]:
    """A living soundstage; its folder holds `targets.json` in Prometheus' own format."""
    state = tmp_path / "stage"
    started = run("up", "--state", str(state))
    try:
        assert started.returncode == 0, started.stderr
        yield state
        run("down", "--state", str(state))
    finally:
        clear(state)


def read_all(product: Product, key: str) -> dict[Key, dict[str, Any]]:
    """Return every series that auscult has of the tenant, with its window."""
    found: dict[Key, dict[str, Any]] = {}
    cursor = ""
    while True:
        _, page = product.ask(f"/api/v1/series?limit=200{cursor}", key)
        for row in page["series"]:
            _, window = product.ask(f"/api/v1/series/{row['slot']}", key)
            found[frozenset(row["labels"].items())] = window
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def expected(kind: str, samples: list[tuple[float, float]]) -> dict[int, float]:
    """Return what auscult should hold: gauges as they are, counters as rates per second."""
    if kind != "counter":
        return {round(at * 1_000): value for at, value in samples}
    rates = {}
    for (before, low), (at, high) in itertools.pairwise(samples):
        if high >= low:
            rates[round(at * 1_000)] = (high - low) / (at - before)
    return rates


@pytest.mark.timeout(180)
def test_prometheus_writes_and_auscult_holds_the_same_series_and_values(
    tmp_path: Path, stage: Path
) -> None:
    product = Product(tmp_path, {TENANT: {}})
    key = product.key(TENANT)
    with product:
        prometheus = Prometheus.start(
            tmp_path,
            f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: soundstage
    file_sd_configs: [{{files: ["{stage}/targets.json"]}}]
remote_write:
  - url: {product.url}/api/v1/write
    authorization: {{credentials: {key}}}
    queue_config: {{batch_send_deadline: 500ms}}
""",
        )
        try:
            time.sleep(25)
            ours = read_all(product, key)
            theirs = prometheus.samples(60)
        finally:
            prometheus.stop()
    wanted = {
        series: samples
        for series, samples in theirs.items()
        if samples[0][0] < samples[-1][0] - 8  # seen long enough to have come through
    }
    assert len(wanted) > 200
    missing = wanted.keys() - ours.keys()
    assert not missing, sorted(map(sorted, missing))[:3]
    assert not {key for key in ours if ("job", "soundstage") not in key}, "series from nowhere"
    checked = 0
    for series, samples in wanted.items():
        right = expected(ours[series]["kind"], samples)
        window = dict(zip(ours[series]["at_ms"], ours[series]["value"], strict=True))
        shared = right.keys() & window.keys()
        for at_ms in shared:
            same = math.isclose(window[at_ms], right[at_ms], rel_tol=1e-5, abs_tol=1e-6)
            assert same, (sorted(series), at_ms, window[at_ms], right[at_ms])
        checked += len(shared)
        assert shared or not right, sorted(series)
    assert checked > 10 * len(wanted)
