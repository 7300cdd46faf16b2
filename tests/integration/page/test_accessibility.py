"""The page for everyone: what axe finds, and what it does not look for."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.integration.page.axe import axe_source
from tests.integration.page.conftest import NewPage
from tests.integration.page.living import Living
from tests.integration.page.test_hands import LONG, paths

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, DESK = (390, 844), (1280, 900)


@pytest.mark.timeout(300)  # the first run fetches axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing(
    living: Living,
    new_page: NewPage,
    pytestconfig: pytest.Config,
    size: tuple[int, int],
    scheme: str,
) -> None:
    assert pytestconfig.cache is not None
    axe = axe_source(pytestconfig.cache)
    incident = living.find(LONG, fingerprint="long", subject={"service": LONG, "instance": LONG})
    living.find("another", subject={"service": "elsewhere"}, severity="warning")
    page = new_page(*size, color_scheme=scheme)
    found: list[str] = []
    for path in [*paths(incident), f"/incidents/{incident.id}?done=still_firing"]:
        page.goto(path)
        unfold(page)
        found += [f"{path}: {one}" for one in judge(page, axe)]
    page.goto("/")
    page.get_by_role("button", name="Keys", exact=True).click()
    found += [f"keys: {one}" for one in judge(page, axe)]
    assert found == []


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def judge(page: Page, axe: str) -> list[str]:
    """Return what axe has against the page, each with the element it is about."""
    page.evaluate(axe)
    result = page.evaluate("(tags) => axe.run(document, {runOnly: tags})", RULES)
    assert len(result["passes"]) > 10, "axe has looked at next to nothing"
    return [
        f"{one['id']} {node['html'][:200]}" for one in result["violations"] for node in one["nodes"]
    ]


@pytest.mark.parametrize("width", [320, 390])
def test_a_card_on_a_phone_is_still_a_row_of_a_table(
    living: Living, new_page: NewPage, width: int
) -> None:
    living.find("first")
    page = new_page(width, 664)
    page.goto("/")
    row = page.get_by_role("table").get_by_role("row").nth(1)
    assert row.evaluate("(one) => getComputedStyle(one).display") == "flex"
    expect(row.get_by_role("rowheader")).to_contain_text("8.4 % of starts fail")
    expect(row.get_by_role("cell")).to_have_count(5)
    expect(page.get_by_role("columnheader")).to_have_count(6)


def test_sources_stay_a_table_on_a_phone(living: Living, new_page: NewPage) -> None:
    page = new_page(*PHONE)
    page.goto("/coverage")
    table = '<table class="list sources"><thead><tr><th>Source</th></tr></thead></table>'
    page.evaluate(f"document.querySelector('main').insertAdjacentHTML('beforeend', '{table}')")
    head = page.locator(".sources thead")
    assert head.evaluate("(one) => getComputedStyle(one).position") == "static"
    expect(head).to_be_visible()


def test_a_screen_reader_is_not_told_every_second(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page = new_page()
    for path in ("/", f"/incidents/{incident.id}"):
        page.goto(path)
        expect(page.locator("#live")).to_have_text(re.compile(r"live · \d s"))
        assert page.locator("#live[role], #live[aria-live]").count() == 0
        expect(page.locator("#spoken[role=status]")).to_have_text("live")
