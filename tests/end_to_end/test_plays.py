"""Plays that begin to fail on one edge, in the running product: known for minutes, then named.

What is usual of plays is learnt with a delay of ten minutes. Of three minutes of history not much
is sure yet, so the failures are waited for longer than the minute they take later.
"""

import itertools
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.product import Product

KNOWN_S, FOUND_WITHIN_S, EVERY_S = 780.0, 180.0, 0.5
TEXT = {"content-type": "application/json"}

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(1_200)]


def play(product: Product, key: str, broken: threading.Event, over: threading.Event) -> None:
    """A play begins every half second; on edge fra1 every other one fails once it is broken."""
    for number in itertools.count():
        if over.wait(EVERY_S):
            return
        said = {"session": f"s{number}", "listener": f"l{number}", "programme": "acme/pop"}
        said["edge"] = ("fra1", "ams1")[number % 2]
        fails = broken.is_set() and number % 4 == 0
        what = {"event": "failure"} if fails else {"event": "startup", "lasted_ms": 800}
        body = json.dumps({"events": [what | said]}).encode()
        status, told = product.ask("/api/v1/players/events", key, body=body, headers=TEXT)
        assert status in {200, 202, 204}, told


def failures(product: Product, key: str) -> list[dict[str, Any]]:
    _, page = product.ask("/api/v1/incidents", key)
    found = []
    for row in page["incidents"]:
        _, whole = product.ask(f"/api/v1/incidents/{row['id']}", key)
        found += [
            one for one in whole["incident"]["signals"] if one["signal"] == "playback_failures"
        ]
    return found


def test_an_edge_on_which_plays_fail_is_named(tmp_path: Path) -> None:
    broken, over = threading.Event(), threading.Event()
    with Product(tmp_path, {"acme": {}}) as product:
        key = product.key("acme")
        players = threading.Thread(target=play, args=(product, key, broken, over), daemon=True)
        players.start()
        time.sleep(KNOWN_S)
        assert not failures(product, key)
        broken.set()
        until_s = time.monotonic() + FOUND_WITHIN_S
        while not failures(product, key) and time.monotonic() < until_s:
            time.sleep(1)
        found = failures(product, key)
        over.set()
        players.join(timeout=10)
    assert found, "every other play on an edge fails, and nothing is said"
    assert {one["subject"]["service"] for one in found} == {"fra1"}
    assert "on edge fra1 failed" in found[0]["sentence"]
