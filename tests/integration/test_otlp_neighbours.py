"""Access logs and player events, through the running product."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.settings.scene import until
from tests.product import Product

pytestmark = pytest.mark.timeout(120)


def names(product: Product, key: str, match: str = "") -> dict[str, list[float]]:
    """Return the newest values of the tenant's series, by name (and by nothing else)."""
    _, page = product.ask(f"/api/v1/series?limit=500{match}", key)
    found: dict[str, list[float]] = {}
    for row in page["series"]:
        _, window = product.ask(f"/api/v1/series/{row['slot']}", key)
        found.setdefault(row["labels"]["__name__"], []).extend(window["value"])
    return found


def request(status: int, cmcd: str) -> bytes:
    line = {
        "status": status,
        "path": "/live/seg_1.m4s",
        "bytes": 9,
        "duration_ms": 20,
        "cmcd": cmcd,
    }
    return json.dumps(line).encode() + b"\n"


def test_an_access_log_is_followed_through_rotation_and_bad_lines(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(request(200, "") * 3)
    source: dict[str, Any] = {"use": "access_log", "files": [str(log)], "every_s": 0.3}
    product = Product(tmp_path, {"acme": {"sources": [{**source, "service": "edge"}]}})
    key = product.key("acme")
    with product:
        until(
            lambda: product.ask("/api/v1/coverage", key)[1]["sources"], "the source tells of itself"
        )

        def write() -> bool:
            with log.open("ab") as file:
                file.write(b"\xff\xfe nonsense\n" + b"x" * 1_000_000 + b"\n")
                file.write(request(200, "br=96,bl=4000") + request(503, "br=64,bs"))
            values = names(product, key)
            return any(values.get("access_failures_total", ())) and "cmcd_starved_total" in values

        until(write, "requests, failures and starvation as series")
        log.rename(tmp_path / "access.log.1")
        values = names(product, key)
        assert set(values["cmcd_bitrate_mean_kbps"]) == {80.0}
        assert values["access_duration_mean_seconds"][0] == pytest.approx(0.02)
        before = len(values["access_duration_mean_seconds"])

        def write_anew() -> bool:
            with log.open("ab") as file:
                file.write(request(200, ""))
            return len(names(product, key)["access_duration_mean_seconds"]) > before + 1

        until(write_anew, "the new file is followed")
        told = product.ask("/api/v1/coverage", key)[1]["sources"]
        assert {one["use"] for one in told} == {"access_log"}


def test_player_events_become_series_and_no_id_is_found_anywhere(tmp_path: Path) -> None:
    product = Product(tmp_path, {"acme": {}, "bolt": {}})
    key, other = product.key("acme", "admin"), product.key("bolt")
    who = "ann.listener@example.org"
    events = [
        {"event": "startup", "lasted_ms": 800, "listener": who, "edge": "fra"},
        {"event": "stall", "lasted_ms": 2000, "listener": who, "edge": "fra"},
        {"event": "yodel"},
    ]
    body = json.dumps({"events": events}).encode()
    given = {"Content-Type": "application/json"}
    with product:
        status, told = product.ask("/api/v1/players/events", key, body=body, headers=given)
        assert (status, told["taken"], told["rejected"]) == (200, 2, 1)
        until(lambda: "player_startup_mean_seconds" in names(product, key), "events as series")
        values = names(product, key)
        assert values["player_startup_mean_seconds"] == pytest.approx([0.8, 0.8])
        assert values["player_listeners"] == [1.0]
        assert names(product, other) == {}
        _, series = product.ask("/api/v1/series?limit=500", key)
        assert who not in json.dumps(series)
    kept = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    assert who.encode() not in kept
