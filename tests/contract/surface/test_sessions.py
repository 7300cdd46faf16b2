"""A page session and the key it began with, on the real engine and both databases."""

import pytest

from auscult.engine import access
from tests.contract.surface.conftest import OWNER, House
from tests.unit.surface.client import ask

FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}


async def test_a_revoked_key_ends_its_sessions(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = f"key={house.keys[OWNER, 'member']}".encode()
    entered = await ask(house.app, "/login", method="POST", headers=FORM, body=body)
    session = {"cookie": entered.headers["set-cookie"].split(";")[0]}
    me = await ask(house.app, "/api/v1/me", headers=session)
    assert (me.status, me.data["role"]) == (200, "member")
    with house.engine.store.write() as work:
        assert work.of(OWNER).keys.revoke("acme-member", house.engine.clock.now_ms())
    monkeypatch.setattr(access, "REMEMBERED_S", 0.0)
    assert (await ask(house.app, "/api/v1/me", headers=session)).status == 401
    gone = await ask(house.app, "/", headers=session)
    assert (gone.status, gone.headers["location"]) == (303, "/login?next=%2F")
