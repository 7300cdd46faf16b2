"""A calendar's key stands in an address: it opens calendars and nothing else."""

from http import HTTPStatus

import pytest

from tests.calls import SCHEDULE
from tests.contract.surface.conftest import OWNER, House
from tests.unit.surface.client import ask

PATH = f"/api/v1/oncall/schedules/{SCHEDULE}.ics"


@pytest.fixture
def calendar_key(house: House) -> str:
    key = house.engine.vault.new_api_key()
    hashed = house.engine.vault.hash_api_key(key)
    with house.engine.store.write() as work:
        work.of(OWNER).keys.add(hashed, "feed", role="calendar", now_ms=1)
    return key


async def test_a_program_that_sends_no_header_subscribes(house: House, calendar_key: str) -> None:
    answer = await ask(house.app, f"{PATH}?person=ada&key={calendar_key}")
    assert answer.status == HTTPStatus.OK
    assert answer.text.startswith("BEGIN:VCALENDAR")


async def test_the_key_opens_nothing_else(house: House, calendar_key: str) -> None:
    for path in ("/api/v1/incidents", "/api/v2/alerts", "/api/v1/oncall", "/api/v1/me"):
        shown = await ask(house.app, path, key=calendar_key)
        assert shown.status == HTTPStatus.FORBIDDEN, path
        assert (await ask(house.app, f"{path}?key={calendar_key}")).status in {400, 401}
    sent = await ask(house.app, "/api/v2/alerts", method="POST", body=b"[]", key=calendar_key)
    assert sent.status == HTTPStatus.FORBIDDEN


async def test_no_other_key_stands_in_an_address(house: House) -> None:
    for role in ("admin", "member", "writer"):
        answer = await ask(house.app, f"{PATH}?key={house.keys[OWNER, role]}")
        assert answer.status == HTTPStatus.FORBIDDEN, role
    assert (await ask(house.app, f"{PATH}?key=stranger")).status == HTTPStatus.UNAUTHORIZED
