"""The page of ladders can be read whatever state the newest one is in, from its first second on."""

import json

import pytest

from auscult.engine.codec.record import EMPTY, State
from auscult.store import LadderRow
from tests.contract.surface.conftest import OWNER, House
from tests.unit.surface.client import ask


@pytest.mark.parametrize("state", list(State))
async def test_a_ladder_that_has_just_begun_is_shown(house: House, state: State) -> None:
    body = {**EMPTY, "touched": ["bolt"]}
    with house.engine.store.write() as work:
        work.of(OWNER).ladders.put(LadderRow("01NEWER", state, 2_000, 9_000, body))
    key = house.keys[OWNER, "member"]
    page = await ask(house.app, "/codec", key=key)
    assert page.status == 200
    told = await ask(house.app, "/api/v1/codec", key=key)
    assert told.status == 200
    assert json.loads(told.text)["ladders"][0]["state"] == state
    assert "bolt" not in told.text + page.text, "whose streams it touches is nobody else's matter"
