"""Debian's Chromium, driven by Playwright, and a living product to look at."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.integration.page.living import Living

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NewPage = Callable[..., Page]


@pytest.fixture(scope="module")  # not longer: its event loop is in the way of asyncio tests
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium: `make services` installs Debian's")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Living]:
    living = Living(tmp_path)
    living.start()
    yield living
    living.stop()


@pytest.fixture
def new_page(browser: Browser, living: Living) -> Iterator[NewPage]:
    """Open pages of a size; at the end none may have complained in its console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(width: int = 1280, height: int = 800, **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, base_url=living.url, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if is_wrong(said) else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def is_wrong(said: Any) -> bool:
    """A refused connection is what some tests are about; anything else is ours to mend."""
    expected = ("ERR_", "Failed to load", "Failed to fetch", "SSE reconnect failed")
    return said.type == "error" and not any(word in said.text for word in expected)
