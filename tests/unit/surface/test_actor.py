"""Who did it: the person a key was named for, by key and by session; else the key itself."""

import pytest
from fastapi import FastAPI

from auscult.kernel.facts import Found
from auscult.kernel.words import TenantId
from auscult.store import Credential
from tests.unit.surface.client import ask
from tests.unit.surface.fake_engine import FakeEngine
from tests.unit.surface.fake_story import a_finding
from tests.unit.surface.test_access import HERE, cookie_of, log_in

ACME = TenantId("acme")


@pytest.mark.parametrize("how", ["key", "session"])
@pytest.mark.parametrize(("person", "actor"), [("Ana", "Ana"), ("", "acme/01K")])
async def test_what_is_done_is_done_by_a_person(
    engine: FakeEngine, app: FastAPI, how: str, *, person: str, actor: str
) -> None:
    engine.keys["ak_ana"] = Credential(ACME, "01K", "member", person)
    incident = await engine.submit(Found(finding=a_finding("acme")))
    assert incident is not None
    path = f"/api/v1/incidents/{incident.id}/acknowledge"
    if how == "key":
        answer = await ask(app, path, method="POST", key="ak_ana")
    else:
        session = cookie_of(await log_in(app, "ak_ana"))
        answer = await ask(app, path, method="POST", headers=session | HERE)
    assert answer.status == 200, answer.text
    page = await ask(
        app, f"/incidents/{incident.id}", headers=cookie_of(await log_in(app, "ak_ana"))
    )
    assert engine.of(ACME).by_id[incident.id].acknowledged_by == actor
    assert actor in page.text
