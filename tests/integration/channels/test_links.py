"""What a sender says an alert's link is: followed from nowhere unless it leads to the web."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.channels.groups import SOURCE, GroupLife
from tests.integration.channels.test_groups import DISCORD
from tests.integration.channels.wire import Asked, Reply, listening

EVIL = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>x</script>",
    "/graph?g0.expr=up",
    "//evil.example/x",
    "http:///graph",
    "http://[::1",
    "https://h.example/a b",
    "https:\\\\evil.example",
    "https://h.example\n/x",
    "vbscript:x",
    "",
    "https://h.example/\u202ecod.exe",
    "https://h.example/" + "x" * 2_000,
)


def taken(asked: Asked) -> Reply:
    if asked.path.startswith("/api/webhooks"):
        return 200, {"id": "123"}
    return (202, b"") if asked.path in {"/pd", "/teams"} else (200, b"ok")


SETTINGS: dict[str, dict[str, Any]] = {
    "teams": {"url": "{url}/teams"},
    "slack": {"url": "{url}/services/T/B/x"},
    "discord": {"url": "{url}" + DISCORD},
    "pagerduty": {"url": "{url}/pd", "routing_key": "r"},
}


async def said(tmp_path: Path, use: str, link: str) -> dict[str, Any]:
    async with listening(taken) as wire:
        filled = {name: one.replace("{url}", wire.url) for name, one in SETTINGS[use].items()}
        life = GroupLife(tmp_path, use, filled)
        await life.fires("a", after_ms=1, generator_url=link)
        (asked,) = wire.got
        told: dict[str, Any] = asked.data
        return told


@pytest.mark.parametrize("link", EVIL)
@pytest.mark.parametrize("use", SETTINGS)
async def test_no_link_leaves_that_does_not_lead_to_the_web(
    use: str, link: str, tmp_path: Path
) -> None:
    text = json.dumps(await said(tmp_path, use, link), ensure_ascii=False)
    assert not link or link not in text
    assert "alert(1)" not in text
    assert "Open the" not in text


NAME = "Open the source of the alert"
SHOWN: dict[str, Callable[[dict[str, Any]], object]] = {
    "teams": lambda told: [
        (one["title"], one["url"]) for one in told["attachments"][0]["content"]["actions"]
    ],
    "slack": lambda told: told["blocks"][2]["text"]["text"],
    "pagerduty": lambda told: told["links"],
    "discord": lambda told: told["embeds"][0]["url"],
}


@pytest.mark.parametrize(
    ("use", "shown"),
    [
        ("teams", [(NAME, SOURCE)]),
        ("slack", f"<{SOURCE}|{NAME}>"),
        ("pagerduty", [{"href": SOURCE, "text": NAME}]),
        ("discord", SOURCE),
    ],
)
async def test_a_link_says_what_it_opens(use: str, shown: object, tmp_path: Path) -> None:
    assert SHOWN[use](await said(tmp_path, use, SOURCE)) == shown
