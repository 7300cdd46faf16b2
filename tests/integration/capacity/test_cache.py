"""`auscult capacity advise` from an access log: a cache too small, and logs that are none."""

import json
from pathlib import Path

import numpy as np
import pytest

from auscult.performance.capacity import expected_hit_ratio
from tests.integration.capacity.test_prometheus import auscult

ASKED, POOL = "prometheus: http://127.0.0.1:9", "service: e, busy: a, servers: b"
CACHE = "service: e, capacity_bytes: 1, capacity_max_bytes: 1, hit_ratio: 0"
OBJECTS, REQUESTS, SIZE_BYTES = 2_000, 40_000, 100_000


def write_log(file: Path, *, as_json: bool) -> float:
    """Write a log of segments asked for by Zipf's law; return the hit ratio of room for 200."""
    chance = np.random.default_rng(3)
    popular = 1 / np.arange(1, OBJECTS + 1) ** 0.9
    asked = chance.choice(OBJECTS, REQUESTS, p=popular / popular.sum())
    with file.open("w") as log:
        for one in asked.tolist():
            path = f"/hls/{one}.m4s?sid={one % 7}"
            log.write(
                json.dumps({"status": 200, "bytes": SIZE_BYTES, "path": path}) + "\n"
                if as_json
                else f'- - - [27/Nov/2026:10:00:00 +0000] "GET {path} HTTP/1.1" 200 {SIZE_BYTES}\n'
            )
        log.write('{"status": 404, "bytes": 9, "path": "/none"}\n')
    counts = np.bincount(asked, minlength=OBJECTS).astype(float)
    counts = counts[counts > 0]
    return expected_hit_ratio(counts, np.full(len(counts), SIZE_BYTES), 200.0 * SIZE_BYTES)


def write_plan(folder: Path, hit_ratio: float) -> Path:
    file = folder / "plan.yaml"
    file.write_text(
        "caches:\n  - service: edge\n    access_log: access.log\n"
        f"    capacity_bytes: {200 * SIZE_BYTES}\n    capacity_max_bytes: {1000 * SIZE_BYTES}\n"
        f"    hit_ratio: {hit_ratio:.4f}\n"
    )
    return file


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "combined"])
def test_a_cache_that_is_too_small_is_told_from_its_log(tmp_path: Path, *, as_json: bool) -> None:
    plan = write_plan(tmp_path, write_log(tmp_path / "access.log", as_json=as_json))
    done = auscult("advise", plan, "--json", tmp_path / "advice.json")
    assert done.returncode == 0, done.stderr
    (cache,) = json.loads((tmp_path / "advice.json").read_text())["caches"]
    assert (cache["move"], cache["proposed_bytes"]) == ("add", 800 * SIZE_BYTES)
    assert "add: 19 MiB → 76 MiB" in done.stdout


def test_a_cache_that_hits_otherwise_is_not_advised_on(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, write_log(tmp_path / "access.log", as_json=True) - 0.2)
    done = auscult("advise", plan)
    assert done.returncode == 0, done.stderr
    assert "unknown" in done.stdout


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (f"caches: [{{access_log: none.log, {CACHE}}}]", "none.log is no file"),
        ("pools: [{service: e, busy: up, servers: up}]", "pools need a `prometheus`"),
        ("{}", "neither pools nor caches"),
        (f"{ASKED}\npools: [{{{POOL}, policy: {{spares: 1}}}}]", "no policy spares"),
        (f"{ASKED}\npools: [{{{POOL}, policy: {{spare: 0.5}}}}]", "spare: a whole number"),
        (f"{ASKED}\nlookback_days: 400\nstep_s: 1\npools: [{{{POOL}}}]", "at most 500000 samples"),
        ("lookback: [", "is no YAML"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_its_reason(
    tmp_path: Path, plan: str, says: str
) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(plan)
    done = auscult("advise", file)
    assert done.returncode == 2, done.stdout
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_access_log_and_no_advice_is_told(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_bytes(bytes(range(256)) * 100 + b"\n" + b"x\n" * 100)
    done = auscult("advise", write_plan(tmp_path, 0.5))
    assert done.returncode == 1
    assert "missing: edge cache: " in done.stderr
    assert "are no requests" in done.stderr
    done = auscult("judge", tmp_path / "plan.yaml", "--advice", tmp_path / "access.log")
    assert done.returncode == 1
    assert "is no advice on capacity" in done.stderr


def test_a_prometheus_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(f"{ASKED}\npools: [{{{POOL}}}]")
    done = auscult("advise", file)
    assert done.returncode == 1
    assert "missing: e replicas: busy: " in done.stderr
