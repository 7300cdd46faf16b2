"""The page lives: incidents appear, rows stay where they are, silence is admitted."""

import re
import time
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from auscult.kernel.facts import Acknowledged
from tests.integration.page.conftest import NewPage
from tests.integration.page.living import TENANT, Living


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
    expect(page.locator("#rows tbody tr")).to_have_count(11)
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
    expect(page.locator("#live")).to_contain_text("live ·")
    page.evaluate("window.neverReloaded = true")
    living.find("first", score=20.0, severity="critical")
    living.find("second")
    expect(page.locator("#signals tbody tr")).to_have_count(2)
    assert page.evaluate("window.neverReloaded") is True


@pytest.mark.slow
def test_a_dead_stream_is_called_stale_and_catches_up(living: Living, new_page: NewPage) -> None:
    first = living.find("first")
    page, story = new_page(), new_page()
    page.goto("/")
    story.goto(f"/incidents/{first.id}")
    for one in (page, story):
        expect(one.locator("#live")).to_contain_text("live ·")
        expect(one.locator("#spoken")).to_have_text("live")
    living.stop()
    stopped_s = time.monotonic()
    for one in (page, story):
        expect(one.locator("#live")).to_have_text(
            re.compile(r"stale since \d\d:\d\d:\d\d UTC · reconnecting"), timeout=13_000
        )
        expect(one.locator("#spoken")).to_have_text("stale, reconnecting")
    assert time.monotonic() - stopped_s > 5
    expect(page.locator(f"#row-{first.id}")).to_be_visible()
    living.start()
    living.find("first", score=20.0, evidence={"sentence": "while away it grew"})
    living.find("while away", subject={"service": "elsewhere"})
    for one in (page, story):
        expect(one.locator("#live")).to_contain_text("live ·", timeout=40_000)
    expect(page.locator("#pill a")).to_have_text("1 new · show")
    expect(story.locator("h1")).to_contain_text("while away it grew")


@pytest.mark.parametrize("path", ["/", "/incidents/{id}"])
def test_who_was_logged_out_is_told_so_and_how_to_come_back(
    living: Living, new_page: NewPage, path: str
) -> None:
    path = path.format(id=living.find("first").id)
    page = new_page()
    page.goto(path)
    live = page.locator("#live")
    expect(live).to_contain_text("live ·")
    # As every request of a session is answered once its key was revoked.
    page.route("**/*", lambda route: route.fulfill(status=401, body="{}"))
    living.do(end_streams(living))
    expect(live).to_have_text("logged out · log in again", timeout=15_000)
    expect(page.locator("#spoken")).to_have_text("logged out")
    back = live.get_by_role("link").get_attribute("href")
    assert back == f"/login?next={quote(path, safe='')}"


async def end_streams(living: Living) -> None:
    living.engine.hub.close()


def test_no_button_changes_under_a_finger(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page, other = new_page(), new_page()
    page.goto(f"/incidents/{incident.id}")
    expect(page.locator("#live")).to_contain_text("live ·")
    button = page.get_by_role("button", name="Acknowledge")
    place = button.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 10, place["y"] + 10)
    page.mouse.down()
    other.goto(f"/incidents/{incident.id}")
    other.locator("summary", has_text="More").click()
    other.get_by_role("button", name="Acknowledge").click()
    expect(other.locator(".notice")).to_contain_text("Acknowledged.")
    expect(page.locator(".status")).to_contain_text("with acme/loopback")
    expect(button).to_be_visible()
    assert button.bounding_box() == place
    page.mouse.move(5, 5)
    page.mouse.up()
    expect(button).to_have_count(0)
    expect(page.locator(".has")).to_contain_text("Acknowledged by you")


def test_a_focused_action_waits_while_the_rest_goes_on(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page = new_page()
    page.goto(f"/incidents/{incident.id}")
    expect(page.locator("#live")).to_contain_text("live ·")
    button = page.get_by_role("button", name="Acknowledge")
    button.focus()
    living.find("first", score=20.0, evidence={"sentence": "a longer story " * 12})
    fact = Acknowledged(tenant=TENANT, incident=incident.id, by="ida")
    living.do(living.engine.submit(fact))
    expect(page.locator(".status")).to_contain_text("with ida")
    expect(button).to_be_focused()
    button.blur()
    expect(page.locator(".has")).to_contain_text("ida has it since")


def test_the_undo_goes_by_itself(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page = new_page()
    page.goto(f"/incidents/{incident.id}")
    page.get_by_role("button", name="Acknowledge").click()
    undo = page.locator("[data-until] button")
    expect(undo).to_have_text(re.compile(r"Undo · \d+ s"))
    expect(undo).to_have_count(0, timeout=12_000)
    expect(page.locator(".has")).to_contain_text("Acknowledged by you")
