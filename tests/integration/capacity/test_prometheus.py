"""`auscult capacity` against a real Prometheus that remembers four days, made by promtool."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.test_prometheus import Prometheus
from tests.product import BIN
from tests.servers import binary

DAYS, STEP_S, CHANGED_S = 4, 300, 2 * 3_600
SERVERS, SERVICE_S, PEAK_BUSY = 14, 0.4, 4.0
WIDE = os.environ | {"COLUMNS": "250"}
METRICS = ("busy", "servers", "arrivals", "wait")
Columns = dict[str, "np.ndarray[Any, np.dtype[np.float64]]"]


def make_past(now_s: int) -> "tuple[np.ndarray[Any, np.dtype[np.int64]], Columns]":
    """Return four days of a pool that is far too large, with its daily peak just now."""
    at_s = np.arange(now_s - DAYS * 86_400, now_s, STEP_S)
    chance = np.random.default_rng(1)
    day = 0.55 + 0.45 * np.cos(2 * np.pi * (at_s - now_s) / 86_400)
    arrivals = PEAK_BUSY / SERVICE_S * day * chance.normal(1, 0.02, len(at_s))
    steady = np.ones(len(at_s))
    columns = {"arrivals": arrivals, "busy": arrivals * SERVICE_S}
    return at_s, columns | {"servers": SERVERS * steady, "wait": 1e-6 * steady}


def follow(past: Columns, size: int, *, busy: float = 1.0) -> Columns:
    """Return the same past as it went with another size in the last two hours."""
    after = {name: column.copy() for name, column in past.items()}
    last = slice(-CHANGED_S // STEP_S, None)
    after["servers"][last] = size
    after["busy"][last] = np.minimum(after["busy"][last] * busy, size)
    return after


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus with three worlds: before, followed well, followed and regretted."""
    promtool = binary("promtool")
    folder = tmp_path_factory.mktemp("prometheus")
    at_s, past = make_past(int(time.time()) // STEP_S * STEP_S)
    worlds = {"before": past, "good": follow(past, 8), "bad": follow(past, 8, busy=3.0)}
    lines = []
    for metric in METRICS:
        lines.append(f"# TYPE pool_{metric} gauge")
        for world, columns in worlds.items():
            lines += [
                f'pool_{metric}{{world="{world}"}} {value:.6g} {at}'
                for at, value in zip(at_s.tolist(), columns[metric].tolist(), strict=True)
            ]
    (folder / "past.txt").write_text("\n".join([*lines, "# EOF", ""]))
    words = [promtool, "tsdb", "create-blocks-from", "openmetrics", "-q"]
    subprocess.run(
        [*words, str(folder / "past.txt"), str(folder / "tsdb")], check=True, capture_output=True
    )
    server = Prometheus.start(folder, "global: {}\n")
    try:
        url = f"http://127.0.0.1:{server.port}"
        wait_ready(url)
        yield url
    finally:
        server.stop()


def wait_ready(url: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the Prometheus did not start")


def plan_of(folder: Path, url: str, world: str, more: str = "") -> Path:
    file = folder / f"{world}.yaml"
    queries = "\n".join(f'    {one}: pool_{one}{{world="{world}"}}' for one in METRICS)
    file.write_text(
        f"prometheus: {url}\nlookback_days: 8\nstep_s: {STEP_S}\n"
        f"pools:\n  - service: encode\n{queries}\n    policy: {{wait_max_s: 0.05}}\n{more}"
    )
    return file


def auscult(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [str(BIN / "auscult"), "capacity", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=WIDE
    )


@pytest.fixture
def advice(prometheus: str, tmp_path: Path) -> Path:
    """What was advised two hours ago."""
    file = tmp_path / "advice.json"
    done = auscult("advise", plan_of(tmp_path, prometheus, "before"), "--json", file)
    assert done.returncode == 0, done.stderr
    assert "remove: 14 → 8" in done.stdout
    said = json.loads(file.read_text())
    said["advised_ms"] -= CHANGED_S * 1_000
    file.write_text(json.dumps(said))
    return file


def test_a_pool_that_is_too_large_is_told_with_what_to_expect(advice: Path) -> None:
    (pool,) = json.loads(advice.read_text())["pools"]
    assert (pool["move"], pool["present"], pool["proposed"]) == ("remove", 14, 8)
    likely, low, high = pool["utilisation"]
    assert low <= likely <= high
    assert likely == pytest.approx(PEAK_BUSY / 8, abs=0.05)
    assert pool["service_s"] == pytest.approx(SERVICE_S, rel=0.01)
    assert pool["wait_s"][2] < 0.05


def test_what_was_followed_is_kept_with_what_it_brought(
    prometheus: str, advice: Path, tmp_path: Path
) -> None:
    done = auscult("judge", plan_of(tmp_path, prometheus, "good"), "--advice", advice)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "keep it" in done.stdout
    assert "48%" in done.stdout or "49%" in done.stdout or "50%" in done.stdout


def test_what_proves_too_small_is_to_be_taken_back(
    prometheus: str, advice: Path, tmp_path: Path
) -> None:
    done = auscult("judge", plan_of(tmp_path, prometheus, "bad"), "--advice", advice)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "take it back" in done.stdout


def test_what_nobody_followed_is_not_judged(prometheus: str, advice: Path, tmp_path: Path) -> None:
    done = auscult("judge", plan_of(tmp_path, prometheus, "before"), "--advice", advice)
    assert done.returncode == 0, done.stderr
    assert "not followed" in done.stdout


def test_of_a_pool_whose_query_is_wrong_the_reason_is_told_and_the_others_are_advised(
    prometheus: str, tmp_path: Path
) -> None:
    more = (
        "  - {service: typo, busy: 'sum(', servers: pool_servers}\n"
        "  - {service: many, busy: pool_busy, servers: pool_servers}\n"
        "  - {service: gone, busy: nothing_of_this_name, servers: pool_servers}\n"
    )
    done = auscult("advise", plan_of(tmp_path, prometheus, "before", more))
    assert done.returncode == 1
    assert "remove: 14 → 8" in done.stdout
    assert "missing: typo replicas: busy: " in done.stderr
    assert "missing: many replicas: busy: answers 3 series" in done.stderr
    assert "missing: gone replicas: busy: nothing in 8 days" in done.stderr
