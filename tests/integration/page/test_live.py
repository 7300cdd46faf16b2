"""The page lives: incidents appear, rows stay where they are, silence is admitted."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.integration.page.conftest import NewPage
from tests.integration.page.living import Living


def top_of(page: Page, row: str) -> float:
    box = page.locator(row).bounding_box()
    assert box is not None
    return box["y"]


def test_an_incident_appears_without_reloading(living: Living, new_page: NewPage) -> None:
    page = new_page()
    page.goto("/")
    expect(page.locator(".empty")).to_contain_text("Nothing is wrong that we can hear")
    expect(page.locator("#live")).to_contain_text("live ·")
    page.evaluate("window.neverReloaded = true")
    incident = living.find("first")
    expect(page.locator(f"#row-{incident.id} a")).to_contain_text("8.4 % of starts fail")
    assert page.evaluate("window.neverReloaded") is True


def test_a_new_incident_waits_behind_a_pill_and_no_row_moves(
    living: Living, new_page: NewPage
) -> None:
    first = living.find("first")
    page = new_page()
    page.goto("/")
    expect(page.locator("#live")).to_contain_text("live ·")
    row = f"#row-{first.id}"
    before = top_of(page, row)
    for i in range(100):
        living.find("first", severity="critical", score=8.0 + i)
        if i % 10 == 0:
            living.find(f"other-{i}", subject={"service": f"other-{i}"})
            assert top_of(page, row) == before
    pill = page.locator("#pill a")
    expect(pill).to_have_text(re.compile(r"10 new · show"))
    assert top_of(page, row) == before
    pill.click()
    expect(page.locator("tbody tr")).to_have_count(11)
    expect(pill).to_be_hidden()


def test_a_row_changes_in_place_when_somebody_takes_it(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page, other = new_page(), new_page()
    page.goto("/")
    expect(page.locator("#live")).to_contain_text("live ·")
    other.goto(f"/incidents/{incident.id}")
    other.get_by_role("button", name="Acknowledge").click()
    expect(other.locator(".notice")).to_contain_text("Acknowledged.")
    expect(page.locator(f"#row-{incident.id} .whose")).to_contain_text("with acme/loopback")


def test_the_incident_page_follows_its_incident(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page = new_page()
    page.goto(f"/incidents/{incident.id}")
    page.wait_for_timeout(500)
    page.evaluate("window.neverReloaded = true")
    living.find("first", score=20.0, severity="critical")
    living.find("second")
    expect(page.locator("#signals tbody tr")).to_have_count(2)
    assert page.evaluate("window.neverReloaded") is True


@pytest.mark.slow
def test_a_dead_stream_is_called_stale_and_catches_up(living: Living, new_page: NewPage) -> None:
    first = living.find("first")
    page = new_page()
    page.goto("/")
    live = page.locator("#live")
    expect(live).to_contain_text("live ·")
    living.stop()
    stopped_s = time.monotonic()
    expect(live).to_have_text(
        re.compile(r"stale since \d\d:\d\d:\d\d UTC · reconnecting"), timeout=13_000
    )
    assert time.monotonic() - stopped_s > 5
    expect(page.locator(f"#row-{first.id}")).to_be_visible()
    living.start()
    living.find("while away", subject={"service": "elsewhere"})
    expect(live).to_contain_text("live ·", timeout=40_000)
    expect(page.locator("#pill a")).to_have_text("1 new · show")
