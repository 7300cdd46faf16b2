"""The single keys: what each does, that typing is left alone, that they can be switched off."""

from playwright.sync_api import Page, expect

from tests.integration.page.conftest import NewPage
from tests.integration.page.living import Living

HELD = "document.activeElement.textContent"


def two_incidents(living: Living) -> None:
    living.find("first", severity="critical")
    living.find("second", severity="info", subject={"service": "elsewhere"})


def test_keys_lead_through_the_list_and_back(living: Living, new_page: NewPage) -> None:
    two_incidents(living)
    page = new_page()
    page.goto("/")
    for key, words in (("j", "first"), ("j", "second"), ("j", "second"), ("k", "first")):
        page.keyboard.press(key)
        assert words in page.evaluate(HELD), key
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/*")
    page.keyboard.press("a")
    expect(page.locator(".notice")).to_contain_text("Acknowledged.")
    page.wait_for_load_state()  # the notice is there before the keys are
    page.keyboard.press("u")
    page.wait_for_url(living.url + "/")
    expect(page.locator(".whose").first).to_contain_text("not acknowledged")


def test_a_chosen_row_is_acknowledged_from_the_list(living: Living, new_page: NewPage) -> None:
    incident = living.find("first")
    page = new_page()
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator(".notice")).to_contain_text("Acknowledged.")
    assert living.status_of(incident) == "acknowledged"


def test_search_help_and_the_off_switch(living: Living, new_page: NewPage) -> None:
    two_incidents(living)
    page = new_page()
    page.goto("/")
    page.keyboard.press("/")
    field = page.locator("input[name=q]")
    expect(field).to_be_focused()
    page.keyboard.type("jk/?")
    expect(field).to_have_value("jk/?")
    field.blur()
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keys")
    expect(help_).to_be_visible()
    help_.get_by_role("button", name="Keys: on").click()
    help_.get_by_role("button", name="Close").click()
    assert_dead(page)
    page.reload()
    assert_dead(page)
    page.get_by_role("button", name="Keys", exact=True).click()
    help_.get_by_role("button", name="Keys: off").click()
    page.keyboard.press("Escape")
    page.locator("body").press("j")
    assert "first" in page.evaluate(HELD)


def assert_dead(page: Page) -> None:
    page.locator("body").press("?")
    page.locator("body").press("j")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert not page.evaluate("Boolean(document.activeElement.closest('.list'))")


def test_what_is_new_is_taken_by_a_key(living: Living, new_page: NewPage) -> None:
    living.find("first")
    page = new_page()
    page.goto("/")
    expect(page.locator("#live")).to_contain_text("live ·")
    living.find("second", subject={"service": "elsewhere"})
    expect(page.locator("#pill a")).to_have_text("1 new · show")
    page.keyboard.press(".")
    expect(page.locator("#rows tbody tr")).to_have_count(2)
