"""People's hands: taps, keys, no script, a phone, large text, paper."""

import pytest
from playwright.sync_api import Page, expect

from auscult.kernel.incidents import Incident
from tests.integration.page.conftest import NewPage
from tests.integration.page.living import TENANT, TRACE, Living

LONG = "encode-of-a-very-long-name-without-any-place-to-break-" + "x" * 90
SMALLEST_TEXT_PX = 12
TARGET_PX = 44


def paths(incident: Incident) -> list[str]:
    return [
        "/", "/?state=all&service=nothing", f"/incidents/{incident.id}", "/series",
        "/performance", "/codec", "/coverage", "/messages", "/login", "/incidents/nothing",
        "/traces", f"/traces/{TRACE}", "/traces?service=nothing", "/oncall",
        f"/incidents/{incident.id}/why",
    ]  # fmt: skip


def test_acknowledging_needs_no_script_and_twice_is_once(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page = new_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_role("link", name="8.4 % of starts fail").click()
    page.get_by_role("button", name="Acknowledge").dblclick()
    expect(page.locator(".notice")).to_contain_text("Acknowledged.")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    assert living.status_of(incident) == "acknowledged"
    rows = living.do(living.engine.read(lambda work: work.of(TENANT).audit.of(incident.id)))
    assert [row.action for row in rows].count("incident.acknowledged") == 1
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".notice")).to_contain_text("Given back")
    assert living.status_of(incident) == "open"


def test_resolving_what_still_fires_takes_a_second_tap_elsewhere(
    living: Living, new_page: NewPage
) -> None:
    incident = living.find("first")
    page = new_page(390, 664, java_script_enabled=False)
    page.goto(f"/incidents/{incident.id}")
    expect(page.get_by_role("button", name="Resolve")).to_be_hidden()
    page.locator("summary", has_text="More").click()
    button = page.get_by_role("button", name="Resolve")
    first = button.bounding_box()
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("Still firing: starts_failed_ratio on edge")
    assert living.status_of(incident) == "open"
    sure = page.get_by_role("button", name="Resolve all the same")
    second = sure.bounding_box()
    assert first is not None
    assert second is not None
    assert second["y"] + second["height"] < first["y"], "a double tap must not be a confirmation"
    sure.click()
    assert living.status_of(incident) == "resolved"


def test_the_keyboard_alone_opens_and_acknowledges(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page = new_page()
    page.goto("/")
    focus_by_tab(page, "a", "8.4 % of starts fail")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/incidents/{incident.id}")
    focus_by_tab(page, "button", "Acknowledge")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("Acknowledged.")
    assert living.status_of(incident) == "acknowledged"


def focus_by_tab(page: Page, tag: str, words: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => { const held = document.activeElement;
                return [held.tagName.toLowerCase(), held.textContent.trim(),
                        getComputedStyle(held).outlineStyle]; }"""
        )
        assert seen[2] != "none", f"focus cannot be seen on {seen}"
        if seen[0] == tag and words in seen[1]:
            return
    pytest.fail(f"no {tag} {words!r} is reached by the keyboard")


@pytest.mark.parametrize(("width", "text"), [(320, 100), (390, 100), (768, 100), (390, 200)])
def test_nothing_scrolls_sideways(living: Living, new_page: NewPage, width: int, text: int) -> None:
    incident = living.find(LONG, fingerprint="long", subject={"service": LONG, "instance": LONG})
    page = new_page(width, 664)
    for path in paths(incident):
        page.goto(path)
        page.evaluate(f"document.documentElement.style.fontSize = '{text}%'")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{path} is {wide} px wide at {width} px and {text} % text"


def test_what_matters_stands_above_the_fold_of_a_phone(living: Living, new_page: NewPage) -> None:
    incident = living.find("Morning Show")
    page = new_page(390, 664, has_touch=True)
    page.goto(f"/incidents/{incident.id}")
    bar = page.locator("#actions").bounding_box()
    assert bar is not None
    for part in ("h1", ".touches", ".cause", ".chart svg"):
        box = page.locator(part).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= bar["y"], f"{part} ends under the action bar"
    assert bar["y"] + bar["height"] <= 664


def test_no_text_is_too_small_and_no_target_too_narrow(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page = new_page(390, 664, has_touch=True)
    for path in paths(incident):
        page.goto(path)
        small = page.evaluate(
            """(least) => [...document.querySelectorAll('body *')].filter(one =>
                [...one.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
                && one.getClientRects().length
                && parseFloat(getComputedStyle(one).fontSize) < least).map(one => one.outerHTML)""",
            SMALLEST_TEXT_PX,
        )
        assert small == [], path
        narrow = page.evaluate(
            """(least) => [...document.querySelectorAll('button, nav a, select, summary, .what a')]
                .filter(one => one.getClientRects().length)
                .filter(one => one.getBoundingClientRect().height < least - 0.5)
                .map(one => one.outerHTML)""",
            TARGET_PX,
        )
        assert narrow == [], path


def test_every_picture_and_table_has_a_name(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page = new_page()
    page.goto(f"/incidents/{incident.id}")
    assert page.locator("svg:not([aria-hidden=true])").count() == 1
    assert page.locator("svg[role=img] title").first.text_content() == "starts_failed_ratio"
    assert page.locator("table").count() == page.locator("table:has(thead th[scope=col])").count()
    assert page.locator("main").count() == 1
    assert page.locator("[role=status]").count() >= 1
    assert page.locator("h1").count() == 1


def test_paper_shows_the_story_and_no_buttons(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page = new_page()
    page.goto(f"/incidents/{incident.id}")
    page.emulate_media(media="print")
    expect(page.locator("#actions")).to_be_hidden()
    expect(page.locator("nav").first).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    assert len(page.pdf(format="A4")) > 1000


def test_the_theme_is_chosen_once_and_kept(living: Living, new_page: NewPage) -> None:
    living.find("first")
    page = new_page(color_scheme="light")
    page.goto("/")
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    page.goto("/coverage")
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(18, 21, 26)"
